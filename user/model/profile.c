// SPDX-License-Identifier: Apache-2.0
#include "model/profile.h"

#include <stdlib.h>

#include "base/text.h"

void profile_free(struct profile *p)
{
	if (!p)
		return;
	intern_release(&p->strings);
	free(p->frames);
	free(p->lines);
	free(p->nodes);
	free(p->labels);
	free(p->series);
	free(p->samples);
	free(p->moments);
	free(p);
}

struct str profile_str(const struct profile *p, uint32_t id)
{
	return intern_get(&p->strings, id);
}

struct str profile_label(const struct profile *p, uint32_t series, struct str key)
{
	const struct series *s = &p->series[series];

	for (uint32_t i = s->first_label; i < s->first_label + s->label_cnt; i++)
		if (str_eq(profile_str(p, p->labels[i].key), key))
			return profile_str(p, p->labels[i].value);
	return (struct str){NULL, 0};
}

uint64_t profile_timed_cnt(const struct profile *p)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < p->moment_cnt; i++)
		cnt += p->moments[i].cnt;
	return cnt;
}

double profile_lost_share(const struct profile *p)
{
	double lost = (double)loss_samples(p->lost), kept = (double)p->total_cnt;

	return lost > 0 ? lost / (lost + kept) : 0.0;
}
