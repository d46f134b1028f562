/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticks.h - the clock event of each CPU that drives the sampler.
 *
 * Software cpu-clock with a fixed period (frequency mode would wander): an hrtimer per CPU, safe on
 * every machine and in every guest, blind only where interrupts are off.
 *
 * Phases are spread: all CPUs ticking at once would contend for the rings, and would never see what
 * others do between ticks. The timer's first expiry is one period after the event is enabled, and
 * it keeps that phase from then on (hrtimer_forward_now() adds whole periods). So events are opened
 * disabled and then enabled one after the other, in random order, the i-th of n at a random point
 * of the i-th n-th of one period. Starting takes one period in all.
 */
#ifndef COLLECT_TICKS_H
#define COLLECT_TICKS_H

#include "base/compiler.h"
#include "base/err.h"
#include "collect/cpus.h"

struct ticks;

/*
 * prog_fd: the perf_event program; stays the caller's and must outlive this. No event is open yet.
 */
int must_check ticks_new(uint64_t period_ns, int prog_fd, struct ticks **ret);

/*
 * Opens events for CPUs that are new in the list, closes those of CPUs that are no longer in it, or
 * have been away since the last call. A CPU that goes offline in the middle of this is skipped. 0
 * or -errno with a line in err; what was opened before stays.
 */
int must_check ticks_follow(struct ticks *t, const struct cpu_list *online, struct err *err);

/*
 * Changes the period: a new event takes over on each CPU. (PERF_EVENT_IOC_PERIOD would not do: the
 * sample's period, which is its weight, stays that of the opening; see perf_swevent_hrtimer().)
 *
 * Totals stay right on the average: what an event has begun of its last period is never told, half
 * of one on the average, so the old event goes half a period after the new one has begun. Takes one
 * new and half an old period. 0, or -errno with a line in err: CPUs that could not change keep
 * their period, and change with the next call.
 */
int must_check ticks_set_period(struct ticks *t, uint64_t period_ns, struct err *err);

size_t ticks_cnt(const struct ticks *t); /* CPUs that are being sampled */
void ticks_free(
	struct ticks *t); /* closes all events: no program runs any more when this returns */

#endif
