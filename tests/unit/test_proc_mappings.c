// SPDX-License-Identifier: Apache-2.0
#include "unit/tap.h"

#include <errno.h>

#include "proc/mappings.h"

#define SPACE 512 /* addresses of the oracle */

static struct rcstr *names[4];

static struct mapping file(uint64_t start, uint64_t end, uint64_t pgoff, int name)
{
	return (struct mapping){.start = start,
				.end = end,
				.pgoff = pgoff,
				.name = names[name],
				.kind = PLACE_NO_FILE};
}

static struct mapping anon(uint64_t start, uint64_t end)
{
	return (struct mapping){.start = start, .end = end, .pgoff = 77, .kind = PLACE_ANON};
}

static struct mappings_limits limits = {.max_room = 100000};

static int add(struct mappings **m, struct mapping it, size_t max)
{
	limits.max_cnt = max;
	return mappings_add(m, &it, &limits);
}

/* "start-end+pgoff:name " of each range */
static const char *dump(const struct mappings *m)
{
	static char out[4096];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < mappings_cnt(m); i++) {
		const struct mapping *it = mappings_get(m, i);

		n += (size_t)snprintf(out + n, sizeof(out) - n,
				      "%" PRIu64 "-%" PRIu64 "+%" PRIu64 ":%s ", it->start, it->end,
				      it->pgoff, it->name ? it->name->text : "-");
	}
	return out;
}

static void test_overlaps(void)
{
	struct mappings *m = NULL;

	ok(!mappings_find(NULL, 5) && !mappings_cnt(NULL) && !mappings_has_anon(NULL),
	   "NULL is the empty table");
	ok(!add(&m, file(100, 200, 1000, 0), 9), "one range");
	ok(!mappings_find(m, 99) && mappings_find(m, 100) && mappings_find(m, 199) &&
		   !mappings_find(m, 200),
	   "its end is exclusive");
	ok(!add(&m, file(140, 150, 0, 1), 9), "a range inside another");
	is_str(dump(m), "100-140+1000:a 140-150+0:b 150-200+1050:a ", "…cuts it in two");
	ok(!add(&m, file(130, 160, 5, 2), 9), "a range over borders");
	is_str(dump(m), "100-130+1000:a 130-160+5:c 160-200+1060:a ",
	       "…swallows one and trims two");
	ok(!add(&m, file(0, 1000, 0, 3), 9), "a range over all");
	is_str(dump(m), "0-1000+0:d ", "…replaces all");
	ok(!add(&m, file(10, 10, 0, 0), 9) && !add(&m, file(10, 5, 0, 0), 9),
	   "empty ranges are nothing");
	is_str(dump(m), "0-1000+0:d ", "…and change nothing");
	mappings_unref(m);
}

static void test_join(void)
{
	struct mappings *m = NULL;

	ok(!add(&m, anon(10, 20), 9) && !add(&m, anon(30, 40), 9) && !add(&m, anon(20, 30), 9),
	   "three neighbours");
	is_str(dump(m), "10-40+0:- ", "anonymous neighbours become one");
	ok(mappings_has_anon(m), "there is code without a file");
	ok(!add(&m, file(0, 100, 0, 0), 9), "a file over it");
	ok(!mappings_has_anon(m), "…and there is none");
	ok(!add(&m, file(100, 110, 100, 0), 9), "a file goes on, but its image is not known");
	is_u64(mappings_cnt(m), 2, "…so it stays apart");
	mappings_unref(m);
}

static void test_limit(void)
{
	struct mappings *m = NULL;

	ok(!add(&m, file(0, 100, 0, 0), 2) && !add(&m, file(200, 300, 0, 1), 2), "full with two");
	is_i64(add(&m, file(400, 500, 0, 2), 2), -ENOSPC, "a third is refused");
	is_str(dump(m), "0-100+0:a 200-300+0:b ", "…and leaves what is there");
	is_i64(add(&m, file(40, 60, 0, 2), 2), -ENOSPC, "so is one that cuts another in two");
	is_str(dump(m), "0-40+0:a 200-300+0:b ",
	       "…but what it overlapped does not name its addresses any more");
	ok(!add(&m, file(0, 40, 0, 2), 2), "replacing is no growth");
	is_str(dump(m), "0-40+0:c 200-300+0:b ", "…");
	mappings_unref(m);
	m = NULL;
	ok(!add(&m, file(0, 100, 0, 0), 2), "one of two");
	is_i64(add(&m, file(40, 60, 0, 1), 2), -ENOSPC, "a cut would make three");
	is_str(dump(m), "0-40+0:a 60-100+60:a ", "the new one is left out");
	mappings_unref(m);
}

static void test_sharing(void)
{
	struct mappings *parent = NULL, *child;

	ok(!add(&parent, file(0, 100, 0, 0), 9), "a parent");
	child = mappings_ref(parent);
	ok(!add(&child, file(50, 100, 0, 1), 9), "its child maps something");
	is_str(dump(parent), "0-100+0:a ", "the parent's table is as it was");
	is_str(dump(child), "0-50+0:a 50-100+0:b ", "the child's is its own");
	mappings_unref(parent);
	is_u64(mappings_cnt(child), 2, "…and outlives the parent's");
	mappings_unref(child);
}

struct cell {
	int name; /* -1 = nothing, -2 = anonymous */
	uint64_t pgoff;
};

static uint64_t rng = 1;

static uint64_t draw(uint64_t below)
{
	rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (rng >> 33) % below;
}

static bool agrees(const struct mappings *m, const struct cell *cells)
{
	for (uint64_t addr = 0; addr < SPACE; addr++) {
		const struct mapping *it = mappings_find(m, addr);
		const struct cell *want = &cells[addr];

		if (want->name == -1 ? it != NULL : !it)
			return false;
		if (!it || (want->name == -2 && it->kind == PLACE_ANON && !it->name))
			continue;
		if (want->name < 0 || it->name != names[want->name] ||
		    it->pgoff + (addr - it->start) != want->pgoff)
			return false;
	}
	for (size_t i = 1; i < mappings_cnt(m); i++)
		if (mappings_get(m, i - 1)->end > mappings_get(m, i)->start)
			return false;
	return true;
}

/* The oracle is one cell for each address; forks are taken and dropped on the way. */
static void test_oracle(void)
{
	int wrong = 0;

	for (int round = 0; round < 300; round++) {
		struct cell cells[SPACE];
		struct mappings *m = NULL, *forks[4] = {NULL};
		struct cell fork_cells[4][SPACE];

		for (size_t i = 0; i < SPACE; i++)
			cells[i] = (struct cell){.name = -1};
		memset(fork_cells, 0, sizeof(fork_cells));
		for (int step = 0; step < 60; step++) {
			uint64_t start = draw(SPACE), len = 1 + draw(SPACE - start),
				 pgoff = draw(9) * 100;
			int name = (int)draw(5) - 1;
			struct mapping it = name < 0 ? anon(start, start + len)
						     : file(start, start + len, pgoff, name);
			size_t f = draw(4);

			if (add(&m, it, SPACE))
				wrong++;
			for (uint64_t a = start; a < start + len; a++)
				cells[a] = (struct cell){.name = name < 0 ? -2 : name,
							 .pgoff = pgoff + a - start};
			if (!draw(10)) {
				mappings_unref(forks[f]);
				forks[f] = mappings_ref(m);
				memcpy(fork_cells[f], cells, sizeof(cells));
			}
		}
		wrong += !agrees(m, cells);
		for (size_t f = 0; f < 4; f++) {
			if (forks[f])
				wrong += !agrees(forks[f], fork_cells[f]);
			mappings_unref(forks[f]);
		}
		mappings_unref(m);
	}
	is_u64(wrong, 0, "300 random tables and their forks agree with one cell for each address");
}

/* With a ceiling the table may know less than the oracle, but never anything else. */
static void test_oracle_limit(void)
{
	int wrong = 0, refused = 0;

	for (int round = 0; round < 300; round++) {
		struct mappings *m = NULL;
		struct cell cells[SPACE];

		for (size_t i = 0; i < SPACE; i++)
			cells[i] = (struct cell){.name = -1};
		for (int step = 0; step < 60; step++) {
			uint64_t start = draw(SPACE), len = 1 + draw(40);
			int name = (int)draw(4);
			struct mapping it = file(start, start + len, step * 1000, name);

			refused += add(&m, it, 6) == -ENOSPC;
			for (uint64_t a = start; a < start + len && a < SPACE; a++)
				cells[a] = (struct cell){
					.name = name, .pgoff = (uint64_t)step * 1000 + a - start};
			wrong += mappings_cnt(m) > 6;
		}
		for (uint64_t a = 0; a < SPACE; a++) {
			const struct mapping *it = mappings_find(m, a);

			wrong += it && (cells[a].name < 0 || it->name != names[cells[a].name] ||
					it->pgoff + (a - it->start) != cells[a].pgoff);
		}
		mappings_unref(m);
	}
	is_u64(wrong, 0, "300 tables with a ceiling never name what is not there");
	ok(refused > 1000, "…and the ceiling was hit %d times", refused);
}

static void test_room(void)
{
	struct mappings_limits few = {.max_cnt = 100, .max_room = 40};
	struct mappings *a = NULL, *b = NULL;
	struct mapping it = anon(1000, 1001);
	size_t taken = 0;

	ok(!mappings_add(&b, &it, &few), "a small table");
	while (taken < 100) {
		it = anon(taken * 10 + 1, taken * 10 + 2);
		if (mappings_add(&a, &it, &few))
			break;
		taken++;
	}
	ok(taken > 2 && taken < 40, "a large one stops growing where there is no room (%zu)",
	   taken);
	is_u64(mappings_cnt(a), taken, "...and keeps what it has");
	it = anon(5000, 5001);
	ok(!mappings_add(&b, &it, &few), "the small one uses the room that it has");
	mappings_unref(a);
	is_u64(few.room, 16, "room is given back");
	a = mappings_ref(b);
	for (uint64_t i = 0; i < 8; i++) {
		it = anon(i * 10 + 1, i * 10 + 2);
		ok(!mappings_add(&a, &it, &few), "a copy has room of its own again");
	}
	mappings_unref(a);
	mappings_unref(b);
	is_u64(few.room, 0, "none is left behind");
}

int main(void)
{
	test_room();
	static const char *const texts[] = {"a", "b", "c", "d"};

	for (size_t i = 0; i < 4; i++)
		names[i] = rcstr_new((struct str){texts[i], 1});
	test_overlaps();
	test_join();
	test_limit();
	test_sharing();
	test_oracle();
	test_oracle_limit();
	for (size_t i = 0; i < 4; i++) {
		is_u64(names[i]->refs, 1, "no reference to '%s' is left", texts[i]);
		rcstr_unref(names[i]);
	}
	return tap_done();
}
