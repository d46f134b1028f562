/* SPDX-License-Identifier: Apache-2.0 */
/*
 * governor.h - keeps what the agent costs within its CPU budget, by the sampling rate.
 *
 *	governor_init(&g, &policy, now_ns);
 *	each second: if (governor_take(&g, &usage, &hz)) collector_set_hz(c, hz, …);
 *
 * The rate is halved (quartered when far above) while the cost is above the budget, and doubled
 * when twice the cost would still be well below it. A raise that had to be taken back is tried
 * again later and later. What does not depend on the rate, reading symbols above all, is part of
 * the cost, but is no reason to sample less when it is nearly all of it. A start costs more than
 * what follows: the first seconds are not judged.
 *
 * governor_decide() is the policy, a pure function; struct governor is its memory. No clock, no
 * effects. Not thread-safe.
 */
#ifndef AGENT_GOVERNOR_H
#define AGENT_GOVERNOR_H

#include "base/compiler.h"

#define GOVERNOR_GRACE_NS     (10 * NSEC_PER_SEC) /* not judged, after the start */
#define GOVERNOR_FAST_NS      (5 * NSEC_PER_SEC)  /* twice the budget for so long is too much */
#define GOVERNOR_SLOW_NS      (20 * NSEC_PER_SEC) /* as is the budget for so long */
#define GOVERNOR_RAISE_NS     (20 * NSEC_PER_SEC) /* quiet before a raise; doubles with each failure */
#define GOVERNOR_MAX_RAISE_NS (640 * NSEC_PER_SEC)
#define GOVERNOR_TRIAL_NS     (120 * NSEC_PER_SEC) /* a raise taken back within it has failed */
#define GOVERNOR_HISTORY      64

struct governor_policy {
	uint32_t min_hz, max_hz; /* of a CPU */
	double cpu_budget;	 /* CPU seconds a second, of the whole machine */
};

/* What is known at the moment of a decision. */
struct governor_view {
	uint32_t hz;
	double fast, slow; /* CPU seconds a second since the last change; < 0: not known yet */
	double rate_share; /* of that, the share that depends on the rate, 0..1 */
	uint64_t since_change_ns;
	uint64_t raise_ns; /* how long it must have been quiet before a raise */
};

/* The rate from here on. */
uint32_t governor_decide(const struct governor_policy *p, const struct governor_view *v);

/* All cumulative. */
struct governor_usage {
	uint64_t mono_ns;
	uint64_t cpu_ns;   /* the agent's and its children's */
	uint64_t bpf_ns;   /* the BPF programs' */
	uint64_t fixed_ns; /* the part of cpu_ns that does not depend on the rate */
};

struct governor {
	struct governor_policy policy; /* private, as is the rest; read hz, over and changes */
	struct governor_usage history[GOVERNOR_HISTORY];
	size_t cnt; /* oldest first */
	uint64_t start_ns, changed_ns, raised_ns;
	uint64_t raise_ns;
	uint32_t hz;
	double share; /* CPU seconds a second, over the last GOVERNOR_SLOW_NS as far as known */
	bool over;    /* above the budget at the lowest rate */
	uint64_t changes;
};

void governor_init(struct governor *g, const struct governor_policy *policy, uint64_t now_ns);

/* Once a second or so. True when the rate is to be changed to *ret_hz, which is taken as done. */
bool governor_take(struct governor *g, const struct governor_usage *u, uint32_t *ret_hz);

#endif
