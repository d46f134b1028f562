// SPDX-License-Identifier: Apache-2.0
/*
 * lines ──► regions sorted by start ──► a sweep over the addresses, with a heap of the regions that are
 * open, the latest line on top ──► spans that do not overlap. Lines are read from the last to the
 * first, and their names are packed at the end of the text, over lines that have been read.
 */
#include "sym/jitparse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "sym/jitmap.h"

struct parse {
	char *text;
	size_t len;
	size_t names;		   /* offset of the first name: the others follow to the end */
	struct jitmap_span *spans; /* sorted, disjoint */
	size_t cnt, cap;
	uint64_t rejected;
};

struct heap {
	struct jitmap_span *items;
	size_t cnt;
};

static void heap_push(struct heap *h, const struct jitmap_span *add)
{
	size_t i = h->cnt++;

	for (; i && h->items[(i - 1) / 2].name < add->name; i = (i - 1) / 2)
		h->items[i] = h->items[(i - 1) / 2];
	h->items[i] = *add;
}

static void heap_pop(struct heap *h)
{
	struct jitmap_span last = h->items[--h->cnt];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->cnt)
			break;
		if (child + 1 < h->cnt && h->items[child + 1].name > h->items[child].name)
			child++;
		if (h->items[child].name < last.name)
			break;
		h->items[i] = h->items[child];
		i = child;
	}
	h->items[i] = last;
}

static int compare_regions(const void *pa, const void *pb)
{
	const struct jitmap_span *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

static int emit(struct parse *p, uint64_t start, uint64_t end, const struct jitmap_span *of,
		size_t max)
{
	struct jitmap_span *last = p->cnt ? &p->spans[p->cnt - 1] : NULL;
	int r;

	if (last && last->name == of->name && last->end == start) {
		last->end = end;
		return 0;
	}
	r = mem_grow(&p->spans, &p->cap, p->cnt + 1, sizeof(*p->spans), max);
	if (!r)
		p->spans[p->cnt++] = (struct jitmap_span){start, end, of->name, of->len};
	return r;
}

static int flatten(struct parse *p, const struct jitmap_span *regions, size_t cnt)
{
	struct heap open = {.items = malloc((cnt ? cnt : 1) * sizeof(*regions))};
	uint64_t at = 0;
	size_t i = 0;
	int r = open.items ? 0 : -ENOMEM;

	while (!r && (i < cnt || open.cnt)) {
		uint64_t next;

		if (!open.cnt)
			at = regions[i].start;
		while (i < cnt && regions[i].start <= at)
			heap_push(&open, &regions[i++]);
		while (open.cnt && open.items[0].end <= at)
			heap_pop(&open);
		if (!open.cnt)
			continue;
		next = open.items[0].end;
		if (i < cnt && regions[i].start < next)
			next = regions[i].start;
		r = emit(p, at, next, &open.items[0], 2 * cnt);
		at = next;
	}
	free(open.items);
	return r;
}

static bool parse_hex(struct str s, uint64_t *ret)
{
	if (s.len > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X'))
		s = (struct str){s.p + 2, s.len - 2};
	return !num_parse_hex(s, ret);
}

static bool parse_line(const struct parse *p, struct str line, struct jitmap_span *ret)
{
	struct str start, size;
	uint64_t len;

	if (!str_split(&line, ' ', &start) || !str_split(&line, ' ', &size) || !line.p)
		return false;
	line = str_trim(line);
	if (!line.len || !parse_hex(start, &ret->start) || !parse_hex(size, &len))
		return false;
	if (!len || len > UINT64_MAX - ret->start)
		return false;
	ret->end = ret->start + len;
	ret->name = (uint32_t)(line.p - p->text);
	ret->len = (uint32_t)line.len;
	return true;
}

/* Cuts the last line off *text; false when nothing is left. */
static bool split_last(struct str *text, struct str *ret_line)
{
	const char *newline;

	if (!text->len)
		return false;
	newline = memrchr(text->p, '\n', text->len);
	*ret_line = *text;
	text->len = 0;
	if (newline) {
		text->len = (size_t)(newline - text->p);
		*ret_line = (struct str){newline + 1, ret_line->len - text->len - 1};
	}
	return true;
}

/*
 * Puts the name before those of the later lines. What it overwrites has been read: the names are
 * together no longer than the lines that they come from.
 */
static void pack_name(struct parse *p, struct jitmap_span *region)
{
	p->names -= region->len;
	memmove(p->text + p->names, p->text + region->name, region->len);
	region->name = (uint32_t)p->names;
}

/* From the end, so that it is the oldest lines that fall behind the ceiling. */
static int parse_lines(struct parse *p, size_t max_lines)
{
	struct str text = {p->text, p->len}, line;
	struct jitmap_span *regions = NULL, region;
	size_t cnt = 0, cap = 0;
	int r = 0;

	while (!r && split_last(&text, &line)) {
		if (!str_trim(line).len)
			continue;
		if (cnt == max_lines || !parse_line(p, line, &region)) {
			p->rejected++;
			continue;
		}
		r = mem_grow(&regions, &cap, cnt + 1, sizeof(*regions), max_lines);
		if (!r) {
			pack_name(p, &region);
			regions[cnt++] = region;
		}
	}
	if (!r && cnt)
		qsort(regions, cnt, sizeof(*regions), compare_regions);
	if (!r)
		r = flatten(p, regions, cnt);
	free(regions);
	return r;
}

static int write_table(const struct parse *p, bool is_cut, struct buf *table)
{
	struct jitmap_head head = {
		.span_cnt = (uint32_t)p->cnt,
		.names_len = (uint32_t)(p->len - p->names),
		.rejected_lines = p->rejected,
		.is_cut = is_cut,
	};

	for (size_t i = 0; i < p->cnt; i++)
		p->spans[i].name -= (uint32_t)p->names;
	buf_add(table, &head, sizeof(head));
	buf_add(table, p->spans, p->cnt * sizeof(*p->spans));
	buf_add(table, p->text + p->names, head.names_len);
	return buf_error(table);
}

int jitparse_text(char *text, size_t len, size_t max_lines, bool is_cut, struct buf *table)
{
	struct parse p = {.text = text, .len = len, .names = len};
	int r;

	if (len > UINT32_MAX)
		return -EFBIG;
	r = parse_lines(&p, max_lines);
	if (!r)
		r = write_table(&p, is_cut, table);
	free(p.spans);
	return r;
}

/* As much as there is; a file may be shorter by now. */
static int read_at(int fd, char *p, size_t len, uint64_t offset, size_t *ret_len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, p + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	*ret_len = done;
	return 0;
}

int jitparse_file(int fd, const struct jitparse_request *request, struct buf *table)
{
	bool is_cut = request->file_bytes > request->max_bytes;
	size_t max = is_cut ? request->max_bytes : request->file_bytes, len = 0, skip = 0;
	char *text = malloc(max + 1);
	int r;

	if (!text)
		return -ENOMEM;
	r = read_at(fd, text, max, is_cut ? request->file_bytes - max : 0, &len);
	if (!r && is_cut) {
		const char *line = memchr(text, '\n', len);

		skip = line ? (size_t)(line + 1 - text) : len;
	}
	if (!r)
		r = jitparse_text(text + skip, len - skip, request->max_lines, is_cut, table);
	free(text);
	return r;
}

int jitparse_job(const int *fds, size_t fd_cnt, struct str request, struct buf *table, void **state)
{
	struct jitparse_request q;

	(void)state;
	if (fd_cnt != 1 || request.len != sizeof(q))
		return -EINVAL;
	memcpy(&q, request.p, sizeof(q));
	return jitparse_file(fds[0], &q, table);
}
