// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/guard.h"
#include "agent/selfstats.h"
#include "base/clock.h"
#include "collect/probe.h"
#include "commands.h"
#include "proc/pressure.h"

struct config {
	const char *store;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR",
	 "also show what the agent that writes there costs, and what it has switched off", 0, 0},
};

#define MIB (1024.0 * 1024.0)

static void line(const char *state, const char *name, const char *fmt, ...) printf_like(3, 4);

static void line(const char *state, const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("%-8s  %-22s ", state, name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static const char *within(double value, double limit)
{
	return limit <= 0 || value <= limit ? "ok" : "OVER";
}

static void show_agent(const char *dir)
{
	struct selfstats_brief s;
	struct err err = {{0}};
	double memory;
	char *path;
	int r;

	if (asprintf(&path, "%s/" SELFSTATS_FILE, dir) < 0)
		return;
	r = selfstats_read(path, clock_wall_ns(&clock_system), &s, &err);
	free(path);
	if (r == -ENOENT) {
		line("no", "agent", "none has written to %s yet", dir);
		return;
	}
	if (r) {
		line("no", "agent", "%s", err.text);
		return;
	}
	line(s.sampling > 0 ? "ok" : "no", "agent", "%s %.0f s ago (" SELFSTATS_FILE ")",
	     s.sampling > 0 ? "was sampling" : "was disabled, or ended,", s.age_s);
	memory = s.resident_bytes + s.kernel_bytes;
	line(within(s.cpu_share, s.cpu_budget), "its CPU time",
	     "%.2f %% of a CPU, may take %.2f %%", 100 * s.cpu_share, 100 * s.cpu_budget);
	line(within(memory, s.memory_budget), "its memory", "%.1f MiB, may take %.1f MiB",
	     memory / MIB, s.memory_budget / MIB);
	line("ok", "its rate", "%.0f samples per second and CPU", s.rate_hz);
	line(s.lost > 0 ? "LOST" : "ok", "its samples",
	     "%.0f of %.0f processes, %.0f windows stored; lost %.0f", s.samples, s.processes,
	     s.windows_stored, s.lost);
	if (s.sampling > 0)
		line(s.parsers_up > 0 ? "ok" : "no", "its parsers",
		     "%.0f files read, %.0f without an answer; their process died %.0f times",
		     s.parsed, s.unparsed, s.parsers_deaths);
}

static void show_guard(const char *dir)
{
	struct guard_verdict verdict;
	struct guard_note note;
	struct err err = {{0}};
	struct buf names;
	int r = guard_look(dir, &note, &verdict, &err);

	if (r && r != -ENOENT) {
		line("no", "boot-loop guard", "%s", err.text);
		return;
	}
	buf_init(&names, 4096);
	if (!r)
		guard_add_names(&names, verdict.off);
	if (r || !verdict.off)
		line("ok", "boot-loop guard", "nothing is off");
	else if (!buf_error(&names))
		line("OFF", "boot-loop guard",
		     "%s: the machine went down while the agent was attaching; to try again: "
		     "culprit agent --retry-attach, or delete %s/" GUARD_FILE,
		     names.data, dir);
	buf_release(&names);
}

/* What windows tell of besides samples. */
static void show_pressure(void)
{
	uint64_t stalled_ns[PRESSURE_CNT];
	struct pressure_files f;
	uint32_t known;

	pressure_open(&f, "/proc");
	known = pressure_read(&f, stalled_ns);
	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "pressure, %s", pressure_name(i));
		line(known & 1U << i ? "ok" : "no", name, "%s",
		     known & 1U << i ? "symptom can look at it" : pressure_why_not(f.error[i]));
	}
	pressure_close(&f);
}

static int run(const void *config, const struct operands *operands)
{
	struct probe_feature features[PROBE_MAX];
	const struct config *c = config;
	size_t cnt;

	if (operands->cnt)
		return command_failf("'%s': takes no operands", operands->words[0]);
	cnt = probe_run(features);
	for (size_t i = 0; i < cnt; i++) {
		const struct probe_feature *f = &features[i];

		line(f->works ? "ok" : f->required ? "MISSING" : "no", f->name, "%s", f->reason);
	}
	show_pressure();
	if (c->store) {
		putchar('\n');
		show_agent(c->store);
		show_guard(c->store);
	}
	if (probe_ok(features, cnt)) {
		puts("\nThe agent can run here.");
		return EXIT_DONE;
	}
	puts("\nThe agent cannot run here: see MISSING above.");
	return EXIT_NEGATIVE;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "what works on this kernel, and why the rest does not",
	.usage = "[--store DIR]",
	.examples = "  culprit doctor            exit status 1 if the agent could not run\n"
		    "  culprit doctor --store /var/lib/culprit   and what the agent there costs\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){0},
	.config_size = sizeof(struct config),
	.run = run,
};
