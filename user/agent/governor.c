// SPDX-License-Identifier: Apache-2.0
#include "agent/governor.h"

#include <string.h>

/* A raise must leave this share of the budget when the cost doubles with the rate. */
#define RAISE_HEADROOM	0.8
/* Below this share of the budget what depends on the rate is not what makes it too much. */
#define LEAST_RATE_COST 0.25
/* So many times the budget is far above. */
#define FAR_ABOVE	4.0
#define FAST_LIMIT	2.0

static uint32_t bounded(const struct governor_policy *p, uint32_t hz)
{
	if (hz < p->min_hz)
		return p->min_hz;
	return hz > p->max_hz ? p->max_hz : hz;
}

uint32_t governor_decide(const struct governor_policy *p, const struct governor_view *v)
{
	double cost = v->slow;
	bool too_much = v->slow > p->cpu_budget;

	if (v->fast > FAST_LIMIT * p->cpu_budget) {
		too_much = true;
		cost = v->fast;
	}
	if (too_much) {
		if (cost * v->rate_share < LEAST_RATE_COST * p->cpu_budget)
			return v->hz;
		return bounded(p, v->hz / (cost > FAR_ABOVE * p->cpu_budget ? 4 : 2));
	}
	if (v->hz < p->max_hz && v->slow >= 0 && v->since_change_ns >= v->raise_ns &&
	    2 * v->slow <= RAISE_HEADROOM * p->cpu_budget)
		/* halving rounds down: doubling must reach the top again */
		return 2 * v->hz + 1 >= p->max_hz ? p->max_hz : 2 * v->hz;
	return v->hz;
}

void governor_init(struct governor *g, const struct governor_policy *policy, uint64_t now_ns)
{
	memset(g, 0, sizeof(*g));
	g->policy = *policy;
	g->hz = policy->max_hz;
	g->start_ns = g->changed_ns = now_ns;
	g->raise_ns = GOVERNOR_RAISE_NS;
}

static double cost_between(const struct governor_usage *a, const struct governor_usage *b)
{
	uint64_t ns = b->mono_ns - a->mono_ns;

	return ns ? (double)(b->cpu_ns - a->cpu_ns + b->bpf_ns - a->bpf_ns) / (double)ns : 0;
}

static double fixed_between(const struct governor_usage *a, const struct governor_usage *b)
{
	double all = (double)(b->cpu_ns - a->cpu_ns + b->bpf_ns - a->bpf_ns);

	return all > 0 ? (double)(b->fixed_ns - a->fixed_ns) / all : 0;
}

/* The latest point that is at least so old; NULL when none is. */
static const struct governor_usage *point_before(const struct governor *g, uint64_t ago_ns)
{
	const struct governor_usage *found = NULL;
	uint64_t now_ns = g->history[g->cnt - 1].mono_ns;

	for (size_t i = 0; i + 1 < g->cnt; i++)
		if (now_ns - g->history[i].mono_ns >= ago_ns)
			found = &g->history[i];
	return found;
}

static void remember(struct governor *g, const struct governor_usage *u)
{
	const struct governor_usage *last = g->cnt ? &g->history[g->cnt - 1] : NULL;

	/* a counter that could not be read shows less than before: the next one tells */
	if (last && (u->mono_ns <= last->mono_ns || u->cpu_ns < last->cpu_ns ||
		     u->bpf_ns < last->bpf_ns || u->fixed_ns < last->fixed_ns))
		return;
	if (g->cnt == GOVERNOR_HISTORY) {
		memmove(g->history, g->history + 1, (g->cnt - 1) * sizeof(*u));
		g->cnt--;
	}
	g->history[g->cnt++] = *u;
}

static void note_change(struct governor *g, uint32_t hz, uint64_t now_ns)
{
	bool raised = hz > g->hz;

	if (raised) {
		/* the one before did well */
		if (g->raised_ns && now_ns - g->raised_ns > GOVERNOR_TRIAL_NS)
			g->raise_ns = GOVERNOR_RAISE_NS;
		g->raised_ns = now_ns;
	} else if (g->raised_ns && now_ns - g->raised_ns <= GOVERNOR_TRIAL_NS) {
		/* the raise was a mistake */
		g->raised_ns = 0;
		g->raise_ns *= 2;
		if (g->raise_ns > GOVERNOR_MAX_RAISE_NS)
			g->raise_ns = GOVERNOR_MAX_RAISE_NS;
	}
	g->hz = hz;
	g->changed_ns = now_ns;
	g->changes++;
	/* what came before was another rate's */
	g->history[0] = g->history[g->cnt - 1];
	g->cnt = 1;
}

bool governor_take(struct governor *g, const struct governor_usage *u, uint32_t *ret_hz)
{
	const struct governor_usage *fast, *slow;
	struct governor_view v = {.hz = g->hz, .fast = -1, .slow = -1, .raise_ns = g->raise_ns};
	uint32_t hz;

	remember(g, u);
	g->share = cost_between(&g->history[0], &g->history[g->cnt - 1]);
	if (u->mono_ns - g->start_ns < GOVERNOR_GRACE_NS) {
		g->history[0] = g->history[g->cnt - 1];
		g->cnt = 1;
		return false;
	}
	fast = point_before(g, GOVERNOR_FAST_NS);
	slow = point_before(g, GOVERNOR_SLOW_NS);
	u = &g->history[g->cnt - 1];
	if (!fast)
		return false;
	v.fast = cost_between(fast, u);
	v.rate_share = 1 - fixed_between(fast, u);
	if (slow) {
		v.slow = g->share = cost_between(slow, u);
		v.rate_share = 1 - fixed_between(slow, u);
	}
	v.since_change_ns = u->mono_ns - g->changed_ns;
	g->over = g->hz <= g->policy.min_hz && v.slow > g->policy.cpu_budget;
	hz = governor_decide(&g->policy, &v);
	if (hz == g->hz)
		return false;
	note_change(g, hz, u->mono_ns);
	*ret_hz = hz;
	return true;
}
