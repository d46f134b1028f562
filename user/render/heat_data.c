// SPDX-License-Identifier: Apache-2.0
#include "render/heat_data.h"

#include <errno.h>
#include <stdlib.h>

#include "base/compress.h"
#include "base/json.h"
#include "base/sum.h"
#include "render/html_data.h"

#define MAX_BYTES	 ((size_t)1 << 30)
#define STEPS_PER_SECOND ((int64_t)NSEC_PER_SEC / MOMENT_NS)

struct cell {
	int64_t step;
	uint64_t weight, cnt;
	uint32_t node;
};

static int by_step_and_node(const void *va, const void *vb)
{
	const struct cell *a = va, *b = vb;

	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

/* The moments with the page's nodes, those of one node in one step added up; owned. */
static int make_cells(const struct profile *p, const uint32_t *node_of_sample, struct cell **ret,
		      size_t *ret_cnt)
{
	struct cell *cells = malloc((p->moment_cnt + 1) * sizeof(*cells));
	size_t kept = 0;

	if (!cells)
		return -ENOMEM;
	for (size_t i = 0; i < p->moment_cnt; i++) {
		const struct moment *m = &p->moments[i];

		cells[i] = (struct cell){m->at_ns / MOMENT_NS, m->weight, m->cnt,
					 node_of_sample[m->sample]};
	}
	if (p->moment_cnt)
		qsort(cells, p->moment_cnt, sizeof(*cells), by_step_and_node);
	for (size_t i = 0; i < p->moment_cnt; i++) {
		if (kept && !by_step_and_node(&cells[kept - 1], &cells[i])) {
			sum_add(&cells[kept - 1].weight, cells[i].weight);
			sum_add(&cells[kept - 1].cnt, cells[i].cnt);
		} else {
			cells[kept++] = cells[i];
		}
	}
	*ret = cells;
	*ret_cnt = kept;
	return 0;
}

int heat_data_cnt(const struct profile *p, const uint32_t *node_of_sample, size_t *ret)
{
	struct cell *cells;
	int r = make_cells(p, node_of_sample, &cells, ret);

	if (!r)
		free(cells);
	return r;
}

/* What one sample weighs, if all weigh the same; else 0. */
static uint64_t find_period(const struct cell *cells, size_t cnt)
{
	uint64_t period = cnt ? cells[0].weight / cells[0].cnt : 0, weight;

	for (size_t i = 0; i < cnt; i++)
		if (__builtin_mul_overflow(cells[i].cnt, period, &weight) ||
		    weight != cells[i].weight)
			return 0;
	return period;
}

static void add_facts(const struct profile *p, const struct heat_span *span, uint64_t period,
		      struct buf *out)
{
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_bool(&j, "wall", p->start_ns != 0);
	json_i64(&j, "first", span->first);
	json_u64(&j, "seconds", span->cnt);
	json_double(&j, "length", (double)p->length_ns / (double)NSEC_PER_SEC, 9);
	json_u64(&j, "timed", profile_timed_cnt(p));
	json_u64(&j, "samples", p->total_cnt);
	json_u64(&j, "period", period);
	json_end(&j);
}

static void add_columns(const struct cell *cells, size_t cnt, const struct heat_span *span,
			bool weights, struct buf *out)
{
	int64_t last = span->first * STEPS_PER_SECOND;

	buf_addvarint(out, cnt);
	for (size_t i = 0; i < cnt; i++) {
		buf_addvarint(out, (uint64_t)(cells[i].step - last));
		last = cells[i].step;
	}
	for (size_t i = 0; i < cnt; i++)
		buf_addvarint(out, cells[i].node);
	for (size_t i = 0; i < cnt; i++)
		buf_addvarint(out, cells[i].cnt);
	for (size_t i = 0; weights && i < cnt; i++)
		buf_addvarint(out, cells[i].weight);
}

int heat_data(const struct profile *p, const struct heat_span *span, const uint32_t *node_of_sample,
	      struct buf *out)
{
	struct buf facts, plain;
	struct cell *cells;
	uint64_t period;
	size_t cnt;
	int r = make_cells(p, node_of_sample, &cells, &cnt);

	if (r)
		return r;
	buf_init(&facts, MAX_BYTES);
	buf_init(&plain, MAX_BYTES);
	period = find_period(cells, cnt);
	add_facts(p, span, period, &facts);
	buf_addstr(&plain, "CPH1");
	buf_addvarint(&plain, facts.len);
	buf_add(&plain, facts.data, facts.len);
	add_columns(cells, cnt, span, !period, &plain);
	r = buf_error(&facts) ? buf_error(&facts) : buf_error(&plain);
	if (!r)
		r = html_data_pack(buf_str(&plain), out);
	buf_release(&facts);
	buf_release(&plain);
	free(cells);
	return r;
}
