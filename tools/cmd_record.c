// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/budget.h"
#include "agent/recorder.h"
#include "base/clock.h"
#include "child.h"
#include "commands.h"
#include "signals.h"
#include "tool.h"

struct config {
	const char *output, *format, *raw, *cgroup;
	uint64_t duration_ns, hz, pid, memory_budget;
	bool no_kernel_stacks, no_unwind_rules, stack_copies, lines, heatmap;
};

static const struct opt opts[] = {
	{"duration", 'd', OPT_DURATION, offsetof(struct config, duration_ns), "TIME",
	 "how long (default 10s, or as long as CMD runs)", 0.01, 86400 * 7},
	{"hz", 0, OPT_NUMBER, offsetof(struct config, hz), "N",
	 "samples per second and CPU (default 97)", COLLECTOR_MIN_HZ, COLLECTOR_MAX_HZ},
	{"pid", 'p', OPT_NUMBER, offsetof(struct config, pid), "PID",
	 "only this process and those it starts", 1, 4194304},
	{"cgroup", 0, OPT_STRING, offsetof(struct config, cgroup), "PATH",
	 "only this cgroup (v2) and those below it; as in /proc/PID/cgroup, or a directory", 0, 0},
	{"output", 'o', OPT_STRING, offsetof(struct config, output), "FILE",
	 "write there; the suffix picks the format (.html .svg .txt .json .folded .pb.gz)", 0, 0},
	{"format", 0, OPT_STRING, offsetof(struct config, format), "F",
	 "html, svg, text, json, folded or pprof", 0, 0},
	{"heatmap", 0, OPT_FLAG, offsetof(struct config, heatmap), NULL,
	 "write a sub-second heat map instead, html or text: see culprit show", 0, 0},
	{"raw", 0, OPT_STRING, offsetof(struct config, raw), "FILE",
	 "also write the raw records there, for culprit show --raw", 0, 0},
	{"stack-copies", 0, OPT_FLAG, offsetof(struct config, stack_copies), NULL,
	 "with --raw: each sample brings its registers and stack along, for checking the unwinder",
	 0, 0},
	{"memory-budget", 0, OPT_BYTES, offsetof(struct config, memory_budget), "SIZE",
	 "memory that it may take, in the kernel too (default 256MiB)", 0, 1e15},
	{"lines", 0, OPT_FLAG, offsetof(struct config, lines), NULL,
	 "functions inlined into others become frames, where there is debug information", 0, 0},
	{"no-kernel-stacks", 0, OPT_FLAG, offsetof(struct config, no_kernel_stacks), NULL,
	 "user stacks only", 0, 0},
	{"no-unwind-rules", 0, OPT_FLAG, offsetof(struct config, no_unwind_rules), NULL,
	 "user stacks by frame pointer alone, as far as that goes", 0, 0},
};

/* The cgroup's id is the inode of its directory in the v2 hierarchy, wherever that is mounted. */
static int find_cgroup(const char *path, uint64_t *ret_id, struct err *err)
{
	static const char *const roots[] = {"/sys/fs/cgroup/unified/", "/sys/fs/cgroup/", ""};
	char full[4096];
	struct stat st;
	int n;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		n = snprintf(full, sizeof(full), "%s%s", roots[i], path);
		if (n < 0 || (size_t)n >= sizeof(full))
			continue;
		if (!stat(full, &st) && S_ISDIR(st.st_mode)) {
			*ret_id = st.st_ino;
			return 0;
		}
	}
	return err_set(err, ENOENT, "--cgroup %s: no such cgroup below /sys/fs/cgroup", path);
}

static int take_profile(void *arg, struct profile *window)
{
	struct profile **profile = arg;

	profile_free(*profile);
	*profile = window;
	return 0;
}

/* Polls until time is up, the command has ended, or somebody wants us to stop. */
static int loop(struct recorder *recorder, uint64_t duration_ns, struct child *child,
		struct err *err)
{
	uint64_t end_ns = clock_mono_ns(&clock_system) + duration_ns;
	int r = 0, finished;

	while (!r && !signals_stop() && !(child && child_ended(child)) &&
	       (!duration_ns || clock_mono_ns(&clock_system) < end_ns))
		r = recorder_poll(recorder, err);
	finished = recorder_finish(recorder, r ? NULL : err);
	return r ? r : finished;
}

static void summarize(const struct profile *p)
{
	(void)fprintf(stderr,
		      "culprit record: %" PRIu64 " samples of %" PRIu32
		      " series in %.1f s on %" PRIu32 " CPUs; lost %" PRIu64 "\n",
		      p->total_cnt, p->series_cnt, (double)p->length_ns / 1e9, p->cpus,
		      loss_samples(p->lost));
}

static int record(const struct config *c, char **command, struct profile **ret, struct err *err)
{
	struct budget budget;
	struct recorder_opts rec_opts = {
		.collect = {.hz = (uint32_t)c->hz,
			    .pid = (uint32_t)c->pid,
			    .only_added = command != NULL,
			    .no_kernel_stacks = c->no_kernel_stacks,
			    .no_unwind_rules = c->no_unwind_rules,
			    .copy_all_stacks = c->stack_copies},
		.inlines = c->lines,
		.moments = c->heatmap,
		.raw_path = c->raw,
		.budget = &budget,
	};
	uint64_t duration_ns = c->duration_ns ? c->duration_ns : command ? 0 : 10 * NSEC_PER_SEC;
	struct budget_opts budget_opts = {
		.memory_bytes = c->memory_budget, .hz = (uint32_t)c->hz, .one_window = true};
	struct recorder *recorder = NULL;
	struct child child = CHILD_NONE;
	int r = 0;

	r = budget_divide_here(&budget_opts, &budget, err);
	if (!r && c->cgroup)
		r = find_cgroup(c->cgroup, &rec_opts.collect.cgroup_id, err);
	if (!r && c->pid && kill((pid_t)c->pid, 0) && errno == ESRCH)
		r = err_set(err, ESRCH, "--pid %" PRIu64 ": no such process", c->pid);
	if (!r && command)
		r = child_prepare(&child, command, err);
	if (!r)
		r = recorder_new(&rec_opts, take_profile, ret, &recorder, err);
	if (!r && command) {
		r = recorder_add_pid(recorder, (uint32_t)child.pid);
		r = r ? err_set(err, r, "cannot follow the command: %s", strerror(-r))
		      : child_start(&child, err);
	}
	if (!r)
		r = loop(recorder, duration_ns, command ? &child : NULL, err);
	if (!r)
		summarize(*ret);
	child_release(&child);
	recorder_free(recorder);
	return r;
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	unsigned int allowed = 1 << OUTPUT_TEXT | 1 << OUTPUT_SVG | 1 << OUTPUT_HTML |
			       1 << OUTPUT_JSON | 1 << OUTPUT_FOLDED | 1 << OUTPUT_PPROF;
	struct tool_diff_opts write_opts = {.title = "culprit record"};
	struct profile *profile = NULL;
	enum output_format format;
	struct err err = {{0}};
	int status;

	if (c->heatmap)
		allowed = 1 << OUTPUT_TEXT | 1 << OUTPUT_HTML;
	if (tool_pick_format(c->format, c->output, allowed, &format))
		return EXIT_FAILED;
	if (c->pid && operands->cnt)
		return command_failf("--pid and a command exclude each other");
	if (c->stack_copies && !c->raw)
		return command_failf("--stack-copies without --raw is of no use");
	if (tool_check_output(c->output))
		return EXIT_FAILED;
	signals_catch();
	if (record(c, operands->cnt ? operands->words : NULL, &profile, &err))
		status = command_fail(&err);
	else
		status = c->heatmap ? tool_write_heat(c->output, format, profile, &write_opts)
				    : tool_write_profile(c->output, format, profile, &write_opts);
	profile_free(profile);
	return status;
}

const struct command cmd_record = {
	.name = "record",
	.summary = "one-shot profile of the machine, a process, a cgroup or a command",
	.usage = "[-d 10s] [--hz N] [-p PID] [--cgroup PATH] [-o FILE] [-- CMD …]",
	.examples = "  culprit record                           10 s of everything, as a table\n"
		    "  culprit record -d 30s -o machine.svg     as a flame graph\n"
		    "  culprit record -p 1234 -o app.pb.gz      one process, for go tool pprof or "
		    "Pyroscope\n"
		    "  culprit record -o build.svg -- make -j8  a command and all that it starts\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.hz = 97, .memory_budget = (uint64_t)256 << 20},
	.config_size = sizeof(struct config),
	.stops_at_operand = true,
	.run = run,
};
