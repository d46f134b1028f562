// SPDX-License-Identifier: Apache-2.0
/*
 * blame_grid - how often blame is right, in worlds of tests/unit/blame_world.h; and how long 500
 * processes x 7 days take. `blame_grid [worlds-per-cell [first-seed [part-of-a-name]]]` (20, 1000,
 * all of them).
 *
 * Columns: NAMED and right, NAMED and wrong, culprit first in the list whatever the verdict,
 * culprit in the list; then the verdicts: Sh(ortlist) Sc(hedule) Di(d not rise) Ne(ed more).
 */
#include <time.h>

#include "base/num.h"
#include "unit/blame_world.h"

struct tally {
	unsigned int worlds, right, wrong, first, listed, kinds[6], sure[5], sure_right[5];
	double seconds;
};

static unsigned int worlds = 20, first_seed = 1000;
static const char *only = "";
static struct tally all;

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const struct world_opts day = {
	.services = 150,
	.rare = 150,
	.windows = 2880,
	.window_s = 30,
	.cpus = 32,
	.hz = 19,
	.incident_s = 300,
	.label_error_s = 40,
	.symptom_s = 20,
	.react_s = 60,
	.reacting = 6,
	.victims = 15,
	.helpers = 3,
};

static void count(struct tally *t, const struct verdict *v, const struct world_opts *o)
{
	int place = world_place(v);

	t->worlds++;
	t->kinds[v->kind]++;
	t->right += v->kind == VERDICT_NAMED && !place;
	t->wrong += v->kind == VERDICT_NAMED && place;
	t->first += !place;
	t->listed += place >= 0;
	if (v->kind == VERDICT_NAMED && (place || getenv("ALL")) && getenv("VERBOSE"))
		printf("# seed %llu: %.*s f %.4f hits %u runs %u posterior %.3f e_false %.4g rise "
		       "%.2f onset %.2f after_loss %.2f timed %u lag %.1f victims %zu\n",
		       (unsigned long long)o->seed, (int)v->suspects[0].name.len,
		       v->suspects[0].name.p, v->suspects[0].f, v->suspects[0].hits,
		       v->suspects[0].runs, v->suspects[0].posterior, v->suspects[0].e_false,
		       v->suspects[0].delta, v->suspects[0].direction.onset,
		       v->suspects[0].direction.after_loss, v->suspects[0].direction.timed,
		       v->suspects[0].direction.lag_s, v->victim_cnt);
	for (size_t i = 0; i < v->suspect_cnt; i++) {
		int b = (int)(v->suspects[i].posterior * 5);

		b = b > 4 ? 4 : b;
		all.sure[b]++;
		all.sure_right[b] += (int)i == place;
	}
}

static void judge(struct tally *t, const struct world_opts *o)
{
	struct world w;
	struct verdict *v;
	double start;

	if (!world_make(&w, o))
		exit(2);
	start = now_s();
	v = world_blame(&w);
	t->seconds += now_s() - start;
	if (!v)
		exit(2);
	count(t, v, o);
	verdict_free(v);
	world_release(&w);
}

static void run_cell(const char *name, struct world_opts o)
{
	struct tally t = {0};
	double n = worlds / 100.0;

	if (!strstr(name, only))
		return;

	for (unsigned int s = 0; s < worlds; s++) {
		o.seed = first_seed + s;
		judge(&t, &o);
	}
	printf("| %-38s | %3.0f | %3.0f | %3.0f | %3.0f | %3.0f | %3.0f | %3.0f | %3.0f |\n", name,
	       t.right / n, t.wrong / n, t.first / n, t.listed / n, t.kinds[VERDICT_SHORTLIST] / n,
	       t.kinds[VERDICT_SCHEDULE_CONFOUNDED] / n, t.kinds[VERDICT_CPU_DID_NOT_RISE] / n,
	       t.kinds[VERDICT_NEED_MORE] / n);
	fflush(stdout);
}

static void run_hits(void)
{
	static const double sizes[] = {0.4, 1.5, 5};
	static const char *const clocks[] = {"random", "hourly", "daily"};
	static const uint32_t ks[] = {1, 2, 3, 5};
	char name[64];

	for (int c = 0; c < 3; c++) {
		for (size_t i = 0; i < 12; i++) {
			struct world_opts o = day;

			o.clock = (enum world_clock)c;
			if (o.clock == WORLD_DAILY) {
				o.windows = 7200;
				o.window_s = 120;
			}
			o.culprit = sizes[i / 4];
			o.k = ks[i % 4];
			snprintf(name, sizeof(name), "%s, +%.1f of 32 cores, K=%u", clocks[c],
				 o.culprit, o.k);
			run_cell(name, o);
		}
	}
}

static void run_variants(void)
{
	struct world_opts o = day;

	o.culprit = 1.5;
	o.k = 4;
	o.wrong = 1;
	run_cell("+1.5, K=4, 1 label wrong", o);
	o.k = 5;
	o.wrong = 2;
	run_cell("+1.5, K=5, 2 labels wrong", o);
	o.wrong = 0;
	o.reacting = o.helpers = o.victims = 0;
	run_cell("+1.5, K=5, nobody reacts", o);
	o = day;
	o.culprit = 5;
	o.k = 3;
	o.load = 0.9;
	run_cell("+5, K=3, machine full", o);
	o = day;
	o.k = 3;
	run_cell("culprit without CPU, others react, K=3", o);
	o.k = 5;
	run_cell("culprit without CPU, others react, K=5", o);
	o.windows = 8640;
	o.window_s = 10;
	run_cell("the same, windows of 10 s, K=5", o);
	o.culprit = 1.5;
	o.k = 3;
	run_cell("+1.5, K=3, windows of 10 s", o);
	o.k = 5;
	run_cell("+1.5, K=5, windows of 10 s", o);
}

static void run_null(void)
{
	char name[64];

	for (int c = 0; c < 2; c++) {
		for (uint32_t k = 1; k <= 5; k++) {
			struct world_opts o = day;

			o.clock = (enum world_clock)c;
			o.k = k;
			o.reacting = o.helpers = o.victims = 0;
			snprintf(name, sizeof(name), "no culprit, %s, K=%u",
				 c ? "hourly" : "random", k);
			run_cell(name, o);
		}
	}
}

static void run_short(void)
{
	char name[64];

	for (uint32_t k = 2; k <= 5; k++) {
		struct world_opts o = {
			.services = 50,
			.rare = 10,
			.windows = 120,
			.window_s = 1,
			.cpus = 2,
			.hz = 97,
			.incident_s = 3,
			.incident_max_s = 5,
			.label_error_s = 0.7,
			.symptom_s = 0.4,
			.culprit = 0.9,
			.victims = 3,
			.k = k,
		};

		snprintf(name, sizeof(name), "120 windows of 1 s, +0.9 of 2, K=%u", k);
		run_cell(name, o);
		o.culprit = 0;
		o.victims = 0;
		snprintf(name, sizeof(name), "the same, no culprit, K=%u", k);
		run_cell(name, o);
	}
}

static void run_speed(void)
{
	struct world_opts o = {
		.seed = 1,
		.services = 490,
		.rare = 10,
		.windows = 60480,
		.window_s = 10,
		.cpus = 32,
		.incident_s = 300,
		.culprit = 2,
		.k = 5,
	};
	struct tally t = {0};

	judge(&t, &o);
	printf("\n500 processes x 7 days of 10 s windows, 5 min incidents: %.3f s\n", t.seconds);
	o.incident_s = 20;
	t.seconds = 0;
	judge(&t, &o);
	printf("500 processes x 7 days of 10 s windows, 20 s incidents: %.3f s\n", t.seconds);
}

int main(int argc, char **argv)
{
	uint64_t n = worlds, seed = first_seed;

	if ((argc > 1 && num_parse_u64(str_of(argv[1]), &n)) ||
	    (argc > 2 && num_parse_u64(str_of(argv[2]), &seed))) {
		fprintf(stderr,
			"usage: blame_grid [worlds-per-cell [first-seed [part-of-a-name]]]\n");
		return 2;
	}
	worlds = (unsigned int)n;
	first_seed = (unsigned int)seed;
	if (argc > 3)
		only = argv[3];
	printf("| world | right | wrong | first | listed | Sh | Sc | Di | Ne |\n"
	       "|---|---|---|---|---|---|---|---|---|\n");
	if (worlds) {
		run_short();
		run_null();
		run_variants();
		run_hits();
	}
	printf("\nposterior: of so many suspects listed, how many were the culprit\n");
	for (int b = 0; b < 5; b++)
		printf("%.1f-%.1f: %u of %u\n", b / 5.0, (b + 1) / 5.0, all.sure_right[b],
		       all.sure[b]);
	if (!*only)
		run_speed();
	return 0;
}
