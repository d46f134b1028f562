// SPDX-License-Identifier: Apache-2.0
#include "ship/parcels.h"

#include <stdlib.h>
#include <string.h>

#include "base/compress.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/pprof.h"
#include "model/builder.h"

#define DEFAULT_PROCESSES 50
#define MAX_VALUE	  2048
#define MAX_TEXTS	  ((size_t)64 << 20)
#define MAX_PARCELS	  ((size_t)1 << 20)
#define MAX_PROFILE	  ((size_t)1 << 30)
#define OTHER		  "other"
#define CUT		  "[…]"
#define NEEDED		  UINT32_MAX /* in node_map: not there yet */

/* Labels of a series that are pushed under the name that they have. */
static const struct str passed[] = {
	STR_LIT(LABEL_CONTAINER_ID), STR_LIT("container"), STR_LIT("namespace"), STR_LIT("pod"),
	STR_LIT(LABEL_POD_UID),	     STR_LIT(LABEL_UNIT),
};

struct making {
	const struct profile *window;
	const struct parcel_policy *policy;
	struct parcels *out;
	uint32_t *group_of;	 /* by series */
	struct sample *samples;	 /* of the window, by group */
	size_t *first;		 /* by group: into samples; one more at the end */
	struct builder *builder; /* of the piece at hand */
	uint32_t *node_map,
		*frame_map; /* the window's number to the builder's; 0: not needed yet */
	uint32_t *depth;    /* of the window's nodes, in frames */
	struct buf plain;
};

bool parcel_label_is_valid(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (!i || c < '0' || c > '9'))
			return false;
	}
	return name.len && name.len <= 1024;
}

/* ---- which processes have a series of their own ---- */

struct rank {
	uint64_t weight;
	uint32_t process; /* string */
};

static int by_weight(const void *va, const void *vb)
{
	const struct rank *a = va, *b = vb;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return (a->process > b->process) - (a->process < b->process);
}

static struct str process_of(const struct profile *p, uint32_t series)
{
	return profile_label(p, series, STR_LIT(LABEL_PROCESS));
}

/* Series whose process is not among the busiest: is_other[series]. */
static int mark_others(const struct making *m, bool *is_other)
{
	uint32_t max = m->policy->max_processes ? m->policy->max_processes : DEFAULT_PROCESSES;
	const struct profile *p = m->window;
	struct rank *ranks = calloc((size_t)p->series_cnt + 1, sizeof(*ranks));
	uint32_t *rank_of = calloc((size_t)p->series_cnt + 1, sizeof(*rank_of));
	struct intern names;
	int r = ranks && rank_of ? 0 : -ENOMEM;

	intern_init(&names, UINT32_MAX - 1, SIZE_MAX);
	for (uint32_t i = 0; !r && i < p->series_cnt; i++) {
		struct str name = process_of(p, i);

		r = intern_add(&names, name.p, name.len, &rank_of[i]);
		if (!r)
			ranks[rank_of[i]].process = rank_of[i];
	}
	for (size_t i = 0; !r && i < p->sample_cnt; i++)
		ranks[rank_of[p->samples[i].series]].weight += p->samples[i].weight;
	if (!r && intern_cnt(&names) > max) {
		qsort(ranks, intern_cnt(&names), sizeof(*ranks), by_weight);
		for (uint32_t n = max; n < intern_cnt(&names); n++)
			for (uint32_t i = 0; i < p->series_cnt; i++)
				is_other[i] |= rank_of[i] == ranks[n].process;
	}
	intern_release(&names);
	free(ranks);
	free(rank_of);
	return r;
}

/* ---- labels ---- */

/* A set of labels while it is put together: sorted, the first of a name stays. */
struct label_set {
	struct push_label labels[PARCEL_MAX_LABELS];
	size_t cnt;
	bool full;
};

static void set_add(struct label_set *set, struct str name, struct str value)
{
	size_t at = 0;

	if (!value.len)
		return;
	while (at < set->cnt && str_cmp(set->labels[at].name, name) < 0)
		at++;
	if (at < set->cnt && str_eq(set->labels[at].name, name))
		return;
	if (set->cnt == PARCEL_MAX_LABELS) {
		set->full = true;
		return;
	}
	memmove(&set->labels[at + 1], &set->labels[at], (set->cnt - at) * sizeof(*set->labels));
	set->labels[at] = (struct push_label){name, value};
	set->cnt++;
}

/* "namespace/container", else the unit without ".service", else the process. */
static struct str service_name(const struct profile *p, uint32_t series, struct str process,
			       struct buf *scratch)
{
	static const struct str suffix = STR_LIT(".service");
	struct str namespace = profile_label(p, series, STR_LIT("namespace"));
	struct str container = profile_label(p, series, STR_LIT("container"));
	struct str unit = profile_label(p, series, STR_LIT(LABEL_UNIT));

	if (namespace.len && container.len) {
		buf_clear(scratch);
		buf_add(scratch, namespace.p, namespace.len);
		buf_addch(scratch, '/');
		buf_add(scratch, container.p, container.len);
		return buf_str(scratch);
	}
	if (unit.len > suffix.len && !memcmp(unit.p + unit.len - suffix.len, suffix.p, suffix.len))
		return (struct str){unit.p, unit.len - suffix.len};
	return process;
}

/* Appends "name NUL value NUL" with a clean value. */
static void add_text(struct buf *out, struct push_label label)
{
	size_t start, len;

	buf_add(out, label.name.p, label.name.len);
	buf_addch(out, '\0');
	start = out->len;
	text_add_clean(out, label.value);
	len = out->len - start;
	if (!buf_error(out) && len > MAX_VALUE) {
		len = MAX_VALUE;
		while (((unsigned char)out->data[start + len] & 0xc0) == 0x80)
			len--; /* not within a character */
		out->len = start + len;
	}
	buf_addch(out, '\0');
}

/* The labels of a series as bytes: those of two series are the same when their bytes are. */
static int describe_series(struct making *m, uint32_t series, bool is_other, struct buf *out)
{
	const struct profile *p = m->window;
	struct str process = is_other ? STR_LIT(OTHER) : process_of(p, series);
	struct label_set set = {.cnt = 0};
	struct buf service;

	buf_init(&service, (size_t)1 << 16);
	for (size_t i = 0; i < m->policy->label_cnt; i++)
		set_add(&set, m->policy->labels[i].name, m->policy->labels[i].value);
	set_add(&set, STR_LIT("__name__"), STR_LIT("process_cpu"));
	set_add(&set, STR_LIT("node"), m->policy->node);
	set_add(&set, STR_LIT("process"), process);
	if (is_other) {
		set_add(&set, STR_LIT("service_name"), process);
	} else {
		set_add(&set, STR_LIT("service_name"), service_name(p, series, process, &service));
		for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
			set_add(&set, passed[i], profile_label(p, series, passed[i]));
	}
	buf_clear(out);
	for (size_t i = 0; i < set.cnt; i++)
		add_text(out, set.labels[i]);
	buf_release(&service);
	return set.full ? -EINVAL : buf_error(out);
}

/* Labels from what describe_series() wrote; they borrow from it. */
static void read_labels(struct str set, struct parcel *parcel)
{
	struct str name, value;

	set.len -= 1; /* the last NUL ends, it separates nothing */
	while (str_split(&set, '\0', &name) && str_split(&set, '\0', &value))
		parcel->labels[parcel->label_cnt++] = (struct push_label){name, value};
}

static struct str process_in(struct str set)
{
	struct str name, value;

	set.len -= 1;
	while (str_split(&set, '\0', &name) && str_split(&set, '\0', &value))
		if (str_eq(name, STR_LIT("process")))
			return value;
	return STR_LIT(OTHER);
}

/* ---- groups ---- */

static int group_series(struct making *m)
{
	bool *is_other = calloc((size_t)m->window->series_cnt + 1, sizeof(*is_other));
	struct buf set;
	int r = is_other ? mark_others(m, is_other) : -ENOMEM;

	buf_init(&set, (size_t)1 << 20);
	for (uint32_t i = 0; !r && i < m->window->series_cnt; i++) {
		r = describe_series(m, i, is_other[i], &set);
		if (!r)
			r = intern_add(&m->out->sets, set.data, set.len, &m->group_of[i]);
	}
	buf_release(&set);
	free(is_other);
	return r;
}

/* Puts the samples of each group together, in their order. */
static int group_samples(struct making *m)
{
	const struct profile *p = m->window;
	size_t group_cnt = intern_cnt(&m->out->sets), *next;

	m->first = calloc(group_cnt + 2, sizeof(*m->first));
	next = calloc(group_cnt + 1, sizeof(*next));
	m->samples = malloc((p->sample_cnt + 1) * sizeof(*m->samples));
	if (!m->first || !next || !m->samples) {
		free(next);
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->sample_cnt; i++)
		m->first[m->group_of[p->samples[i].series] + 1]++;
	for (size_t g = 0; g < group_cnt; g++) {
		m->first[g + 1] += m->first[g];
		next[g] = m->first[g];
	}
	for (size_t i = 0; i < p->sample_cnt; i++)
		m->samples[next[m->group_of[p->samples[i].series]]++] = p->samples[i];
	free(next);
	return 0;
}

/* ---- pieces ---- */

static int copy_frame(struct making *m, uint32_t frame, uint32_t *ret)
{
	int r = 0;

	if (frame && !m->frame_map[frame])
		r = builder_copy_frame(m->builder, m->window, frame, &m->frame_map[frame]);
	*ret = m->frame_map[frame];
	return r;
}

/* The stacks of [from, until) into the builder. A caller has a smaller number than what it calls, so
 * one pass over those that are needed does it. */
static int copy_stacks(struct making *m, size_t from, size_t until)
{
	const struct stack_node *nodes = m->window->nodes;
	uint32_t frame;
	int r = 0;

	memset(m->node_map, 0, m->window->node_cnt * sizeof(*m->node_map));
	memset(m->frame_map, 0, m->window->frame_cnt * sizeof(*m->frame_map));
	for (size_t i = from; i < until; i++) {
		if (m->depth[m->samples[i].node] > PARCEL_MAX_DEPTH)
			continue;
		for (uint32_t n = m->samples[i].node; n && !m->node_map[n]; n = nodes[n].parent)
			m->node_map[n] = NEEDED;
	}
	for (uint32_t n = 1; !r && n < m->window->node_cnt; n++) {
		if (!m->node_map[n])
			continue;
		r = copy_frame(m, nodes[n].frame, &frame);
		if (!r)
			r = builder_stack(m->builder, m->node_map[nodes[n].parent], frame,
					  &m->node_map[n]);
	}
	return r;
}

/* The builder's node of a window's node. Of a stack that is too deep both ends stay. */
static int node_of(struct making *m, uint32_t node, uint32_t *ret)
{
	const uint32_t depth = m->depth[node], outer = PARCEL_MAX_DEPTH / 2;
	uint32_t frames[PARCEL_MAX_DEPTH], at = PARCEL_MAX_DEPTH, into = 0;
	int r = 0;

	*ret = m->node_map[node];
	if (depth <= PARCEL_MAX_DEPTH)
		return 0;
	for (uint32_t n = node, level = depth; n; n = m->window->nodes[n].parent, level--)
		if (level <= outer || level > depth - (PARCEL_MAX_DEPTH - 1 - outer))
			frames[--at] = m->window->nodes[n].frame;
		else if (level == outer + 1)
			frames[--at] = NEEDED;
	for (uint32_t frame; !r && at < PARCEL_MAX_DEPTH; at++) {
		if (frames[at] == NEEDED)
			r = builder_frame(m->builder, STR_LIT(CUT), STR_LIT(""), FRAME_UNKNOWN,
					  &frame);
		else
			r = copy_frame(m, frames[at], &frame);
		if (!r)
			r = builder_stack(m->builder, into, frame, &into);
	}
	*ret = into;
	return r;
}

/* The samples [from, until) as a profile of their own. */
static int build_piece(struct making *m, size_t from, size_t until, uint32_t part,
		       struct str process, struct profile **ret)
{
	const struct profile *p = m->window;
	uint32_t series, node;
	int r;

	r = builder_process(m->builder, process, &series); /* its file is the main one */
	if (!r)
		r = copy_stacks(m, from, until);
	for (size_t i = from; !r && i < until; i++) {
		r = node_of(m, m->samples[i].node, &node);
		if (!r)
			r = builder_sample(m->builder, series, node, m->samples[i].weight,
					   m->samples[i].cnt);
	}
	if (r)
		return r;
	builder_window(m->builder, p->start_ns + part, p->length_ns, p->cpus, p->hz);
	return builder_seal(m->builder, ret);
}

static int encode_piece(struct making *m, const struct profile *piece, struct str labels)
{
	struct parcels *out = m->out;
	struct parcel *parcel;
	int r;

	r = mem_grow(&out->items, &out->cap, out->cnt + 1, sizeof(*out->items), MAX_PARCELS);

	if (r)
		return r;
	parcel = &out->items[out->cnt++];
	*parcel = (struct parcel){.plain_bytes = m->plain.len, .sample_cnt = piece->total_cnt};
	buf_init(&parcel->profile, MAX_PROFILE);
	read_labels(labels, parcel);
	return compress_gzip(buf_str(&m->plain), &parcel->profile);
}

/* One piece from `from` on; *ret_until says how far it reaches. */
static int make_piece(struct making *m, size_t from, size_t end, uint32_t part, struct str labels,
		      size_t *ret_until)
{
	static const struct pprof_write_opts opts = {.for_push = true, .plain = true};
	size_t max_bytes = m->policy->max_bytes ? m->policy->max_bytes : PARCEL_MAX_BYTES;
	size_t max = m->policy->max_samples ? m->policy->max_samples : PARCEL_MAX_SAMPLES;
	size_t cnt = end - from < max ? end - from : max;

	for (;; cnt = (cnt + 1) / 2) {
		struct profile *piece;
		int r = build_piece(m, from, from + cnt, part, process_in(labels), &piece);

		if (r)
			return r;
		buf_clear(&m->plain);
		r = pprof_write(piece, &opts, &m->plain);
		if (!r && (m->plain.len <= max_bytes || cnt == 1)) {
			r = encode_piece(m, piece, labels);
			profile_free(piece);
			*ret_until = from + cnt;
			return r;
		}
		profile_free(piece);
		if (r)
			return r;
	}
}

static int make_groups(struct making *m)
{
	int r = 0;

	for (uint32_t g = 0; !r && g < intern_cnt(&m->out->sets); g++) {
		struct str labels = intern_get(&m->out->sets, g);
		size_t at = m->first[g];

		for (uint32_t part = 0; !r && at < m->first[g + 1]; part++)
			r = make_piece(m, at, m->first[g + 1], part, labels, &at);
	}
	return r;
}

int parcels_make(const struct profile *window, const struct parcel_policy *policy,
		 struct parcels *ret, struct err *err)
{
	struct making m = {.window = window, .policy = policy, .out = ret};
	int r;

	*ret = (struct parcels){.cnt = 0};
	intern_init(&ret->sets, UINT32_MAX - 1, MAX_TEXTS);
	if (window->unit != PROFILE_NANOSECONDS)
		return err_set(err, EINVAL, "the window has no CPU time, only samples");
	if (window->start_ns <= 0)
		return err_set(err, EINVAL, "nobody knows when the window was");
	buf_init(&m.plain, SIZE_MAX);
	m.group_of = calloc((size_t)window->series_cnt + 1, sizeof(*m.group_of));
	m.node_map = calloc((size_t)window->node_cnt + 1, sizeof(*m.node_map));
	m.frame_map = calloc((size_t)window->frame_cnt + 1, sizeof(*m.frame_map));
	m.depth = calloc((size_t)window->node_cnt + 1, sizeof(*m.depth));
	m.builder = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	r = m.group_of && m.node_map && m.frame_map && m.depth && m.builder ? 0 : -ENOMEM;
	for (uint32_t n = 1; !r && n < window->node_cnt; n++)
		m.depth[n] = m.depth[window->nodes[n].parent] + 1;
	if (!r)
		r = group_series(&m);
	if (!r)
		r = group_samples(&m);
	if (!r)
		r = make_groups(&m);
	builder_free(m.builder);
	buf_release(&m.plain);
	free(m.group_of);
	free(m.samples);
	free(m.first);
	free(m.node_map);
	free(m.frame_map);
	free(m.depth);
	return r ? err_set(err, r, "cannot prepare a push: %s",
			   r == -EINVAL ? "a series has too many labels" : strerror(-r))
		 : 0;
}

void parcels_release(struct parcels *p)
{
	for (size_t i = 0; i < p->cnt; i++)
		buf_release(&p->items[i].profile);
	free(p->items);
	intern_release(&p->sets);
	*p = (struct parcels){.cnt = 0};
}
