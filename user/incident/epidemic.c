// SPDX-License-Identifier: Apache-2.0
#include "incident/epidemic.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CUT		6.0
#define USUAL		3.0    /* the autocorrelation is that of points within so many scales */
#define MAD_TO_SD	1.4826 /* of a normal distribution */
#define MAX_INFLATION	20.0
#define LOCAL_STRETCHES 4 /* the local median is that of so many times the longest stretch */
#define LEAST_LOCAL	64

struct search {
	const double *x;
	size_t cnt;
	double *base; /* local median of each point */
	double *z;
	double *before; /* cnt + 1: sum of z in front of a point */
	double *gain;	/* cnt + 1: best up to a point */
	size_t *length; /* cnt + 1: of the stretch that ends there in the best; 0: none */
	double *sorted; /* room */
};

static void search_release(struct search *s)
{
	free(s->base);
	free(s->z);
	free(s->before);
	free(s->gain);
	free(s->length);
	free(s->sorted);
}

static int search_init(struct search *s, const double *x, size_t cnt)
{
	*s = (struct search){.x = x, .cnt = cnt};
	s->base = calloc(cnt + 1, sizeof(*s->base));
	s->z = calloc(cnt + 1, sizeof(*s->z));
	s->before = calloc(cnt + 1, sizeof(*s->before));
	s->gain = calloc(cnt + 1, sizeof(*s->gain));
	s->length = calloc(cnt + 1, sizeof(*s->length));
	s->sorted = calloc(cnt + 1, sizeof(*s->sorted));
	if (s->base && s->z && s->before && s->gain && s->length && s->sorted)
		return 0;
	search_release(s);
	return -ENOMEM;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Of the points that are no gaps; 0 when there is none. */
static double median(struct search *s, const double *v, size_t from, size_t until)
{
	size_t n = 0;

	for (size_t i = from; i < until; i++)
		if (isfinite(v[i]))
			s->sorted[n++] = v[i];
	if (!n)
		return 0;
	qsort(s->sorted, n, sizeof(*s->sorted), by_value);
	return (s->sorted[n / 2] + s->sorted[(n - 1) / 2]) / 2;
}

/* Medians of blocks, and straight lines between the middles of them. */
static void local_medians(struct search *s, size_t longest)
{
	size_t block = LOCAL_STRETCHES * longest, blocks, last = 0;
	double here, next;

	block = block < LEAST_LOCAL ? LEAST_LOCAL : block;
	blocks = s->cnt / block ? s->cnt / block : 1;
	block = s->cnt / blocks;
	here = median(s, s->x, 0, blocks == 1 ? s->cnt : block);
	for (size_t b = 0; b < blocks; b++) {
		size_t until = b + 1 == blocks ? s->cnt : b * block + block / 2 + block;

		next = b + 1 >= blocks ? here
				       : median(s, s->x, (b + 1) * block,
						b + 2 == blocks ? s->cnt : (b + 2) * block);
		for (; last < until; last++) {
			double part =
				((double)last - (double)(b * block + block / 2)) / (double)block;

			part = part < 0 ? 0 : part > 1 ? 1 : part;
			s->base[last] = here + part * (next - here);
		}
		here = next;
	}
}

/*
 * Of the points below their median only: incidents that recur often are a third of a short history,
 * all of it above.
 */
static double scale_of(struct search *s)
{
	double mad, sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < s->cnt; i++)
		s->z[i] = s->x[i] < s->base[i] ? s->base[i] - s->x[i] : NAN;
	mad = median(s, s->z, 0, s->cnt);
	if (mad > 0)
		return MAD_TO_SD * mad;
	for (size_t i = 0; i < s->cnt; i++) { /* none is below: more than half are alike */
		if (!isfinite(s->x[i]))
			continue;
		sum += fabs(s->x[i] - s->base[i]);
		n++;
	}
	return n ? sum / (double)n : 0;
}

/* Of what is usual: the steps into incidents and out of them are not. */
static double correlation_of(const struct search *s)
{
	double product = 0, square = 0;

	for (size_t i = 1; i < s->cnt; i++) {
		double a = s->z[i - 1], b = s->z[i];

		if (fabs(a) >= USUAL || fabs(b) >= USUAL)
			continue;
		product += a * b;
		square += (a * a + b * b) / 2;
	}
	return square > 0 && product > 0 ? product / square : 0;
}

static void standardise(struct search *s, double scale)
{
	for (size_t i = 0; i < s->cnt; i++) {
		double z = (s->x[i] - s->base[i]) / scale;

		s->z[i] = !isfinite(z) ? -CUT : z > CUT ? CUT : z < -CUT ? -CUT : z;
		s->before[i + 1] = s->before[i] + s->z[i];
	}
}

/* Gaps part stretches: a point that is none of the series costs as much as any can. */
static void find_best(struct search *s, const struct epidemic_opts *o, double penalty)
{
	size_t solid = 0; /* points since the last gap */

	for (size_t end = 1; end <= s->cnt; end++) {
		size_t most = o->longest;

		s->gain[end] = s->gain[end - 1];
		solid = isfinite(s->x[end - 1]) ? solid + 1 : 0;
		most = most > solid ? solid : most;
		for (size_t n = o->shortest; n <= most; n++) {
			double sum = s->before[end] - s->before[end - n];
			double gain = s->gain[end - n] + sum * sum / (double)n - penalty;

			if (sum <= 0 || gain <= s->gain[end])
				continue;
			s->gain[end] = gain;
			s->length[end] = n;
		}
	}
}

static int collect(struct search *s, double penalty, struct epidemic_list *ret)
{
	size_t cnt = 0;

	for (size_t end = s->cnt; end; end -= s->length[end] ? s->length[end] : 1)
		cnt += s->length[end] > 0;
	ret->items = calloc(cnt + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	ret->cnt = cnt;
	for (size_t end = s->cnt; end; end -= s->length[end] ? s->length[end] : 1) {
		size_t n = s->length[end];
		struct epidemic *e;
		double sum = s->before[end] - s->before[end - n];

		if (!n)
			continue;
		e = &ret->items[--cnt];
		*e = (struct epidemic){.from = end - n, .until = end};
		e->score = sum * sum / (double)n - penalty;
		for (size_t i = e->from; i < e->until; i++)
			e->rise += (s->x[i] - s->base[i]) / (double)n;
	}
	return 0;
}

int epidemic_find(const double *x, size_t cnt, const struct epidemic_opts *o,
		  struct epidemic_list *ret)
{
	struct epidemic_list list = {0};
	double penalty, inflation;
	struct search s;
	int r;

	if (o->shortest < 1 || o->longest < o->shortest || !(o->false_alarm > 0) ||
	    !(o->false_alarm < 1))
		return -EINVAL;
	if (cnt > EPIDEMIC_MAX_POINTS || o->longest > EPIDEMIC_MAX_LONGEST)
		return -E2BIG;
	r = search_init(&s, x, cnt);
	if (r)
		return r;
	list.median = median(&s, x, 0, cnt);
	if (cnt)
		local_medians(&s, o->longest);
	list.scale = scale_of(&s);
	if (list.scale > 0) {
		standardise(&s, list.scale);
		list.correlation = correlation_of(&s);
		inflation = (1 + list.correlation) / (1 - list.correlation);
		inflation = inflation > MAX_INFLATION ? MAX_INFLATION : inflation;
		penalty = 2 * log((double)cnt * (double)o->longest / o->false_alarm) * inflation;
		find_best(&s, o, penalty);
		r = collect(&s, penalty, &list);
	}
	search_release(&s);
	if (!r)
		*ret = list;
	return r;
}

void epidemic_list_release(struct epidemic_list *l)
{
	free(l->items);
	*l = (struct epidemic_list){0};
}
