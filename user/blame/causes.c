// SPDX-License-Identifier: Apache-2.0
#include "blame/causes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "blame/evidence.h"

#define LEAST	   2 /* incidents that one is named by, so that fewer need not be looked at */
#define MAX_START  3 /* suspects whose hits are set aside by way of trial, */
#define DEPTH	   2 /* and as many of those that then lead */
#define MAX_ROUNDS 16

/* One cause that was found. */
struct found {
	struct str name;    /* owned */
	bool *hit;	    /* `all` of them: what it explains */
	struct verdict *by; /* owned: the round that named it; NULL: the first, of all incidents */
	uint32_t judged, explains;
	double rise;
	double error; /* that was allowed to it by a further round */
};

struct search {
	const struct timeline *t;
	const struct blame_incident *inc;
	size_t cnt;
	const struct blame_opts *o;
	const struct verdict *whole;
	uint32_t all; /* incidents that `whole` looked at */
	bool *aside;  /* private: `cnt` of them */
	struct found found[CAUSES_MAX];
	size_t found_cnt;
	struct verdict *last; /* owned: of the round that named nobody */
	unsigned int rounds;
	struct err *err;
};

double causes_choices(uint32_t all, uint32_t judged)
{
	double n = 1;

	if (judged > all)
		return 0;
	for (uint32_t i = 1; i <= judged; i++)
		n *= (double)(all - judged + i) / i;
	return round(n) * exp(evidence_choice_cost(all) - evidence_choice_cost(judged));
}

static void release_found(struct found *f)
{
	free((char *)f->name.p);
	free(f->hit);
	verdict_free(f->by);
	memset(f, 0, sizeof(*f));
}

static void release_search(struct search *s)
{
	for (size_t i = 0; i < s->found_cnt; i++)
		release_found(&s->found[i]);
	s->found_cnt = 0;
	free(s->aside);
	verdict_free(s->last);
}

static bool *new_flags(const struct search *s)
{
	return calloc(s->all + 1, sizeof(bool));
}

/* What the causes found so far explain, but for one of them (SIZE_MAX: all). */
static void explained_by(const struct search *s, size_t but, bool *ret)
{
	memset(ret, 0, s->all * sizeof(*ret));
	for (size_t i = 0; i < s->found_cnt; i++)
		for (uint32_t k = 0; i != but && k < s->all; k++)
			ret[k] |= s->found[i].hit[k];
}

static uint32_t count(const bool *flags, uint32_t cnt)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < cnt; k++)
		n += flags[k];
	return n;
}

/* Blames the incidents that are not `set_aside`. */
static int judge(struct search *s, const bool *set_aside, double error, struct verdict **ret)
{
	struct blame_opts o = *s->o;

	for (size_t i = 0; i < s->cnt; i++) {
		s->aside[i] = false;
		for (uint32_t k = 0; k < s->all; k++)
			if (s->inc[i].from_ns >= s->whole->incidents[k].from_ns &&
			    s->inc[i].until_ns <= s->whole->incidents[k].until_ns)
				s->aside[i] = set_aside[k];
	}
	o.allowed_error = error;
	o.explain = (struct str){0};
	o.aside = s->aside;
	o.choices = causes_choices(s->all, s->all - count(set_aside, s->all));
	return blame_run(s->t, s->inc, s->cnt, &o, ret, s->err);
}

static double allowed_error(const struct search *s)
{
	return s->o->allowed_error > 0 ? s->o->allowed_error : 0.05;
}

/* The round after those that named somebody: half of the error again. */
static double next_error(const struct search *s)
{
	return allowed_error(s) / pow(2, s->found_cnt > 1 ? (double)s->found_cnt : 1);
}

/* Takes `by`, which names somebody; NULL: the first round, whose verdict is `whole`. `error` 0: of a further round. */
static int add_found(struct search *s, struct verdict *by, const bool *set_aside, double error)
{
	struct found *f = &s->found[s->found_cnt++];
	const struct verdict_entity *e;

	*f = (struct found){.by = by, .hit = new_flags(s), .error = error ? error : next_error(s)};
	e = by ? &by->suspects[0] : &s->whole->suspects[0];
	f->name = (struct str){mem_strndup(e->name.p, e->name.len), e->name.len};
	if (!f->name.p || !f->hit)
		return -ENOMEM;
	for (uint32_t k = 0; k < s->all; k++)
		if (!set_aside || !set_aside[k])
			f->hit[k] = e->hit[f->judged++];
	f->explains = count(f->hit, s->all);
	f->rise = e->delta;
	return 0;
}

static bool is_found(const struct search *s, struct str name)
{
	for (size_t i = 0; i < s->found_cnt; i++)
		if (str_eq(s->found[i].name, name))
			return true;
	return false;
}

static int try_round(struct search *s, const bool *set_aside, unsigned int depth);

/*
 * Those left may have two causes that stand in each other's way: what the one that leads explains is set
 * aside as well, by way of trial. As try_round().
 */
static int try_deeper(struct search *s, const bool *set_aside, const struct verdict *v,
		      unsigned int depth)
{
	const struct verdict_entity *e = v->suspects;
	uint32_t n = 0;
	bool *more;
	int r;

	if (!depth || !v->suspect_cnt || !e->linked || e->hits < LEAST ||
	    e->hits + LEAST > v->recurrences)
		return 0;
	more = new_flags(s);
	if (!more)
		return -ENOMEM;
	for (uint32_t k = 0; k < s->all; k++)
		more[k] = set_aside[k] || e->hit[n++];
	r = try_round(s, more, depth - 1);
	free(more);
	return r;
}

/*
 * One more round without those incidents. 1: somebody is named who was not before, and added; 0: nobody,
 * s->last is who was looked at; or -errno.
 */
static int try_round(struct search *s, const bool *set_aside, unsigned int depth)
{
	double error = next_error(s);
	struct verdict *v = NULL;
	int r;

	if (s->rounds++ >= MAX_ROUNDS)
		return 0;
	r = judge(s, set_aside, error, &v);
	if (r)
		return r;
	if (v->kind == VERDICT_NAMED && !is_found(s, v->suspects[0].name)) {
		r = add_found(s, v, set_aside, error);
		return r ? r : 1;
	}
	r = try_deeper(s, set_aside, v, depth);
	verdict_free(s->last);
	s->last = v;
	return r;
}

static int remove_and_repeat(struct search *s, bool *flags)
{
	int r = 1;

	while (r == 1 && s->found_cnt < CAUSES_MAX) {
		explained_by(s, SIZE_MAX, flags);
		if (s->all - count(flags, s->all) < LEAST)
			break;
		r = try_round(s, flags, DEPTH);
	}
	return r < 0 ? r : 0;
}

/* Does somebody explain nearly all of them, and for all that is known is no mere reaction? */
static bool has_single_cause(const struct search *s)
{
	for (size_t i = 0; i < s->whole->suspect_cnt; i++) {
		const struct verdict_entity *e = &s->whole->suspects[i];

		if (e->linked && e->role != ROLE_REACTS && e->hits + LEAST > s->all)
			return true;
	}
	return false;
}

static void drop_found(struct search *s)
{
	while (s->found_cnt)
		release_found(&s->found[--s->found_cnt]);
}

/*
 * One is named by what another leaves, which is not named by what the one leaves. That stands when the
 * other one leads there, and is tied to its part by more than luck whatever else is true.
 */
static bool stands_alone(const struct search *s, const struct verdict_entity *other)
{
	return s->last && s->last->suspect_cnt && other->linked && other->role == ROLE_SUSPECT &&
	       other->e_false <= allowed_error(s) && str_eq(s->last->suspects[0].name, other->name);
}

/* Nobody is named: each suspect that explains a part is set aside in turn, to see who explains the rest. */
static int find_together(struct search *s, bool *flags)
{
	int r = 0;

	if (has_single_cause(s))
		return 0;
	for (size_t i = 0; !r && i < s->whole->suspect_cnt && i < MAX_START; i++) {
		const struct verdict_entity *e = &s->whole->suspects[i];

		if (e->hits < LEAST || e->hits + LEAST > s->all)
			continue;
		memcpy(flags, e->hit, s->all * sizeof(*flags));
		r = try_round(s, flags, DEPTH);
		if (r == 1)
			r = remove_and_repeat(s, flags);
		if (s->found_cnt > 1 || (s->found_cnt == 1 && stands_alone(s, e)))
			break;
		drop_found(s);
	}
	return r < 0 ? r : 0;
}

/*
 * Each is judged anew by all that the others leave, whichever was found first. One that is not named by
 * them stands only if it was by all incidents together; else nothing was found.
 */
static int judge_anew(struct search *s, bool *flags)
{
	for (size_t i = 0; i < s->found_cnt; i++) {
		struct found *f = &s->found[i];
		struct verdict *v = NULL;
		uint32_t n = 0;
		int r;

		explained_by(s, i, flags);
		r = judge(s, flags, f->error, &v);
		if (r)
			return r;
		if (v->kind != VERDICT_NAMED || !str_eq(v->suspects[0].name, f->name)) {
			verdict_free(v);
			if (!f->by)
				continue;
			drop_found(s);
			return s->whole->kind == VERDICT_NAMED ? add_found(s, NULL, NULL, 0) : 0;
		}
		verdict_free(f->by);
		f->by = v;
		f->judged = v->recurrences;
		for (uint32_t k = 0; k < s->all; k++)
			f->hit[k] = !flags[k] && v->suspects[0].hit[n++];
		f->explains = count(f->hit, s->all);
		f->rise = v->suspects[0].delta;
	}
	return 0;
}

/* ---- the verdict of all ---- */

/* What the round says of it takes the place of what all incidents together say. */
static void adopt(const struct search *s, const struct found *f, struct verdict_entity *e)
{
	const struct verdict_entity *by = f->by ? &f->by->suspects[0] : NULL;

	e->role = ROLE_CULPRIT;
	e->tie_group = 0;
	e->hits = 0;
	for (uint32_t k = 0; k < s->all; k++) {
		e->hit[k] = f->hit[k];
		e->evidence->recurrences[k].hit = f->hit[k];
		e->hits += f->hit[k];
	}
	if (!by)
		return;
	e->linked = true;
	e->clock_shared = false;
	e->flat = by->flat;
	e->posterior = by->posterior;
	e->log_bf = by->log_bf;
	e->e_false = by->e_false;
	e->p_adj = by->p_adj;
	e->place_cnt = by->place_cnt;
	e->f = by->f;
	e->delta = by->delta;
	e->delta_low = by->delta_low;
	e->delta_high = by->delta_high;
	e->incident = by->incident;
	e->runs = by->runs;
	e->direction = by->direction;
	e->evidence->tau = by->evidence->tau;
	e->evidence->threshold = by->evidence->threshold;
}

static int add_cause(const struct search *s, const struct found *f, size_t suspect,
		     struct verdict *v)
{
	struct verdict_cause *c = &v->causes[v->cause_cnt++];

	c->suspect = suspect;
	c->judged = f->judged;
	c->choices = causes_choices(s->all, f->judged);
	c->incidents = calloc(s->all + 1, sizeof(*c->incidents));
	if (!c->incidents)
		return -ENOMEM;
	for (uint32_t k = 0; k < s->all; k++)
		if (f->hit[k])
			c->incidents[c->incident_cnt++] = k;
	return 0;
}

static int by_place(const void *va, const void *vb)
{
	const struct found *a = va, *b = vb;

	/* what explains more, or else rose more, first: the way they were found does not show */
	if (a->explains != b->explains)
		return a->explains > b->explains ? -1 : 1;
	if (a->rise != b->rise)
		return a->rise > b->rise ? -1 : 1;
	return str_cmp(a->name, b->name);
}

/* Blames all incidents once more, now that the causes are known. */
static int blame_known(struct search *s, struct verdict **v)
{
	struct str names[CAUSES_MAX];
	struct blame_opts o = *s->o;
	struct verdict *better = NULL;
	int r;

	qsort(s->found, s->found_cnt, sizeof(s->found[0]), by_place);
	for (size_t i = 0; i < s->found_cnt; i++)
		names[i] = s->found[i].name;
	o.causes = names;
	o.cause_cnt = s->found_cnt;
	r = blame_run(s->t, s->inc, s->cnt, &o, &better, s->err);
	if (r)
		return r;
	for (size_t i = 0; i < s->found_cnt; i++) {
		adopt(s, &s->found[i], &better->suspects[i]);
		if (better->explained && str_eq(better->explained->name, names[i]))
			adopt(s, &s->found[i], better->explained);
	}
	verdict_free(*v);
	s->whole = *v = better;
	return 0;
}

/* Who leads among what is left. */
static int note_open(const struct search *s, struct verdict *v)
{
	const struct verdict_entity *first;

	if (!s->last || !s->last->suspect_cnt || s->last->recurrences != v->open_cnt)
		return 0;
	first = &s->last->suspects[0];
	if (is_found(s, first->name) || first->hits < LEAST)
		return 0;
	v->open_leader = (struct str){mem_strndup(first->name.p, first->name.len), first->name.len};
	return v->open_leader.p ? 0 : -ENOMEM;
}

static int finish(struct search *s, bool *flags, struct verdict **v)
{
	int r = s->found_cnt && s->found[s->found_cnt - 1].by ? blame_known(s, v) : 0;

	if (r || !s->found_cnt)
		return r;
	explained_by(s, SIZE_MAX, flags);
	(*v)->open_cnt = s->all - count(flags, s->all);
	(*v)->causes = calloc(s->found_cnt, sizeof(*(*v)->causes));
	if (!(*v)->causes)
		return -ENOMEM;
	for (size_t i = 0; !r && i < s->found_cnt; i++)
		r = add_cause(s, &s->found[i], i, *v);
	return r ? r : note_open(s, *v);
}

static int search(struct search *s, struct verdict **v)
{
	bool *flags = new_flags(s);
	int r = flags && s->aside ? 0 : -ENOMEM;

	if (!r && (*v)->kind == VERDICT_NAMED)
		r = add_found(s, NULL, NULL, 0);
	if (!r && s->found_cnt)
		r = remove_and_repeat(s, flags);
	else if (!r)
		r = find_together(s, flags);
	if (!r && s->found_cnt > 1)
		r = judge_anew(s, flags);
	if (!r)
		r = finish(s, flags, v);
	free(flags);
	return r;
}

int causes_run(const struct timeline *t, const struct blame_incident *inc, size_t cnt,
	       const struct blame_opts *o, struct verdict **ret, struct err *err)
{
	const struct blame_opts automatic = {0};
	struct verdict *v = NULL;
	struct search s = {.t = t, .inc = inc, .cnt = cnt, .o = o ? o : &automatic, .err = err};
	int r = blame_run(t, inc, cnt, o, &v, err);

	if (r)
		return r;
	s.whole = v;
	s.all = v->recurrences;
	s.aside = calloc(cnt + 1, sizeof(*s.aside));
	r = search(&s, &v);
	if (r == -ENOMEM)
		r = err_set(err, r, "out of memory");
	release_search(&s);
	if (r)
		verdict_free(v);
	else
		*ret = v;
	return r;
}
