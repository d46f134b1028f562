// SPDX-License-Identifier: Apache-2.0
/*
 * The writer of folded text. Every frame and every process is turned into the text that will stand
 * in the file first; ranks of these texts order the call tree (order.h), so that what reads the
 * same comes out as one line and the same profile always as the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sum.h"
#include "base/text.h"
#include "format/folded.h"
#include "format/folded_line.h"
#include "format/order.h"
#include "format/window.h"

enum number {
	NUMBER_COUNT,
	NUMBER_WEIGHT,
};

struct writer {
	const struct profile *p;
	const struct folded_style *style;
	struct buf *out;
	enum number number;
	struct order_texts frames, processes;
	uint32_t *path; /* frames of one stack, leaf first */
};

static void add_percent(struct buf *b, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char out[3] = {'%', digits[(unsigned char)c >> 4], digits[(unsigned char)c & 15]};

	buf_add(b, out, sizeof(out));
}

/*
 * Runs of plain bytes go out whole. Blanks at the end would be taken for the separator of the
 * count: they are escaped, or left off.
 */
static void add_name(struct buf *b, struct str name, bool escape)
{
	size_t start = b->len, from = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool at_end = i + 1 == name.len && (c == ' ' || c == '\t');

		if (c != ';' && c != '\n' && c != '\r' && c != '\0' &&
		    !(escape && (c == '%' || at_end)))
			continue;
		buf_add(b, name.p + from, i - from);
		if (escape)
			add_percent(b, c);
		else
			buf_addch(b, c == ';' ? ':' : ' ');
		from = i + 1;
	}
	buf_add(b, name.p + from, name.len - from);
	while (!buf_error(b) && b->len > start && folded_is_blank(b->data[b->len - 1]))
		b->data[--b->len] = '\0';
}

static void add_frame(struct buf *b, struct str name, enum frame_kind kind,
		      const struct folded_style *style)
{
	static const char *const suffixes[FRAME_KIND_CNT] = {
		[FRAME_KERNEL] = "_[k]", [FRAME_INLINED] = "_[i]", [FRAME_JIT] = "_[j]"};
	uint32_t unused;
	struct str bare = folded_strip_kind(name, &unused);

	if (style->escape && bare.len < name.len) {
		/* a name that ends like a mark is not to be read as one */
		add_name(b, (struct str){name.p, name.len - 1}, true);
		add_percent(b, ']');
	} else {
		add_name(b, name, style->escape);
	}
	if (style->annotate && kind < FRAME_KIND_CNT && suffixes[kind])
		buf_addstr(b, suffixes[kind]);
}

/* What stands at the beginning of a line must be there, and must not look like a comment. */
static void add_process(struct buf *b, struct str name, const struct folded_style *style)
{
	size_t start = b->len;

	if (name.len && name.p[0] == '#') {
		if (style->escape)
			add_percent(b, '#');
		else
			buf_addch(b, ':');
		name = (struct str){name.p + 1, name.len - 1};
	}
	add_name(b, name, style->escape);
	if (b->len == start)
		buf_addstr(b, "[unknown]");
}

static void add_frame_at(void *arg, struct buf *b, size_t i)
{
	struct writer *w = arg;
	const struct frame *f = &w->p->frames[i];

	add_frame(b, profile_str(w->p, f->name), f->kind, w->style);
}

static void add_process_at(void *arg, struct buf *b, size_t i)
{
	struct writer *w = arg;

	add_process(b, profile_label(w->p, (uint32_t)i, STR_LIT(LABEL_PROCESS)), w->style);
}

static void add_line(struct writer *w, uint32_t series, uint32_t node, uint64_t number)
{
	const struct profile *p = w->p;
	struct str text = w->processes.items[series];
	uint32_t depth = 0;

	for (; node; node = p->nodes[node].parent)
		w->path[depth++] = p->nodes[node].frame;
	buf_add(w->out, text.p, text.len);
	while (depth) {
		text = w->frames.items[w->path[--depth]];
		buf_addch(w->out, ';');
		buf_add(w->out, text.p, text.len);
	}
	buf_addch(w->out, ' ');
	buf_addu64(w->out, number);
	buf_addch(w->out, '\n');
}

static void add_lines(struct writer *w, const struct order_item *items)
{
	const struct profile *p = w->p;
	size_t n = p->sample_cnt;

	for (size_t i = 0, next; i < n; i = next) {
		const struct sample *first = &p->samples[items[i].sample];
		uint64_t sum = 0;

		for (next = i; next < n && items[next].series_rank == items[i].series_rank &&
			       items[next].place == items[i].place;
		     next++) {
			const struct sample *s = &p->samples[items[next].sample];

			sum_add(&sum, w->number == NUMBER_COUNT ? s->cnt : s->weight);
		}
		add_line(w, first->series, first->node, sum);
	}
}

/* Do they stand for the same time each? Not when the rate has changed. */
static bool same_weight(const struct sample *a, const struct sample *b)
{
	return (unsigned __int128)a->weight * b->cnt == (unsigned __int128)b->weight * a->cnt;
}

/*
 * Counts say it all when each sample has one, and all count for the same; where a reader multiplies,
 * they must give the weight.
 */
static enum number choose_number(const struct profile *p, bool exact)
{
	uint64_t period = window_period_ns(p->hz), weight;

	if (p->unit == PROFILE_SAMPLES || (exact && !period))
		return NUMBER_WEIGHT;
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		if (!s->cnt || !same_weight(s, &p->samples[0]))
			return NUMBER_WEIGHT;
		if (exact &&
		    (__builtin_mul_overflow(s->cnt, period, &weight) || weight != s->weight))
			return NUMBER_WEIGHT;
	}
	return NUMBER_COUNT;
}

/* The longest path there is, found in one pass since parents have smaller numbers. */
static uint32_t *new_path(const struct profile *p)
{
	uint32_t *depth = calloc((size_t)p->node_cnt + 1, sizeof(*depth)), longest = 0, *path;

	if (!depth)
		return NULL;
	for (uint32_t i = 1; i < p->node_cnt; i++) {
		depth[i] = depth[p->nodes[i].parent] + 1;
		if (depth[i] > longest)
			longest = depth[i];
	}
	free(depth);
	path = malloc(((size_t)longest + 1) * sizeof(*path));
	return path;
}

int folded_write(const struct profile *p, const struct folded_style *style, struct buf *b)
{
	static const struct folded_style plain;
	struct writer w = {.p = p, .style = style ? style : &plain, .out = b};
	struct order_item *items = NULL;
	uint32_t *place = NULL;
	int r;

	w.number = choose_number(p, w.style->header);
	w.path = new_path(p);
	r = w.path ? order_texts_make(&w.frames, p->frame_cnt, add_frame_at, &w) : -ENOMEM;
	if (!r)
		r = order_texts_make(&w.processes, p->series_cnt, add_process_at, &w);
	if (!r)
		r = order_nodes(p, w.frames.rank, &place);
	if (!r)
		r = order_samples(p, w.processes.rank, place, &items);
	if (!r && w.style->header) {
		buf_addstr(b, "# window ");
		window_add(b, p,
			   w.number == NUMBER_WEIGHT &&
					   (p->hz > 0 || p->unit == PROFILE_NANOSECONDS)
				   ? p->unit
				   : 0);
		buf_addch(b, '\n');
	}
	if (!r) {
		add_lines(&w, items);
		r = buf_error(b);
	}
	order_texts_release(&w.frames);
	order_texts_release(&w.processes);
	free(w.path);
	free(place);
	free(items);
	return r;
}
