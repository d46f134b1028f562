// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/budget.h"
#include "agent/disable.h"
#include "agent/governor.h"
#include "agent/guard.h"
#include "agent/keeper.h"
#include "agent/selfstats.h"
#include "agent/usage.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"

#define LOOK_EVERY_NS	NSEC_PER_SEC
#define SHRINK_EVERY_NS (30 * NSEC_PER_SEC)
#define GIVE_EVERY_NS	(10 * NSEC_PER_SEC) /* free memory back to the kernel */
#define MAX_TEXT	(1 << 20)
#define CACHE_DIR	"cache" /* in the store's directory: symbol files, see elf/symcache.h */

struct agent {
	struct agent_opts opts;
	struct keeper *keeper;
	const struct clock *clock;
	struct recorder *recorder; /* NULL: disabled */
	struct budget budget;
	struct governor governor;
	struct guard guard;
	bool governed, healthy, said_over, said_memory;
	struct disable disable;
	char *prom_path, *cache_path;
	uint64_t attached_ns, looked_ns, told_ns, shrunk_ns, gave_ns;
	uint64_t shrinks, windows; /* windows: stored, when it was last told of */
	uint64_t resident_bytes;
	struct recorder_stats seen; /* of this recorder, when last looked at */
	struct recorder_stats past; /* of all recorders before it */
};

static uint64_t now(const struct agent *a)
{
	return clock_mono_ns(a->clock);
}

/* See recorder_opts. */
static bool is_disabled_now(void *agent)
{
	struct agent *a = agent;

	return disable_is_there(&a->disable, now(a));
}

/* Counters only: what is a state is that of the last recorder. */
static void add_stats(struct recorder_stats *to, const struct recorder_stats *from)
{
	to->collector.samples += from->collector.samples;
	to->collector.idle += from->collector.idle;
	to->collector.run_ns += from->collector.run_ns;
	for (size_t i = 0; i < UNWIND_END_CNT; i++)
		to->pipeline.unwind.ends[i] += from->pipeline.unwind.ends[i];
	for (size_t i = 0; i < PRESSURE_CNT; i++)
		to->stalled_ns[i] += from->stalled_ns[i];
	to->sandbox.runs += from->sandbox.runs;
	to->sandbox.crashes += from->sandbox.crashes;
	to->sandbox.timeouts += from->sandbox.timeouts;
	to->sandbox.refused += from->sandbox.refused;
	to->sandbox.cpu_ns += from->sandbox.cpu_ns;
	for (size_t i = 0; i < SANDBOX_DEATH_CNT; i++)
		to->sandbox.deaths[i] += from->sandbox.deaths[i];
}

/* That of a sandbox's processes becomes our children's when they end. */
static uint64_t cpu_ns(const struct agent *a)
{
	return usage_cpu_ns() + a->seen.sandbox.live_cpu_ns;
}

static void set_policy(struct agent *a)
{
	struct governor_policy policy = {
		.min_hz = COLLECTOR_MIN_HZ,
		.max_hz = a->opts.recorder.collect.hz,
		.cpu_budget = a->opts.cpu_budget * a->seen.collector.cpus_online,
	};

	if (!a->governed)
		governor_init(&a->governor, &policy, now(a));
	a->governor.policy = policy; /* CPUs come and go */
	a->governed = true;
}

/* As long as nobody has to be looked for in between, and a window is not sealed late by much. */
static unsigned int poll_ms(const struct agent *a)
{
	uint64_t half_ms = a->opts.recorder.window_ns / 2 / (NSEC_PER_SEC / 1000);
	unsigned int ms = disable_fd(&a->disable) < 0 ? AGENT_POLL_MS / 2 : AGENT_POLL_MS;

	return half_ms && half_ms < ms ? (unsigned int)half_ms : ms;
}

static int attach(struct agent *a, struct err *err)
{
	struct recorder_opts opts = a->opts.recorder;
	int r;

	if (a->governed)
		opts.collect.hz = a->governor.hz;
	opts.budget = &a->budget;
	opts.watch_fd = disable_fd(&a->disable);
	opts.poll_ms = poll_ms(a);
	opts.cache_dir = a->cache_path;
	opts.is_wanted_elsewhere = is_disabled_now;
	opts.wanted_arg = a;
	if (a->guard.verdict.off & GUARD_KERNEL_STACKS)
		opts.collect.no_kernel_stacks = true;
	if (a->guard.verdict.off & GUARD_UNWIND_RULES)
		opts.collect.no_unwind_rules = true;
	guard_attaching(&a->guard);
	r = recorder_new(&opts, keeper_sink, a->keeper, &a->recorder, err);
	if (r) { /* we are alive to tell */
		guard_healthy(&a->guard);
		return r;
	}
	a->attached_ns = now(a);
	a->healthy = false;
	recorder_stats(a->recorder, &a->seen);
	set_policy(a);
	return 0;
}

static int detach(struct agent *a, struct err *err)
{
	int r = recorder_finish(a->recorder, err);

	recorder_stats(a->recorder, &a->seen);
	add_stats(&a->past, &a->seen);
	recorder_free(a->recorder);
	a->recorder = NULL;
	a->seen = (struct recorder_stats){.pipeline.processes = a->seen.pipeline.processes,
					  .collector.cpus_online = a->seen.collector.cpus_online};
	guard_healthy(&a->guard);
	return r;
}

/* ---- telling ---- */

static const char *const unwind_ends[UNWIND_END_CNT] = {
	[UNWIND_END_NONE] = "none",	      [UNWIND_END_WHOLE] = "whole",
	[UNWIND_END_TRUNCATED] = "truncated", [UNWIND_END_BROKEN] = "broken",
	[UNWIND_END_NO_RULE] = "no_rule",     [UNWIND_END_JIT] = "jit",
	[UNWIND_END_UNKNOWN] = "unknown",     [UNWIND_END_UNFINISHED] = "unfinished",
};

static const struct selfstats_row *ceilings(const struct agent *a,
					    struct selfstats_row rows[BUDGET_CNT])
{
	for (unsigned int i = 0; i < BUDGET_CNT; i++)
		rows[i] = (struct selfstats_row){budget_part_name(i),
						 (double)a->budget.part_bytes[i]};
	return rows;
}

static void fill_selfstats(const struct agent *a, struct selfstats *s)
{
	struct recorder_stats all = a->past;
	struct keeper_stats kept;

	add_stats(&all, &a->seen);
	keeper_stats(a->keeper, &kept);
	*s = (struct selfstats){
		.sampling = a->recorder != NULL,
		.samples = all.collector.samples,
		.idle_ticks = all.collector.idle,
		.cpu_ns = cpu_ns(a),
		.bpf_ns = all.collector.run_ns,
		.cpu_share = a->governor.share,
		.cpu_budget = a->governor.policy.cpu_budget,
		.resident_bytes = a->resident_bytes,
		.kernel_bytes = a->seen.collector.map_bytes,
		.memory_budget = a->opts.memory_budget,
		.shrinks = a->shrinks,
		.rate_hz = a->recorder ? a->governor.hz : 0,
		.rate_changes = a->governor.changes,
		.cpus = a->recorder ? a->seen.collector.cpus_online : 0,
		.processes = a->seen.pipeline.processes,
		.windows_stored = kept.stored_windows,
		.windows_given_up = kept.given_up_windows,
		.windows_waiting = kept.waiting,
		.clock_forth = kept.clock_forth,
		.clock_back = kept.clock_back,
		.features_off = a->guard.verdict.off,
	};
	memcpy(s->lost, kept.lost, sizeof(s->lost));
}

static void tell(struct agent *a)
{
	struct selfstats_row waits[PRESSURE_CNT];
	struct selfstats_row ends[UNWIND_END_CNT], parts[BUDGET_CNT], deaths[SANDBOX_DEATH_CNT];
	const struct sandbox_stats *box = &a->seen.sandbox, *past = &a->past.sandbox;
	const struct selfstats_row runs = {NULL, (double)(past->runs + box->runs)};
	const struct selfstats_row up = {NULL, a->recorder && box->is_alive};
	const struct selfstats_row failures[] = {
		{"crashed", (double)(past->crashes + box->crashes)},
		{"timed_out", (double)(past->timeouts + box->timeouts)},
		{"refused", (double)(past->refused + box->refused)},
	};
	const struct selfstats_table tables[] = {
		{"culprit_unwind_total", "Samples by how their user stack ends.", "result", ends,
		 UNWIND_END_CNT},
		{"culprit_sandbox_runs_total", "Files given to a parser in the sandbox.", NULL,
		 &runs, 1},
		{"culprit_sandbox_failures_total", "Files that no parser gave an answer for.",
		 "reason", failures, ARRAY_SIZE(failures)},
		{"culprit_sandbox_deaths_total",
		 "Times that the process died that makes the parsers' processes, and is replaced.",
		 "reason", deaths, SANDBOX_DEATH_CNT},
		{"culprit_sandbox_up", "1 while that process is there.", NULL, &up, 1},
		{"culprit_memory_ceiling_bytes", "Memory that each part may take.", "part",
		 ceilings(a, parts), BUDGET_CNT},
		{"culprit_pressure_stalled_seconds_total",
		 "Time in which a task of the machine waited, while the agent watched.", "resource",
		 waits, PRESSURE_CNT},
	};
	struct selfstats s;
	struct err err = {{0}};
	struct buf text;
	int r;

	a->told_ns = now(a);
	for (size_t i = 0; i < UNWIND_END_CNT; i++)
		ends[i] = (struct selfstats_row){unwind_ends[i],
						 (double)(a->past.pipeline.unwind.ends[i] +
							  a->seen.pipeline.unwind.ends[i])};
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		waits[i] = (struct selfstats_row){
			pressure_name(i),
			(double)(a->past.stalled_ns[i] + a->seen.stalled_ns[i]) / 1e9};
	for (unsigned int i = 0; i < SANDBOX_DEATH_CNT; i++)
		deaths[i] = (struct selfstats_row){sandbox_death_name(i),
						   (double)(past->deaths[i] + box->deaths[i])};
	fill_selfstats(a, &s);
	s.tables = tables;
	s.table_cnt = ARRAY_SIZE(tables);
	buf_init(&text, MAX_TEXT);
	selfstats_format(&s, &text);
	if (a->opts.add_stats)
		a->opts.add_stats(a->opts.stats_arg, &text);
	r = buf_error(&text);
	if (!r)
		r = fs_write_lightly(a->prom_path, buf_str(&text), &err);
	if (r)
		log_debug("agent: cannot tell of itself: %s", *err.text ? err.text : strerror(-r));
	buf_release(&text);
}

/* ---- budgets ---- */

static void govern(struct agent *a, uint64_t now_ns)
{
	struct governor_usage u = {
		.mono_ns = now_ns,
		.cpu_ns = cpu_ns(a),
		.bpf_ns = a->past.collector.run_ns + a->seen.collector.run_ns,
		.fixed_ns = a->past.sandbox.cpu_ns + a->seen.sandbox.cpu_ns,
	};
	uint32_t before = a->governor.hz, hz;
	struct err err = {{0}};

	if (a->opts.other_cpu_ns)
		u.fixed_ns += a->opts.other_cpu_ns(a->opts.other_cpu_arg);
	set_policy(a);
	if (governor_take(&a->governor, &u, &hz)) {
		log_warn("agent: takes %.2f %% of a CPU, may take %.2f %%: from %u to %u samples "
			 "per second and CPU",
			 100 * a->governor.share, 100 * a->governor.policy.cpu_budget, before, hz);
		if (recorder_set_hz(a->recorder, hz, &err))
			log_warn("agent: the rate of some CPUs stays: %s", err.text);
	}
	if (a->governor.over && !a->said_over)
		log_warn("agent: takes %.2f %% of a CPU at the lowest rate, more than the %.2f %% "
			 "it may",
			 100 * a->governor.share, 100 * a->governor.policy.cpu_budget);
	a->said_over = a->governor.over;
}

static void keep_memory(struct agent *a, uint64_t now_ns)
{
	uint64_t bytes;

	if (now_ns - a->gave_ns >= GIVE_EVERY_NS) {
		a->gave_ns = now_ns;
		mem_give_back();
	}
	a->resident_bytes = usage_resident_bytes();
	bytes = a->resident_bytes + a->seen.collector.map_bytes;
	if (bytes <= a->opts.memory_budget || now_ns - a->shrunk_ns < SHRINK_EVERY_NS)
		return;
	a->shrunk_ns = now_ns;
	a->shrinks++;
	if (!a->said_memory)
		log_warn("agent: takes %.1f MiB, may take %.1f MiB: emptying caches",
			 (double)bytes / (1 << 20), (double)a->opts.memory_budget / (1 << 20));
	a->said_memory = true;
	recorder_shrink(a->recorder);
	mem_give_back();
}

/* ---- life ---- */

/* What happens once a second. */
static void look(struct agent *a, uint64_t now_ns)
{
	struct keeper_stats kept;

	if (now_ns - a->looked_ns < LOOK_EVERY_NS)
		return;
	a->looked_ns = now_ns;
	if (a->recorder) {
		recorder_stats(a->recorder, &a->seen);
		govern(a, now_ns);
		keep_memory(a, now_ns);
		if (!a->healthy && now_ns - a->attached_ns >= GUARD_HEALTHY_NS) {
			guard_healthy(&a->guard);
			a->healthy = true;
		}
	}
	keeper_stats(a->keeper, &kept);
	if (now_ns - a->told_ns >= AGENT_TELL_EVERY_NS ||
	    (kept.stored_windows != a->windows && now_ns - a->told_ns >= NSEC_PER_SEC)) {
		a->windows = kept.stored_windows;
		tell(a);
	}
}

static int poll_disabled(struct agent *a, struct err *err)
{
	struct timespec pause = {.tv_nsec = (long)AGENT_POLL_MS / 2 * 1000 * 1000};
	int r;

	if (is_disabled_now(a)) {
		(void)nanosleep(&pause, NULL);
		return 0;
	}
	r = attach(a, err);
	if (r)
		return r;
	log_warn("agent: '%s' is gone: sampling again", a->disable.path);
	tell(a);
	return 0;
}

int agent_poll(struct agent *a, struct err *err)
{
	int r;

	if (!a->recorder) {
		r = poll_disabled(a, err);
	} else if (is_disabled_now(a)) {
		r = detach(a, err);
		log_warn("agent: '%s' is there: detached, waiting until it is gone",
			 a->disable.path);
		tell(a);
	} else {
		r = recorder_poll(a->recorder, err);
	}
	look(a, now(a));
	return r;
}

int agent_finish(struct agent *a, struct err *err)
{
	int r = a->recorder ? detach(a, err) : 0;

	tell(a);
	return r;
}

static int set_up(struct agent *a, const char *dir, struct err *err)
{
	struct budget_opts budget = {
		.memory_bytes = a->opts.memory_budget,
		.hz = a->opts.recorder.collect.hz,
	};
	unsigned int wanted = GUARD_SAMPLING;
	int r;

	if (asprintf(&a->prom_path, "%s/" SELFSTATS_FILE, dir) < 0)
		a->prom_path = NULL;
	if (asprintf(&a->cache_path, "%s/" CACHE_DIR, dir) < 0)
		a->cache_path = NULL;
	if (disable_init(&a->disable, dir) || !a->prom_path || !a->cache_path)
		return err_set(err, ENOMEM, "out of memory");
	r = budget_divide_here(&budget, &a->budget, err);
	if (r)
		return r;
	keeper_set_max_bytes(a->keeper, a->budget.waiting_bytes);
	if (!a->opts.recorder.collect.no_kernel_stacks)
		wanted |= GUARD_KERNEL_STACKS;
	if (!a->opts.recorder.collect.no_unwind_rules)
		wanted |= GUARD_UNWIND_RULES;
	r = guard_begin(&a->guard, dir, wanted, a->opts.retry_attach, err);
	if (r)
		return r;
	if (!is_disabled_now(a))
		return attach(a, err);
	log_warn("agent: '%s' is there: attaching nothing, waiting until it is gone",
		 a->disable.path);
	return 0;
}

int agent_new(const struct agent_opts *opts, struct keeper *keeper, struct agent **ret_agent,
	      struct err *err)
{
	struct agent *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return err_set(err, ENOMEM, "out of memory");
	a->opts = *opts;
	a->opts.dir = NULL;
	a->keeper = keeper;
	a->clock = &clock_system;
	r = set_up(a, opts->dir, err);
	if (r) {
		agent_free(a);
		return r;
	}
	tell(a);
	*ret_agent = a;
	return 0;
}

void agent_free(struct agent *a)
{
	if (!a)
		return;
	recorder_free(a->recorder);
	guard_release(&a->guard);
	disable_release(&a->disable);
	free(a->prom_path);
	free(a->cache_path);
	free(a);
}

bool agent_is_disabled(const struct agent *a)
{
	return !a->recorder;
}

size_t agent_processes(const struct agent *a)
{
	return a->seen.pipeline.processes;
}
