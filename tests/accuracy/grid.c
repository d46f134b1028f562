// SPDX-License-Identifier: Apache-2.0
/*
 * grid DESIGN [WORLDS [FIRST-SEED [JOBS]]] - how often blame is right, in worlds of
 * tests/unit/blame_world.h, and how often rivals are, on the same data. One row of tab-separated
 * values a world; tables.pl makes tables of them. The same seed gives the same row.
 *
 *	random	every factor of a world is drawn by itself, so that all of them meet all others
 *	cells	recurrences x size of the culprit x clock, WORLDS of each, the rest as it mostly is
 *		(the culprit has half a core of work of its own)
 *	null	as random, but nobody's CPU is behind it: no incident at all (the label is a whim), a
 *		culprit that takes no CPU, or one on another node
 *	quick	random and null in turn, a day of history at most: what tests take
 *	wrong	as random, but 4 or 5 recurrences of which one label is wrong, and a culprit of +1.5 or +5
 *		cores: each row tells why the culprit is not first
 *	right	the same with 3 to 5 labels that are right
 *	short	two minutes of seconds on two CPUs, 2-5 incidents, with and without a culprit: WORLDS of each
 *	name	one history of ten incidents, asked after each: at which one is the culprit named?
 *
 * A clock that the history has no room for is not drawn (daily needs four days, hourly six hours).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "accuracy/rivals.h"
#include "base/num.h"
#include "unit/blame_world.h"

enum label_quality { LABEL_EXACT, LABEL_OFF, LABEL_ONE_WRONG };
enum null_kind { NULL_NOT, NULL_WHIM, NULL_NO_CPU, NULL_ELSEWHERE };

enum design {
	DESIGN_RANDOM,
	DESIGN_NULL,
	DESIGN_CELLS,
	DESIGN_NAME,
	DESIGN_SHORT,
	DESIGN_QUICK,
	DESIGN_WRONG,
	DESIGN_RIGHT,
	DESIGN_CNT
};

static const char *const design_names[] = {"random", "null",  "cells", "name",
					   "short",  "quick", "wrong", "right"};

struct cell {
	enum design design; /* never DESIGN_QUICK */
	uint32_t k;
	double cores, base, hz, slot_s, history_s;
	enum world_clock clock;
	enum label_quality labels;
	enum null_kind null;
	bool full;
};

struct row {
	struct cell cell;
	uint64_t seed;
	enum verdict_kind kind;
	int place;		    /* of the culprit among the suspects, from 0; -1: not there */
	uint32_t rivals[RIVAL_CNT]; /* place of the culprit, from 1 */
	uint32_t named_at;	    /* design name: after so many incidents; 0: never */
	uint32_t wrong_at;	    /* the same of another one */
	double e_false, ms;
	char first[32];
	struct buf beliefs; /* posterior:is-it-the-culprit of each suspect */
	struct buf why;	    /* evidence of who is first and of the culprit, when that is another */
};

struct work {
	enum design design;
	struct row *rows;
	size_t cnt;
	_Atomic size_t next;
	_Atomic bool failed;
};

static const char *const clock_names[] = {"random", "hourly", "daily"};
static const char *const label_names[] = {"exact", "+-40 s", "one wrong"};
static const char *const null_names[] = {"-", "whim", "no CPU", "other node"};

static const double sizes[] = {0.4, 1.5, 5}, bases[] = {0, 0, 0.2, 1}, rates[] = {1, 19, 99},
		    slots[] = {10, 20}, histories[] = {3600, 6 * 3600, 86400, 4 * 86400};

static uint32_t draw(struct world *w, uint32_t n)
{
	return (uint32_t)(world_unit(w) * n);
}

static bool possible(const struct cell *c)
{
	if (c->labels == LABEL_ONE_WRONG && c->k < 3)
		return false;
	if (c->clock == WORLD_HOURLY)
		return c->history_s >= 6 * 3600;
	if (c->clock == WORLD_DAILY)
		return c->history_s >= c->k * 86400.0;
	return true;
}

/* What the targets for labels that are right and for those that are not are about. */
static bool wanted(const struct cell *c)
{
	if (c->design == DESIGN_WRONG)
		return c->labels == LABEL_ONE_WRONG && c->k >= 4 && c->cores >= 1.5;
	if (c->design == DESIGN_RIGHT)
		return c->labels != LABEL_ONE_WRONG && c->k >= 3 && c->cores >= 1.5;
	return true;
}

/* Draws until all fits together: what is possible is equally probable. */
static struct cell draw_cell(uint64_t seed, enum design design, uint32_t history_cnt)
{
	bool null = design == DESIGN_NULL;
	struct world dice = {.rng = seed * UINT64_C(0x2545f4914f6cdd1d) + 99};
	struct cell c;

	do {
		c = (struct cell){
			.design = design,
			.k = 1 + draw(&dice, 5),
			.cores = sizes[draw(&dice, 3)],
			.base = bases[draw(&dice, 4)],
			.hz = rates[draw(&dice, 3)],
			.slot_s = slots[draw(&dice, 2)],
			.history_s = histories[draw(&dice, history_cnt)],
			.clock = (enum world_clock)draw(&dice, 3),
			.labels = (enum label_quality)draw(&dice, 3),
			.full = draw(&dice, 2),
			.null = (enum null_kind)(1 + draw(&dice, 3)),
		};
	} while (!possible(&c) || !wanted(&c));
	if (null)
		c.cores = c.base = 0;
	else
		c.null = NULL_NOT;
	return c;
}

/* Number i of 3 x 3 x 5: a day, four days for what is daily. */
static struct cell fixed_cell(size_t i)
{
	struct cell c = {
		.k = 1 + (uint32_t)(i % 5),
		.cores = sizes[i / 5 % 3],
		.base = 0.5,
		.clock = (enum world_clock)(i / 15 % 3),
		.hz = 19,
		.slot_s = 20,
		.labels = LABEL_OFF,
	};

	c.history_s = c.clock == WORLD_DAILY ? 10 * 86400 : 86400;
	if (c.clock == WORLD_DAILY)
		c.slot_s = 120;
	return c;
}

/* Number i of 4 x 2: what the demonstration of the program looks like. */
static struct cell short_cell(size_t i)
{
	return (struct cell){
		.k = 2 + (uint32_t)(i % 4),
		.cores = i / 4 % 2 ? 0 : 0.9,
		.null = i / 4 % 2 ? NULL_WHIM : NULL_NOT,
		.hz = 97,
		.slot_s = 1,
		.history_s = 120,
		.labels = LABEL_OFF,
	};
}

static struct world_opts short_world(const struct cell *c, uint64_t seed)
{
	return (struct world_opts){
		.seed = seed,
		.services = 50,
		.rare = 10,
		.windows = (uint32_t)c->history_s,
		.window_s = c->slot_s,
		.cpus = 2,
		.hz = c->hz,
		.incident_s = 3,
		.incident_max_s = 5,
		.label_error_s = 0.7,
		.symptom_s = 0.4,
		.culprit = c->cores,
		.victims = c->null ? 0 : 3,
		.k = c->k,
	};
}

static struct world_opts world_of(const struct cell *c, uint64_t seed)
{
	struct world_opts o = {
		.seed = seed,
		.services = 150,
		.rare = 150,
		.windows = (uint32_t)(c->history_s / c->slot_s),
		.window_s = c->slot_s,
		.k = c->k,
		.cpus = 32,
		.hz = c->hz,
		.incident_s = c->history_s > 3600 ? 300 : 120,
		.culprit = c->cores,
		.culprit_base = c->base,
		.label_error_s = c->labels == LABEL_EXACT ? 0 : 40,
		.symptom_s = 20,
		.react_s = 60,
		.wrong = c->labels == LABEL_ONE_WRONG,
		.reacting = 6,
		.victims = 15,
		.helpers = 3,
		.load = c->full ? 0.9 : 0.5,
		.clock = c->clock,
	};

	if (c->null == NULL_WHIM)
		o.reacting = o.victims = o.helpers = 0;
	if (c->null == NULL_ELSEWHERE) {
		o.reacting = 2;
		o.helpers = 1;
	}
	return o;
}

/* By which term of its rank one is ahead of another. */
static void tell(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	buf_addf(b,
		 "%.*s: %.1f nats of %.1f%s, f %.2g, %u of %u (%u runs), +%.2f, onset %.1f, "
		 "dose %.1f, %.1f%%",
		 (int)e->name.len, e->name.p, e->log_bf, v->explained->evidence->threshold,
		 e->clock_shared ? " but for the clock" : "", e->f, e->hits, v->recurrences,
		 e->runs, e->delta, e->direction.onset, e->direction.dose, e->posterior * 100);
}

static void tell_why(struct row *r, const struct verdict *v)
{
	if (!v->explained || !v->explained->evidence || !r->place)
		return;
	if (v->suspect_cnt) {
		tell(&r->why, v, &v->suspects[0]);
		buf_addf(&r->why, "; ");
	}
	buf_addf(&r->why, "%u. ", v->explained->evidence->rank);
	tell(&r->why, v, v->explained);
	if (v->period_ns)
		buf_addf(&r->why, "; %u quiet times of the clock", v->phase_cnt);
}

static bool note(struct row *r, const struct verdict *v)
{
	r->kind = v->kind;
	r->place = world_place(v);
	for (size_t i = 0; i < v->suspect_cnt; i++)
		buf_addf(&r->beliefs, "%s%.3f:%d", i ? "," : "", v->suspects[i].posterior,
			 (int)i == r->place);
	if (v->suspect_cnt) {
		snprintf(r->first, sizeof(r->first), "%.*s", (int)v->suspects[0].name.len,
			 v->suspects[0].name.p);
		r->e_false = v->suspects[0].e_false;
	}
	tell_why(r, v);
	return true;
}

/* The cells of an entity in the first `cnt` windows. */
static bool copy_cells(struct timeline *to, const struct timeline *t, uint32_t e, uint32_t cnt)
{
	uint32_t id = 0;
	bool good = true, seen = false;

	for (const struct timeline_chunk *k = t->rows[e].first; k; k = k->next)
		for (uint32_t i = 0; good && i < k->cnt && k->cells[i].window < cnt; i++) {
			if (!seen)
				good = !timeline_entity(to, timeline_name(t, e), &id);
			seen = true;
			good = good &&
			       !timeline_add_cell(to, id, k->cells[i].window, k->cells[i].weight);
		}
	return good;
}

/* All windows that ended before `until_ns`, as one had them then. NULL: no memory. */
static struct timeline *known_until(const struct timeline *t, int64_t until_ns)
{
	struct timeline *cut = timeline_new(t->unit);
	uint32_t cnt = 0, id = 0;
	bool good = cut;

	for (; good && cnt < t->window_cnt &&
	       t->windows[cnt].start_ns + (int64_t)t->windows[cnt].length_ns <= until_ns;
	     cnt++)
		good = !timeline_window(cut, &t->windows[cnt], &id);
	for (uint32_t e = 0; good && e < t->entity_cnt; e++)
		good = copy_cells(cut, t, e, cnt);
	if (good && !timeline_seal(cut))
		return cut;
	timeline_free(cut);
	return NULL;
}

static int by_start(const void *a, const void *b)
{
	const struct blame_incident *x = a, *y = b;

	return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

/* Ten minutes after each incident: what is the answer now? */
static bool ask_each_time(struct world *w, struct row *r)
{
	qsort(w->labels, w->o.k, sizeof(w->labels[0]), by_start);
	for (uint32_t k = 1; k <= w->o.k && !r->named_at; k++) {
		struct timeline *t =
			known_until(w->t, w->labels[k - 1].until_ns + 600 * INT64_C(1000000000));
		struct verdict *v = NULL;
		struct err err;
		bool named;

		if (!t || blame_run(t, w->labels, k, NULL, &v, &err)) {
			timeline_free(t);
			return false;
		}
		named = v->kind == VERDICT_NAMED;
		if (named && !world_place(v))
			r->named_at = k;
		else if (named && !r->wrong_at)
			r->wrong_at = k;
		verdict_free(v);
		timeline_free(t);
	}
	return true;
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static bool play(struct row *r)
{
	struct world_opts o = r->cell.design == DESIGN_SHORT ? short_world(&r->cell, r->seed)
							     : world_of(&r->cell, r->seed);
	struct blame_opts ask = {0};
	struct verdict *v = NULL;
	uint32_t culprit;
	struct world w;
	struct err err;
	double start;
	bool good;

	good = world_make(&w, &o);
	if (good && !r->cell.null && !timeline_find(w.t, STR_LIT("culprit"), &culprit))
		ask.explain = STR_LIT("culprit");
	start = now_ms();
	if (good && r->cell.design == DESIGN_NAME)
		good = ask_each_time(&w, r);
	good = good && !blame_run(w.t, w.labels, o.k, &ask, &v, &err);
	r->ms = now_ms() - start;
	good = good && note(r, v);
	if (good && ask.explain.len)
		good = !rivals_rank(w.t, w.labels, o.k, culprit, r->rivals);
	verdict_free(v);
	world_release(&w);
	return good;
}

static void *worker(void *arg)
{
	struct work *work = arg;
	size_t i;

	while ((i = work->next++) < work->cnt && !work->failed)
		if (!play(&work->rows[i]))
			work->failed = true;
	return NULL;
}

static void print_head(void)
{
	printf("design\tseed\tk\tcores\tbase\tclock\tlabels\tfull\thistory_h\thz\tslot_"
	       "s\tnull\tverdict\t"
	       "rank");
	for (int i = 0; i < RIVAL_CNT; i++)
		printf("\t%s", rival_names[i]);
	printf("\tfirst\te_false\tnamed_at\twrong_at\tms\tbeliefs\twhy\n");
}

static void print_row(const struct row *r)
{
	const struct cell *c = &r->cell;

	printf("%s\t%llu\t%u\t%g\t%g\t%s\t%s\t%s\t%g\t%g\t%g\t%s\t%s\t%d", design_names[c->design],
	       (unsigned long long)r->seed, c->k, c->cores, c->base, clock_names[c->clock],
	       label_names[c->labels], c->full ? "yes" : "no", c->history_s / 3600, c->hz,
	       c->slot_s, null_names[c->null], verdict_kind_name(r->kind), r->place + 1);
	for (int i = 0; i < RIVAL_CNT; i++)
		printf("\t%u", r->rivals[i]);
	printf("\t%s\t%.3g\t%u\t%u\t%.1f\t%.*s\t%.*s\n", *r->first ? r->first : "-", r->e_false,
	       r->named_at, r->wrong_at, r->ms, (int)r->beliefs.len,
	       r->beliefs.len ? r->beliefs.data : "", (int)r->why.len,
	       r->why.len ? r->why.data : "");
}

static struct cell cell_of(enum design design, size_t i, uint64_t seed)
{
	struct cell c;

	if (design == DESIGN_QUICK)
		return draw_cell(seed, i % 2 ? DESIGN_NULL : DESIGN_RANDOM,
				 ARRAY_SIZE(histories) - 1);
	if (design == DESIGN_RANDOM || design == DESIGN_NULL || design == DESIGN_WRONG ||
	    design == DESIGN_RIGHT)
		return draw_cell(seed, design, ARRAY_SIZE(histories));
	c = design == DESIGN_SHORT ? short_cell(i)
				   : fixed_cell(design == DESIGN_CELLS ? i % 45 : i % 6 * 5);
	c.design = design;
	if (design == DESIGN_NAME)
		c.k = 10;
	return c;
}

static bool fill(struct work *work, uint64_t worlds, uint64_t seed)
{
	work->cnt = worlds * (work->design == DESIGN_CELLS   ? 45
			      : work->design == DESIGN_SHORT ? 8
							     : 1);
	work->rows = calloc(work->cnt + 1, sizeof(*work->rows));
	for (size_t i = 0; work->rows && i < work->cnt; i++) {
		struct row *r = &work->rows[i];

		buf_init(&r->beliefs, 1 << 16);
		buf_init(&r->why, 1 << 16);
		r->seed = seed + i;
		r->cell = cell_of(work->design, i, r->seed);
	}
	return work->rows;
}

int main(int argc, char **argv)
{
	uint64_t worlds = 20, seed = 1000, jobs = 1;
	struct work work = {.design = DESIGN_CNT};
	pthread_t threads[64];

	for (int d = 0; argc > 1 && d < DESIGN_CNT; d++)
		if (!strcmp(argv[1], design_names[d]))
			work.design = (enum design)d;
	if (work.design == DESIGN_CNT || (argc > 2 && num_parse_u64(str_of(argv[2]), &worlds)) ||
	    (argc > 3 && num_parse_u64(str_of(argv[3]), &seed)) ||
	    (argc > 4 && num_parse_u64(str_of(argv[4]), &jobs)) || jobs < 1 || jobs > 64 ||
	    worlds > 1000000) {
		fprintf(stderr, "usage: grid random|null|cells|name|short|quick|wrong|right "
				"[WORLDS [FIRST-SEED "
				"[JOBS]]]\n");
		return 2;
	}
	if (!fill(&work, worlds, seed))
		return 2;
	for (uint64_t i = 0; i < jobs; i++)
		if (pthread_create(&threads[i], NULL, worker, &work))
			return 2;
	for (uint64_t i = 0; i < jobs; i++)
		pthread_join(threads[i], NULL);
	print_head();
	for (size_t i = 0; i < work.cnt && !work.failed; i++)
		print_row(&work.rows[i]);
	for (size_t i = 0; i < work.cnt; i++) {
		buf_release(&work.rows[i].beliefs);
		buf_release(&work.rows[i].why);
	}
	free(work.rows);
	return work.failed ? 2 : 0;
}
