// SPDX-License-Identifier: Apache-2.0
/*
 * causes [WORLDS [FIRST-SEED]] - how often blame finds both of two causes, in worlds of
 * tests/unit/blame_world.h, and how often somebody who is none: a Markdown table, WORLDS for each line.
 *
 * A day of 20 s windows, 32 CPUs, 19 Hz, labels up to 40 s off; each cause adds 1.5 cores in its half of
 * the incidents. Worlds without a second cause: the other half takes no CPU, or has wrong labels, or it is
 * all of one cause without CPU, to which others react half of the time.
 */
#include "base/num.h"
#include "unit/blame_world.h"

struct line {
	const char *name;
	uint32_t k;
	double first, second;
	bool half; /* the other half of the incidents is the second one's */
	bool reacting, wrong;
	double fickle;
};

static const struct line lines[] = {
	{"two causes, K = 6", 6, 1.5, 1.5, .half = true},
	{"two causes, K = 8", 8, 1.5, 1.5, .half = true},
	{"others react, K = 6", 6, 1.5, 1.5, .half = true, .reacting = true},
	{"others react, K = 8", 8, 1.5, 1.5, .half = true, .reacting = true},
	{"the second takes no CPU, K = 8", 8, 1.5, 0, .half = true, .reacting = true},
	{"half of the labels wrong, K = 8", 8, 1.5, 0, .wrong = true, .reacting = true},
	{"no CPU, others react now and then, K = 8", 8, 0, 0, .reacting = true, .fickle = 0.5},
};

struct tally {
	unsigned int both, one, wrong;
};

static struct world_opts world_of(const struct line *l, uint64_t seed)
{
	return (struct world_opts){
		.seed = seed,
		.services = 150,
		.rare = 150,
		.windows = 86400 / 20,
		.window_s = 20,
		.k = l->k,
		.cpus = 32,
		.hz = 19,
		.incident_s = 300,
		.culprit = l->first,
		.second = l->second,
		.seconds = l->half ? l->k / 2 : 0,
		.wrong = l->wrong ? l->k / 2 : 0,
		.label_error_s = 40,
		.symptom_s = 20,
		.react_s = 60,
		.reacting = l->reacting ? 6 : 0,
		.victims = l->reacting ? 15 : 0,
		.helpers = l->reacting ? 3 : 0,
		.fickle = l->fickle,
	};
}

static void note(struct tally *t, const struct verdict *v)
{
	bool first = false, second = false, wrong = false;

	for (size_t i = 0; i < v->cause_cnt; i++) {
		struct str name = v->suspects[v->causes[i].suspect].name;

		if (str_eq(name, STR_LIT("culprit")))
			first = true;
		else if (str_eq(name, STR_LIT("second")))
			second = true;
		else
			wrong = true;
	}
	t->both += first && second;
	t->one += first != second;
	t->wrong += wrong;
}

static bool play(const struct line *l, uint64_t worlds, uint64_t seed)
{
	struct tally t = {0};

	for (uint64_t i = 0; i < worlds; i++) {
		struct world_opts o = world_of(l, seed + i);
		struct verdict *v = NULL;
		struct world w;

		if (world_make(&w, &o))
			v = world_blame(&w);
		world_release(&w);
		if (!v)
			return false;
		note(&t, v);
		verdict_free(v);
	}
	printf("| %s | %llu | %u | %u | %u |\n", l->name, (unsigned long long)worlds, t.both, t.one,
	       t.wrong);
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	uint64_t worlds = 20, seed = 9000;

	if ((argc > 1 && num_parse_u64(str_of(argv[1]), &worlds)) ||
	    (argc > 2 && num_parse_u64(str_of(argv[2]), &seed)) || argc > 3 || worlds > 100000) {
		fprintf(stderr, "usage: causes [WORLDS [FIRST-SEED]]\n");
		return 2;
	}
	printf("| worlds of | number | both named | one of them named | somebody else named |\n"
	       "|---|---|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!play(&lines[i], worlds, seed))
			return 2;
	return 0;
}
