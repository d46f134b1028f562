// SPDX-License-Identifier: Apache-2.0
/*
 * blame_speed - how long a verdict over a week takes, for blame.sh. How often verdicts are right is
 * measured by tests/accuracy.
 *
 *	blame_speed fill DIR [DAYS]   a store of 500 processes x 7 days of 10 s windows, as a profiler at
 *	                              97 Hz sees 32 CPUs, with an incident "long" of 5 min that has come five
 *	                              times, and one "short" of its first 20 s
 *	blame_speed ask DIR NAME      what reading the history and judging it take, one line each
 *
 * Each process is seen in up to two stacks of three frames a window: reading the history needs none
 * of them, and how many more a real one has is the business of tests/bench/store.c.
 */
#include <time.h>

#include "unit/blame_world.h"
#include "unit/store_data.h"

#include "base/num.h"
#include "store/store.h"

#define HZ     97
#define STACKS 2
#define DEPTH  3

static double clock_s(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void must(int r, const struct err *err)
{
	if (!r)
		return;
	(void)fprintf(stderr, "blame_speed: %s\n", err->text);
	exit(2);
}

/* The samples of a process in a window, on its stacks: half on the first, half of the rest on the
 * second. */
static void add_process(struct builder *b, uint32_t entity, struct str name, uint64_t weight)
{
	uint64_t cnt = (weight * HZ + 500000000) / 1000000000, left = cnt;
	uint32_t series, frame, node;
	char text[64];

	data_must(builder_process(b, name, &series));
	for (uint32_t s = 0; s < STACKS && left; s++) {
		uint64_t part = s + 1 < STACKS ? (left + 1) / 2 : left;

		node = 0;
		for (uint32_t d = 0; d < DEPTH; d++) {
			int n = snprintf(text, sizeof(text), "service%u::function%u(int)", entity,
					 d < 1 ? d : d + 100 * s);

			data_must(builder_frame(b, (struct str){text, (size_t)n},
						STR_LIT("libservice.so.1"), FRAME_USER, &frame));
			data_must(builder_stack(b, node, frame, &node));
		}
		data_must(builder_sample(b, series, node, part * (1000000000 / HZ), part));
		left -= part;
	}
}

/* Who ran in each window: the timeline's cells the other way round, linked. */
struct seen {
	uint32_t entity;
	uint64_t weight;
	struct seen *next;
};

struct by_window {
	struct seen *all, **first;
};

static void turn(struct by_window *w, const struct timeline *t)
{
	size_t n = 0;

	w->first = calloc(t->window_cnt, sizeof(struct seen *));
	w->all = malloc((t->cell_cnt + 1) * sizeof(*w->all));
	data_must(w->first && w->all ? 0 : -1);
	for (uint32_t e = t->entity_cnt; e-- > 0;)
		for (const struct timeline_chunk *k = t->rows[e].first; k; k = k->next)
			for (uint32_t i = 0; i < k->cnt; i++) {
				struct seen **first = &w->first[k->cells[i].window];

				w->all[n] = (struct seen){e, k->cells[i].weight, *first};
				*first = &w->all[n++];
			}
}

static void put_windows(struct store *s, const struct world *w)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	const struct timeline *t = w->t;
	struct by_window cells;
	struct profile *p;
	struct err err;

	data_must(b ? 0 : -1);
	turn(&cells, t);
	must(store_begin(s, &err), &err);
	for (uint32_t i = 0; i < t->window_cnt; i++) {
		for (const struct seen *c = cells.first[i]; c; c = c->next)
			add_process(b, c->entity, timeline_name(t, c->entity), c->weight);
		builder_window(b, t->windows[i].start_ns, t->windows[i].length_ns,
			       (uint32_t)w->o.cpus, HZ);
		data_must(builder_seal(b, &p));
		must(store_put(s, p, &err), &err);
		profile_free(p);
	}
	must(store_commit(s, &err), &err);
	builder_free(b);
	free(cells.first);
	free(cells.all);
}

static void put_marks(struct store *s, const struct world *w)
{
	static const struct {
		const char *name;
		int64_t length_ns;
	} kinds[] = {{"long", 300 * DATA_SECOND}, {"short", 20 * DATA_SECOND}};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (uint32_t k = 0; k < w->o.k; k++) {
			struct store_mark m = {.name = (char *)kinds[i].name,
					       .source = (char *)"mark",
					       .from_ns = w->labels[k].from_ns};

			m.until_ns = m.from_ns + kinds[i].length_ns;
			must(store_mark_add(s, &m, NULL, &err), &err);
		}
}

static int fill(const char *dir, uint32_t days)
{
	struct world_opts o = {
		.seed = 1,
		.services = 490,
		.rare = 10,
		.windows = days * 8640,
		.window_s = 10,
		.cpus = 32,
		.hz = HZ,
		.incident_s = 300,
		.culprit = 2,
		.k = 5,
	};
	struct store *s;
	struct world w;
	struct err err;

	data_must(world_make(&w, &o) ? 0 : -1);
	must(store_open(dir, STORE_WRITE, NULL, &s, &err), &err);
	put_windows(s, &w);
	put_marks(s, &w);
	store_close(s);
	world_release(&w);
	return 0;
}

struct watch {
	double wall, cpu;
};

static struct watch watch_start(void)
{
	return (struct watch){clock_s(CLOCK_MONOTONIC), clock_s(CLOCK_PROCESS_CPUTIME_ID)};
}

static void watch_say(const char *what, struct watch w)
{
	printf("%-22s %6.3f s (%.3f s of CPU)", what, clock_s(CLOCK_MONOTONIC) - w.wall,
	       clock_s(CLOCK_PROCESS_CPUTIME_ID) - w.cpu);
}

static uint32_t places_of(const struct verdict *v)
{
	return v->suspect_cnt ? v->suspects[0].place_cnt : 0;
}

static int ask(const char *dir, const char *name)
{
	struct blame_incident *inc;
	struct store_mark *marks;
	struct timeline *t;
	struct verdict *v;
	struct store *s;
	struct err err;
	struct watch w = watch_start();
	size_t cnt;

	must(store_open(dir, STORE_READ, NULL, &s, &err), &err);
	must(store_timeline(s, TIME_RANGE_ALL, NULL, LABEL_PROCESS, &t, &err), &err);
	watch_say("read the history", w);
	printf(": %u windows, %u processes, %zu cells\n", t->window_cnt, t->entity_cnt,
	       t->cell_cnt);
	must(store_marks(s, name, &marks, &cnt, &err), &err);
	inc = calloc(cnt + 1, sizeof(*inc));
	data_must(inc ? 0 : -1);
	for (size_t i = 0; i < cnt; i++)
		inc[i] = (struct blame_incident){marks[i].from_ns, marks[i].until_ns};
	w = watch_start();
	must(blame_run(t, inc, cnt, NULL, &v, &err), &err);
	watch_say("judge it", w);
	printf(": %u blocks, %u other times, %s, p %.4g\n", v->block_cnt, places_of(v),
	       verdict_kind_name(v->kind), v->suspect_cnt ? v->suspects[0].p_adj : 1);
	verdict_free(v);
	free(inc);
	store_marks_free(marks, cnt);
	timeline_free(t);
	store_close(s);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t days = 7;

	if (argc == 4 && !strcmp(argv[1], "ask"))
		return ask(argv[2], argv[3]);
	if ((argc == 3 ||
	     (argc == 4 && !num_parse_u64(str_of(argv[3]), &days) && days && days <= 31)) &&
	    !strcmp(argv[1], "fill"))
		return fill(argv[2], (uint32_t)days);
	(void)fprintf(stderr, "usage: blame_speed fill DIR [DAYS] | ask DIR NAME\n");
	return 2;
}
