// SPDX-License-Identifier: Apache-2.0
/*
 * The moments outside are thrown away, and the rest says what the samples weigh; putting the small
 * profile that remains together is the builder's work.
 */
#include "model/clip.h"

#include <errno.h>
#include <stdlib.h>

#include "model/builder.h"

bool clip_touches(const struct profile *p, struct time_range range)
{
	return p->start_ns && p->start_ns < range.until_ns && p->end_ns > range.from_ns;
}

/* The header of the time in common. */
static struct profile header_of(const struct profile *p, struct time_range range)
{
	struct profile h = *p;
	uint64_t whole = (uint64_t)p->end_ns - (uint64_t)p->start_ns, part;

	if (h.start_ns < range.from_ns)
		h.start_ns = range.from_ns;
	if (h.end_ns > range.until_ns)
		h.end_ns = range.until_ns;
	part = (uint64_t)h.end_ns - (uint64_t)h.start_ns;
	if (part < whole) {
		double share = (double)part / (double)whole;

		/* what was watched less than the whole, was so evenly as far as anybody knows */
		h.length_ns =
			p->length_ns == whole ? part : (uint64_t)(share * (double)p->length_ns);
		h.capacity_ns = (uint64_t)(share * (double)p->capacity_ns);
		for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
			h.pressure[i].stalled_ns =
				(uint64_t)(share * (double)p->pressure[i].stalled_ns);
			h.pressure[i].watched_ns =
				(uint64_t)(share * (double)p->pressure[i].watched_ns);
		}
	}
	return h;
}

static int add_moments(struct builder *part, const struct profile *p, struct time_range range)
{
	int64_t from =
		range.from_ns > INT64_MIN + MOMENT_NS ? moment_step(range.from_ns) : range.from_ns;
	int r = 0;

	for (size_t i = 0; !r && i < p->moment_cnt; i++) {
		const struct moment *m = &p->moments[i];
		const struct sample *s = &p->samples[m->sample];

		if (m->at_ns < from || m->at_ns >= range.until_ns || !m->weight)
			continue;
		r = builder_sample(part, s->series, s->node, m->weight, m->cnt);
		if (!r)
			r = builder_moment(part, s->series, s->node, m->at_ns, m->weight, m->cnt);
	}
	return r;
}

int clip_add(struct builder *b, const struct profile *p, struct time_range range,
	     uint64_t *ret_untimed)
{
	struct profile header = header_of(p, range), names = *p, *part = NULL;
	struct builder *own = builder_new(&builder_limits_file, p->unit);
	int r = own ? 0 : -ENOMEM;

	/* strings, stacks and series first and alone: then their numbers are those of p */
	names.sample_cnt = names.moment_cnt = 0;
	if (!r)
		r = builder_add_profile(own, &names, NULL);
	if (!r)
		r = add_moments(own, p, range);
	if (!r)
		r = builder_seal(own, &part);
	if (!r) {
		struct profile bare = *part;

		/* its header is that of the whole */
		bare.start_ns = bare.end_ns = 0;
		bare.length_ns = bare.capacity_ns = 0;
		bare.window_cnt = 0;
		for (unsigned int i = 0; i < LOSS_CNT; i++)
			bare.lost[i] = 0;
		for (unsigned int i = 0; i < PRESSURE_CNT; i++)
			bare.pressure[i] = (struct pressure){0};
		r = builder_add_profile(b, &bare, NULL);
	}
	if (!r)
		builder_add_header(b, &header);
	if (!r && ret_untimed)
		*ret_untimed = p->total_cnt - profile_timed_cnt(p);
	profile_free(part);
	builder_free(own);
	return r;
}
