// SPDX-License-Identifier: Apache-2.0
/*
 * Two steps of 20 ms are one line, and as many seconds one column as it takes to fit the width.
 * Five shades, evenly from nothing to the fullest cell; a cell in which anything was taken is
 * never blank.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/times.h"
#include "render/heat.h"

#define LINES	    25
#define STEP_MS	    40 /* of a line */
#define LABEL_CHARS 9

static const char *const shades[] = {" ",
				     "\xc2\xb7",      /* middle dot */
				     "\xe2\x96\x91",  /* light, … */
				     "\xe2\x96\x92",  /* medium, … */
				     "\xe2\x96\x93",  /* dark shade */
				     "\xe2\x96\x88"}; /* full block */

struct map {
	const struct profile *p;
	struct heat_span span;
	uint32_t seconds_per_column, columns;
	uint64_t *cells; /* [line * columns + column], samples */
	uint64_t max;
};

static int fill(struct map *m, unsigned int width)
{
	uint32_t room = width > LABEL_CHARS + 10 ? width - LABEL_CHARS : 10;

	m->seconds_per_column = (m->span.cnt + room - 1) / room;
	m->columns = (m->span.cnt + m->seconds_per_column - 1) / m->seconds_per_column;
	m->cells = calloc((size_t)m->columns * LINES, sizeof(*m->cells));
	if (!m->cells)
		return -ENOMEM;
	for (size_t i = 0; i < m->p->moment_cnt; i++) {
		const struct moment *at = &m->p->moments[i];
		uint64_t into = (uint64_t)(at->at_ns - m->span.first * (int64_t)NSEC_PER_SEC);
		uint64_t line = into % NSEC_PER_SEC / (STEP_MS * NSEC_PER_SEC / 1000);
		uint64_t *cell =
			&m->cells[line * m->columns + into / NSEC_PER_SEC / m->seconds_per_column];

		*cell += at->cnt;
		if (*cell > m->max)
			m->max = *cell;
	}
	return 0;
}

static unsigned int shade(const struct map *m, uint64_t cnt)
{
	uint64_t steps = ARRAY_SIZE(shades) - 1;

	return (unsigned int)((cnt * steps + m->max - 1) / m->max);
}

static void add_time(const struct map *m, int64_t second, struct buf *out)
{
	if (m->p->start_ns)
		time_add(out, second * (int64_t)NSEC_PER_SEC);
	else
		buf_addf(out, "%lld s", (long long)second);
}

static void add_legend(const struct map *m, struct buf *out)
{
	uint64_t timed = profile_timed_cnt(m->p), steps = ARRAY_SIZE(shades) - 1, from = 1;

	buf_addf(out, "from ");
	add_time(m, m->span.first, out);
	buf_addf(out,
		 ", a column is %u s, a line %d ms of each second; samples:", m->seconds_per_column,
		 STEP_MS);
	for (uint64_t i = 1; i <= steps; i++) {
		uint64_t last = m->max * i / steps;

		if (last < from)
			continue;
		buf_addf(out, "  %s %llu", shades[i], (unsigned long long)from);
		if (last > from)
			buf_addf(out, "-%llu", (unsigned long long)last);
		from = last + 1;
	}
	buf_addch(out, '\n');
	if (timed < m->p->total_cnt)
		buf_addf(out, "%llu of %llu samples have no time and are not in the map\n",
			 (unsigned long long)(m->p->total_cnt - timed),
			 (unsigned long long)m->p->total_cnt);
}

int heat_text(const struct profile *p, const struct heat_options *opt, struct buf *out,
	      struct err *err)
{
	struct map m = {.p = p};
	int r = heat_span(p, &m.span, err);

	if (r)
		return r;
	r = fill(&m, opt && opt->width ? opt->width : 100);
	if (r)
		return err_set(err, r, "out of memory");
	if (opt && opt->title.len) {
		text_add_clean(out, opt->title);
		buf_addch(out, '\n');
	}
	for (uint32_t line = 0; line < LINES; line++) {
		if (line % 5)
			buf_addf(out, "%*s|", LABEL_CHARS - 1, "");
		else
			buf_addf(out, "%4u ms |", line * STEP_MS);
		for (uint32_t c = 0; c < m.columns; c++)
			buf_addstr(out, shades[shade(&m, m.cells[line * m.columns + c])]);
		buf_addch(out, '\n');
	}
	add_legend(&m, out);
	free(m.cells);
	return buf_error(out);
}
