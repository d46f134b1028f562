/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h - a recorder that looks after itself for months.
 *
 *	r = agent_new(&opts, keeper, &agent, err);
 *	while (!stop && !(r = agent_poll(agent, err)))
 *		;
 *	r = agent_finish(agent, err);
 *	agent_free(agent);
 *
 * It keeps to its budgets (budget.h, governor.h), tells of itself in DIR/agent.prom (selfstats.h),
 * attaches under the boot-loop guard (guard.h), and watches DIR/disable: while that file is there,
 * nothing is attached, no window is made, what is stored stays, and the agent waits. What is said
 * to an operator goes to the log as warnings.
 *
 * One thread; agent_poll() takes AGENT_POLL_MS at most, longer while the rate changes.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/recorder.h"
#include "base/err.h"

#define AGENT_POLL_MS	    1000 /* each time costs some 100 µs, whatever there is to do */
#define AGENT_TELL_EVERY_NS (10 * NSEC_PER_SEC) /* agent.prom */

#define AGENT_DEFAULT_CPU_BUDGET 0.01

struct agent;
struct keeper;

struct agent_opts {
	struct recorder_opts recorder; /* its `budget` is ours to set */
	const char *dir;	       /* for the files above: the store's. Copied */
	uint64_t memory_budget;	       /* bytes */
	double cpu_budget;	       /* CPUs, for each CPU that is sampled */
	bool retry_attach;	       /* forget what the boot-loop guard knows */

	/* Appends more metrics to agent.prom; NULL: there are none. */
	void (*add_stats)(void *arg, struct buf *text);
	void *stats_arg;

	/* CPU time of threads of this process that the rate of sampling does not change; NULL: there
	 * are none. */
	uint64_t (*other_cpu_ns)(void *arg);
	void *other_cpu_arg;
};

/* Attaches, unless it is disabled. The keeper gets the windows; borrowed. 0 or -errno with a line
 * in err. */
int must_check agent_new(const struct agent_opts *opts, struct keeper *keeper,
			 struct agent **ret_agent, struct err *err);
int must_check agent_poll(struct agent *a, struct err *err);
int must_check agent_finish(struct agent *a, struct err *err); /* detaches, seals, says goodbye */
void agent_free(struct agent *a);			       /* NULL is fine */

bool agent_is_disabled(const struct agent *a);
size_t agent_processes(const struct agent *a); /* that are known, or were when it detached */

#endif
