// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/budget.h"
#include "agent/keeper.h"
#include "commands.h"
#include "listen.h"
#include "push.h"
#include "ship/shipstats.h"
#include "signals.h"
#include "store/store.h"
#include "tool.h"
#include "watch.h"

struct config {
	const char *store;
	uint64_t hz, window_ns, block_ns, max_age_ns, max_bytes, memory_budget;
	double cpu_budget; /* per cent */
	bool no_kernel_stacks, no_unwind_rules, retry_attach, lines, subsecond;
	struct push_options push;
	struct listen_options listen;
	const char *heartbeat;
	uint64_t heartbeat_ns, verify_ns;
	bool verify;
};

#define DAY_NS (86400 * NSEC_PER_SEC)

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR",
	 "where to keep the profiles; made if missing", 0, 0},
	{"hz", 0, OPT_NUMBER, offsetof(struct config, hz), "N",
	 "samples per second and CPU (default 97)", COLLECTOR_MIN_HZ, COLLECTOR_MAX_HZ},
	{"window", 0, OPT_DURATION, offsetof(struct config, window_ns), "TIME",
	 "length of a window (default 10s), aligned to the wall clock", 0.1, 3600},
	{"block", 0, OPT_DURATION, offsetof(struct config, block_ns), "TIME",
	 "time that one file of the store covers (default 6h)", 60, 31 * 86400},
	{"max-age", 0, OPT_DURATION, offsetof(struct config, max_age_ns), "TIME",
	 "drop blocks that are older, but for marked ones (default 14d; 0s: never)", 0, 1e10},
	{"max-bytes", 0, OPT_BYTES, offsetof(struct config, max_bytes), "SIZE",
	 "drop the oldest blocks while the store is larger (default 2GiB; 0: never)", 0, 1e18},
	{"lines", 0, OPT_FLAG, offsetof(struct config, lines), NULL,
	 "functions inlined into others become frames, where there is debug information", 0, 0},
	{"subsecond", 0, OPT_FLAG, offsetof(struct config, subsecond), NULL,
	 "store when each sample was taken, to 20 ms, for culprit show --heatmap (about 1.2 bytes "
	 "a "
	 "sample)",
	 0, 0},
	{"no-kernel-stacks", 0, OPT_FLAG, offsetof(struct config, no_kernel_stacks), NULL,
	 "user stacks only", 0, 0},
	{"no-unwind-rules", 0, OPT_FLAG, offsetof(struct config, no_unwind_rules), NULL,
	 "user stacks by frame pointer alone, as far as that goes", 0, 0},
	{"memory-budget", 0, OPT_BYTES, offsetof(struct config, memory_budget), "SIZE",
	 "memory that the agent may take, in the kernel too (default 96MiB)", 0, 1e15},
	{"cpu-budget", 0, OPT_REAL, offsetof(struct config, cpu_budget), "PERCENT",
	 "of a CPU, for each CPU sampled: above it the rate is lowered (default 1)", 0.001, 100},
	PUSH_OPTIONS(struct config, push),
	{"verify", 0, OPT_FLAG, offsetof(struct config, verify), NULL,
	 "read back from each backend a small profile that is pushed now and then: what is taken "
	 "is not yet stored",
	 0, 0},
	{"verify-every", 0, OPT_DURATION, offsetof(struct config, verify_ns), "TIME",
	 "how often (default 60s)", 5, 86400},
	LISTEN_OPTIONS(struct config, listen),
	{"heartbeat", 0, OPT_STRING, offsetof(struct config, heartbeat), "URL[,K=V…]",
	 "POST there now and then while sampling, storing and pushing are fresh", 0, 0},
	{"heartbeat-every", 0, OPT_DURATION, offsetof(struct config, heartbeat_ns), "TIME",
	 "how often (default 60s)", 1, 86400},
	{"retry-attach", 0, OPT_FLAG, offsetof(struct config, retry_attach), NULL,
	 "switch on again what is off since the machine went down with it", 0, 0},
};

static void say_goodbye(const struct agent *agent, const struct keeper *keeper)
{
	struct keeper_stats kept;
	uint64_t lost;

	keeper_stats(keeper, &kept);
	lost = kept.lost_samples + kept.given_up_samples + kept.waiting_samples;
	(void)fprintf(stderr,
		      "culprit agent: stored %" PRIu64 " window%s with %" PRIu64
		      " samples of %zu processes; lost %" PRIu64 " samples\n",
		      kept.stored_windows, kept.stored_windows == 1 ? "" : "s", kept.stored_samples,
		      agent_processes(agent), lost);
	if (kept.waiting)
		command_warn("%zu windows could not be stored: %s", kept.waiting,
			     kept.last_error.text);
}

/* ---- pushing ---- */

#define PUSH_GRACE_NS (3 * NSEC_PER_SEC)

static void push_window(void *shipper, const struct store_place *place, struct profile *window)
{
	shipper_offer(shipper, place, window);
}

static uint64_t push_cpu_ns(void *shipper)
{
	return shipper_cpu_ns(shipper);
}

/* ---- the parts, in the order in which they are made ---- */

struct parts {
	struct store *store;
	struct keeper *keeper;
	struct shipper *shipper; /* NULL: nothing is pushed */
	struct agent *agent;
	struct receive *receive;   /* NULL: nobody may tell of alerts */
	struct listener *listener; /* NULL: nobody may ask */
	struct watch watch;
};

static void add_stats(void *arg, struct buf *text)
{
	const struct parts *p = arg;

	if (p->shipper)
		shipstats_format(p->shipper, text);
	if (p->receive)
		receive_stats(p->receive, text);
}

static int make_agent(const struct config *c, struct parts *p, struct err *err)
{
	struct agent_opts agent_opts = {
		.recorder = {.collect = {.hz = (uint32_t)c->hz,
					 .no_kernel_stacks = c->no_kernel_stacks,
					 .no_unwind_rules = c->no_unwind_rules},
			     .window_ns = c->window_ns,
			     .inlines = c->lines,
			     .moments = c->subsecond},
		.dir = c->store,
		.memory_budget = c->memory_budget,
		.cpu_budget = c->cpu_budget / 100,
		.retry_attach = c->retry_attach,
		.add_stats = add_stats,
		.stats_arg = p,
	};

	if (p->shipper) {
		keeper_set_next(p->keeper, push_window, p->shipper);
		agent_opts.other_cpu_ns = push_cpu_ns;
		agent_opts.other_cpu_arg = p->shipper;
	}
	return agent_new(&agent_opts, p->keeper, &p->agent, err);
}

static int set_up(const struct config *c, struct parts *p, struct err *err)
{
	const struct store_opts store_opts = {
		.block_ns = c->block_ns, .max_age_ns = c->max_age_ns, .max_bytes = c->max_bytes};
	struct push_options push = c->push;
	int r = store_open(c->store, STORE_WRITE, &store_opts, &p->store, err);

	if (!r && keeper_new(p->store, &clock_system, &p->keeper))
		r = err_set(err, ENOMEM, "out of memory");
	push.verify_ns = c->verify ? c->verify_ns : 0;
	push.window_ns = c->window_ns;
	if (!r && c->push.targets.cnt)
		r = push_start(&push, c->store, false, &p->shipper, err);
	if (!r && c->listen.address && receive_new(c->store, &clock_system, &p->receive))
		r = err_set(err, ENOMEM, "out of memory");
	if (!r)
		r = make_agent(c, p, err);
	if (!r && c->listen.address)
		r = listener_new(&c->listen, c->store, p->receive, &p->listener, err);
	if (r)
		return r;
	p->watch = (struct watch){.agent = p->agent,
				  .keeper = p->keeper,
				  .shipper = p->shipper,
				  .window_ns = c->window_ns};
	return watch_start(&p->watch, c->heartbeat, c->heartbeat_ns, err);
}

static void tear_down(struct parts *p)
{
	watch_stop(&p->watch);
	listener_free(p->listener);
	agent_free(p->agent);
	receive_free(p->receive);
	keeper_free(p->keeper);
	shipper_free(p->shipper, PUSH_GRACE_NS);
	store_close(p->store);
}

static int loop(struct parts *p, struct err *err)
{
	int r = 0, finished;

	while (!r && !signals_stop()) {
		r = agent_poll(p->agent, err);
		listener_beat(p->listener);
		watch_look(&p->watch);
	}
	finished = agent_finish(p->agent, r ? NULL : err);
	return r ? r : finished;
}

static void say_hello(const struct config *c, const struct parts *p)
{
	if (!agent_is_disabled(p->agent))
		(void)fprintf(stderr, "culprit agent: sampling at %" PRIu64 " Hz, storing to %s\n",
			      c->hz, c->store);
	if (p->listener)
		(void)fprintf(stderr, "culprit agent: listening on %s\n",
			      listener_address(p->listener));
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct parts p = {.store = NULL};
	struct keeper_stats kept;
	struct err err = {{0}};
	int r, status = EXIT_DONE;

	if (operands->cnt)
		return command_failf("'%s': takes no operands", operands->words[0]);
	if (!c->store)
		return command_failf("--store DIR is needed");
	if (c->verify && !c->push.targets.cnt)
		return command_failf("--verify wants --push URL");
	signals_catch();
	r = set_up(c, &p, &err);
	if (!r) {
		say_hello(c, &p);
		r = loop(&p, &err);
		say_goodbye(p.agent, p.keeper);
		keeper_stats(p.keeper, &kept);
		if (kept.waiting || kept.given_up_windows)
			status = EXIT_FAILED;
	}
	tool_warn_store(p.store);
	if (r)
		status = command_fail(&err);
	tear_down(&p);
	return status;
}

const struct command cmd_agent = {
	.name = "agent",
	.summary = "record all processes all the time into a store (the flight recorder)",
	.usage = "--store DIR [--hz N] [--window 10s] [--push URL] [--listen ADDRESS]",
	.examples = "  culprit agent --store /var/lib/culprit\n"
		    "  culprit agent --store DIR --window 1s --max-age 7d --max-bytes 1GiB\n"
		    "  culprit agent --store DIR --listen 127.0.0.1:7070\n"
		    "  culprit agent --store DIR --push https://pyroscope:4040 --label cluster=a\n"
		    "  culprit agent --store DIR "
		    "--push https://profiles.example,user=123,password-file=/etc/culprit/push\n",
	.details =
		"Runs until SIGINT or SIGTERM, then stores what it has. Losses are counted and "
		"stored with the "
		"windows: see culprit ls.\n"
		"While a file DIR/disable is there, the agent attaches nothing to the kernel and "
		"waits; it detaches within a second.\n" PUSH_DETAILS
		"What a backend misses while it is down is in the store, and is sent when it is "
		"back: see "
		"culprit spool.\n"
		"DIR/agent.prom tells what it costs, for node_exporter's textfile collector and "
		"culprit doctor --store DIR.\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.hz = 97,
					   .window_ns = 10 * NSEC_PER_SEC,
					   .block_ns = 6 * 3600 * NSEC_PER_SEC,
					   .max_age_ns = 14 * DAY_NS,
					   .max_bytes = (uint64_t)2 << 30,
					   .push = PUSH_DEFAULTS,
					   .heartbeat_ns = 60 * NSEC_PER_SEC,
					   .verify_ns = 60 * NSEC_PER_SEC,
					   .memory_budget = BUDGET_DEFAULT_BYTES,
					   .cpu_budget = 100 * AGENT_DEFAULT_CPU_BUDGET},
	.config_size = sizeof(struct config),
	.run = run,
};
