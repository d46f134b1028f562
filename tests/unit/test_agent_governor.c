// SPDX-License-Identifier: Apache-2.0
#include "agent/governor.h"
#include "unit/tap.h"

#define S NSEC_PER_SEC

static const struct governor_policy policy = {.min_hz = 1, .max_hz = 97, .cpu_budget = 0.02};

struct row {
	const char *what;
	struct governor_view view;
	uint32_t want;
};

static const struct row rows[] = {
	{"nothing known", {97, -1, -1, 1, 0, 20 * S}, 97},
	{"within the budget", {97, 0.019, 0.019, 1, 60 * S, 20 * S}, 97},
	{"a little above it", {97, 0.021, 0.021, 1, 60 * S, 20 * S}, 48},
	{"above it for a moment", {97, 0.039, -1, 1, 5 * S, 20 * S}, 97},
	{"twice as much for a moment", {97, 0.041, -1, 1, 5 * S, 20 * S}, 48},
	{"far above", {97, 0.2, -1, 1, 5 * S, 20 * S}, 24},
	{"far above for long", {97, 0.03, 0.2, 1, 60 * S, 20 * S}, 24},
	{"at the lowest rate", {1, 0.2, 0.2, 1, 60 * S, 20 * S}, 1},
	{"above, but for symbols alone", {97, 0.1, 0.1, 0.04, 60 * S, 20 * S}, 97},
	{"above, for symbols and samples", {97, 0.1, 0.1, 0.2, 60 * S, 20 * S}, 24},
	{"room for twice as much", {48, 0.004, 0.008, 1, 60 * S, 20 * S}, 97},
	{"nearly", {48, 0.004, 0.0081, 1, 60 * S, 20 * S}, 48},
	{"room, but not for long yet", {48, 0.004, 0.004, 1, 19 * S, 20 * S}, 48},
	{"room, as far as known", {48, 0.004, -1, 1, 60 * S, 20 * S}, 48},
	{"from the lowest rate", {1, 0, 0, 1, 60 * S, 20 * S}, 2},
	{"never above the highest", {97, 0, 0, 1, 60 * S, 20 * S}, 97},
	{"64 is not a half of 97", {64, 0, 0, 1, 60 * S, 20 * S}, 97},
};

/* A machine: fixed cost, and so much for each sample of its two CPUs. */
struct world {
	double fixed, a_sample; /* CPU seconds a second; CPU seconds */
	struct governor_usage u;
	struct governor g;
	uint32_t changes, lowest, highest;
	double spent;
};

static void start(struct world *w, double fixed, double a_sample)
{
	*w = (struct world){.fixed = fixed, .a_sample = a_sample, .lowest = 97, .highest = 1};
	w->u.mono_ns = 1000 * S;
	governor_init(&w->g, &policy, w->u.mono_ns);
}

static void run(struct world *w, uint32_t seconds)
{
	w->spent = 0;
	w->lowest = 97;
	w->highest = 1;
	w->changes = 0;
	for (uint32_t i = 0; i < seconds; i++) {
		double bpf = w->g.hz * 2 * w->a_sample;
		uint32_t hz;

		w->u.mono_ns += S;
		w->u.cpu_ns += (uint64_t)(w->fixed * 1e9);
		w->u.bpf_ns += (uint64_t)(bpf * 1e9);
		w->spent += w->fixed + bpf;
		w->changes += governor_take(&w->g, &w->u, &hz);
		w->lowest = w->g.hz < w->lowest ? w->g.hz : w->lowest;
		w->highest = w->g.hz > w->highest ? w->g.hz : w->highest;
	}
	w->spent /= seconds;
}

static void test_worlds(void)
{
	struct world w;

	start(&w, 0.002, 20e-6);
	run(&w, 3600);
	is_u64(w.changes, 0, "a cheap agent is left alone");
	is_near(w.g.share, 0.002 + 97 * 2 * 20e-6, 1e-4, "and its cost is known");

	start(&w, 0.002, 300e-6); /* 0.06 at 97 Hz */
	run(&w, 600);
	ok(w.g.hz == 24 && w.spent < 0.02 && !w.g.over, "a dear one ends at %u Hz, %.4f", w.g.hz,
	   w.spent);
	run(&w, 3600);
	ok(w.lowest == 24 && w.spent < 0.02, "and stays below: %u changes in an hour, %.4f",
	   w.changes, w.spent);

	w.a_sample = 20e-6; /* the load has gone */
	run(&w, 1500);
	is_u64(w.g.hz, 97, "with the load gone it comes back to the top");

	start(&w, 0.05, 1e-9);
	w.u.fixed_ns = 0;
	for (int i = 0; i < 120; i++) {
		uint32_t hz;

		w.u.mono_ns += S;
		w.u.cpu_ns += S / 20;
		w.u.fixed_ns += S / 20;
		w.changes += governor_take(&w.g, &w.u, &hz);
	}
	is_u64(w.changes, 0, "what no rate would make cheaper lowers none");

	start(&w, 0.03, 1e-6);
	run(&w, 600);
	ok(w.g.hz == 1 && w.g.over, "a cost that never fits ends at 1 Hz, and says so");
}

/* A load that fits at 48 Hz now and then: raises must become rare. */
static void test_backoff(void)
{
	struct world w;
	uint32_t changes = 0;

	start(&w, 0, 100e-6);
	for (int minute = 0; minute < 240; minute++) {
		w.a_sample = minute % 2 ? 400e-6 : 20e-6;
		run(&w, 60);
		changes += w.changes;
	}
	ok(changes > 4 && changes < 100, "%u changes in four hours of a load that comes and goes",
	   changes);
}

static void test_odd(void)
{
	struct governor_usage u = {.mono_ns = 1000 * S};
	struct governor g;
	uint32_t hz = 0, changes = 0;

	governor_init(&g, &policy, u.mono_ns);
	for (int i = 0; i < 9; i++) {
		u.mono_ns += S;
		u.cpu_ns += S;
		changes += governor_take(&g, &u, &hz);
	}
	is_u64(changes, 0, "the start may cost what it must");
	for (int i = 0; i < 60; i++) {
		u.mono_ns += S;
		u.cpu_ns = i % 2 ? 9 * S : 0;
		changes += governor_take(&g, &u, &hz);
	}
	is_u64(changes, 0, "counters that go back mean nothing");
	u.mono_ns = 5;
	ok(!governor_take(&g, &u, &hz), "nor does a clock that does");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_u64(governor_decide(&policy, &rows[i].view), rows[i].want, "%s", rows[i].what);
	test_worlds();
	test_backoff();
	test_odd();
	return tap_done();
}
