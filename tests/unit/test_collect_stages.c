// SPDX-License-Identifier: Apache-2.0
/*
 * Records of CPUs that stage and spill as the BPF programs do: whatever comes between, each is handed
 * out once, or lost and said so.
 */
#include "collect/stages.h"

#include <errno.h>

#include "unit/tap.h"

#include "base/compiler.h"

#define CPUS	 3
#define MAX_RING 64
#define MAX_SEEN 4096

struct ring_record {
	struct chunk head;
	uint8_t bytes[STAGE_BYTES + 2200];
};

static uint8_t *cpus;
static struct ring_record ring[MAX_RING];
static size_t ring_cnt;
static struct stages *stages;
static uint64_t seen[MAX_SEEN];
static size_t seen_cnt;
static int refuse_at = -1;
static uint32_t spill_when_seen; /* CPU + 1 that spills while its records are taken from a ring */

static struct cpu_shared *shared_of(uint32_t cpu)
{
	return (void *)(cpus + (size_t)cpu * CPU_BYTES);
}

static struct stage *stage_of(uint32_t cpu)
{
	return (void *)(cpus + (size_t)cpu * CPU_BYTES + CPU_STAGE);
}

/* As spill() in bpf/stage.bpf.h. */
static void spill(uint32_t cpu, bool is_full)
{
	struct kernel_stat *st = &shared_of(cpu)->stat;
	uint32_t number = (uint32_t)(st->stage >> 32), len = (uint32_t)st->stage;

	if (is_full) {
		st->lost[LOSS_RING_FULL] += st->staged;
	} else {
		ring[ring_cnt].head = (struct chunk){.cpu = cpu, .number = number, .len = len};
		memcpy(ring[ring_cnt++].bytes, stage_of(cpu)->bytes, len);
	}
	st->staged = 0;
	st->stage = (uint64_t)(number + 1) << 32;
}

static void stage(uint32_t cpu, uint64_t id, uint32_t frames)
{
	struct kernel_stat *st = &shared_of(cpu)->stat;
	struct wire_sample s = {.h = {.type = WIRE_SAMPLE, .time_ns = id}, .cpu = cpu};

	s.h.size = (uint32_t)(sizeof(s) + 8 * frames);
	memcpy(stage_of(cpu)->bytes + (uint32_t)st->stage, &s, sizeof(s));
	st->staged++;
	st->stage += s.h.size;
}

static int take(void *arg, const void *bytes, size_t len)
{
	const struct wire_header *h = bytes;

	(void)arg;
	if (refuse_at >= 0 && seen_cnt == (size_t)refuse_at)
		return -EINTR;
	seen[seen_cnt++] = len >= sizeof(*h) && h->size == len ? h->time_ns : UINT64_MAX;
	if (spill_when_seen) {
		spill(spill_when_seen - 1, false);
		spill_when_seen = 0;
	}
	return 0;
}

static void consume(void)
{
	for (size_t i = 0; i < ring_cnt; i++)
		if (stages_take_chunk(stages, &ring[i], sizeof(ring[i].head) + ring[i].head.len,
				      take, NULL))
			ok(false, "a chunk is taken");
	ring_cnt = 0;
}

/* As sampler_drain(). */
static void drain(void)
{
	bool is_spilled;

	stages_look(stages);
	consume();
	if (stages_take_waiting(stages, take, NULL, &is_spilled))
		ok(false, "stages are taken");
	if (is_spilled)
		consume();
}

static void begin(void)
{
	stages_free(stages);
	memset(cpus, 0, CPUS * CPU_BYTES);
	ring_cnt = seen_cnt = 0;
	if (stages_new(cpus, CPUS, &stages))
		exit(1);
}

/* Exactly the ids 1 to n, in any order. */
static void is_all(uint64_t n, const char *what)
{
	uint64_t found = 0;

	for (uint64_t id = 1; id <= n; id++) {
		size_t times = 0;

		for (size_t i = 0; i < seen_cnt; i++)
			times += seen[i] == id;
		found += times == 1;
	}
	ok(found == n && seen_cnt == n, "%s (%zu of %" PRIu64 ")", what, seen_cnt, n);
}

static void test_order(void)
{
	begin();
	drain();
	is_all(0, "nothing at first");
	stage(0, 1, 3);
	stage(2, 2, 0);
	drain();
	is_all(2, "what waits on stages is there at once");
	drain();
	is_all(2, "…and once");
	stage(0, 3, 100);
	drain();
	is_all(3, "what comes behind it");
	stage(0, 4, 5);
	spill(0, false);
	stage(0, 5, 5);
	drain();
	is_all(5, "of a chunk that was taken in part there comes the rest");
	spill(0, false);
	spill(2, false);
	drain();
	is_all(5, "of one that was taken as a whole nothing");
	stage(0, 6, 1);
	spill(0, false);
	stage(0, 7, 1);
	spill(0, false);
	stage(0, 8, 1);
	drain();
	is_all(8, "several chunks between two looks");
}

/* The CPU goes on while its records are taken. */
static void test_races(void)
{
	begin();
	stage(0, 1, 1);
	stage(1, 2, 1);
	spill(0, false);
	stages_look(stages);
	spill_when_seen = 2; /* after the look, before its stage is read */
	drain();
	is_all(2, "spilled after the look");
	stage(1, 3, 1);
	stages_look(stages);
	spill(1, false);
	stage(1, 4, 1);
	drain();
	is_all(4, "spilled, and something new on the stage");
}

static void test_lost(void)
{
	struct kernel_stat st;

	begin();
	stage(0, 1, 1);
	drain();
	stage(0, 99, 1);
	spill(0, true);
	stage(0, 2, 1);
	drain();
	is_all(2, "a chunk is lost, but what had been taken of it");
	spill(0, false);
	drain();
	stages_stat(stages, &st);
	is_u64(stages_handed(stages), 2,
	       "when the next one has come it is known: samples that were handed out");
	is_u64(st.lost[LOSS_RING_FULL], 1, "and samples that were not");
	for (uint64_t id = 3; id <= 5; id++) {
		stage(0, id, 1);
		drain();
		spill(0, true);
	}
	stage(0, 98, 1);
	spill(0, true);
	stage(0, 6, 1);
	spill(0, false);
	drain();
	is_all(6, "a ring that is full for long");
	stages_stat(stages, &st);
	is_u64(stages_handed(stages), 6, "what had been taken is no loss");
	is_u64(st.lost[LOSS_RING_FULL], 2, "what had not is");
	for (uint64_t id = 7; id <= 9; id++) {
		stage(0, id, 1);
		drain();
		spill(0, true);
	}
	stage(0, 10, 1);
	stages_end(stages);
	drain();
	is_all(10, "and until the end");
	stages_stat(stages, &st);
	is_u64(st.lost[LOSS_RING_FULL], 2, "nothing more is lost");
}

/* Somebody holds up a ring: chunks are spilled, but do not come. */
static void test_held_up(void)
{
	struct kernel_stat st;
	bool is_spilled;
	uint64_t id = 0;

	begin();
	for (int round = 0; round < 9; round++) {
		stage(0, ++id, 1);
		stages_look(stages);
		ok(!stages_take_waiting(stages, take, NULL, &is_spilled), "held up, round %d",
		   round);
		stage(0, ++id, 1);
		spill(0, false);
		stage(0, ++id, 1);
		spill(0, false);
	}
	is_u64(seen_cnt, 5, "what is on the stage is taken all the same, for a while");
	drain();
	is_all(id, "when the chunks come there is nothing twice");
	stages_stat(stages, &st);
	ok(!st.lost[LOSS_RING_FULL], "and nothing is taken for lost");
}

static void test_hostile(void)
{
	struct ring_record *r = &ring[0];
	struct wire_header *h;

	begin();
	ok(!stages_take_chunk(stages, r, 3, take, NULL) && seen[0] == UINT64_MAX,
	   "less than a head is handed on, for whoever counts it");
	begin();
	r->head = (struct chunk){.cpu = CPUS, .len = 64};
	ok(!stages_take_chunk(stages, r, sizeof(r->head) + 64, take, NULL) && seen_cnt == 1,
	   "so is what comes of a CPU that there is not");
	begin();
	r->head = (struct chunk){.cpu = 0, .len = 4096};
	ok(!stages_take_chunk(stages, r, sizeof(r->head) + 64, take, NULL) && seen_cnt == 1,
	   "so is what is longer than it is");
	begin();
	memset(r->bytes, 0, sizeof(r->bytes));
	r->head = (struct chunk){.cpu = 0, .len = 64};
	h = (void *)r->bytes;
	h->size = 4;
	ok(!stages_take_chunk(stages, r, sizeof(r->head) + 64, take, NULL) && seen_cnt == 1 &&
		   seen[0] == UINT64_MAX,
	   "a record smaller than its header ends the chunk");
	begin();
	shared_of(1)->stat.stage = 0xffffffff;
	drain();
	is_u64(seen_cnt, 0, "a stage longer than there is room for");
}

static void test_wrap(void)
{
	begin();
	shared_of(0)->stat.stage = (uint64_t)UINT32_MAX << 32;
	drain();
	stage(0, 1, 1);
	drain();
	spill(0, false);
	stage(0, 2, 1);
	drain();
	is_all(2, "numbers wrap around");
}

/* A long time of everything at random, without losses. */
static void test_random(void)
{
	uint32_t random = 1;
	uint64_t id = 0;

	begin();
	for (int i = 0; i < 6000 && id < 2000; i++) {
		uint32_t cpu;

		random = random * 1103515245 + 12345;
		cpu = random >> 8 & 1 ? 0 : (random >> 9) % CPUS;
		if ((random >> 16) % 3)
			stage(cpu, ++id, (random >> 20) % 60);
		if ((uint32_t)shared_of(cpu)->stat.stage >= STAGE_BYTES)
			spill(cpu, false);
		if ((random >> 24) % 20 == 0 || ring_cnt == MAX_RING)
			drain();
	}
	drain();
	is_all(id, "everything once");
}

static void test_refusal(void)
{
	bool is_spilled;

	begin();
	for (uint64_t id = 1; id <= 3; id++)
		stage(0, id, 1);
	refuse_at = 1;
	stages_look(stages);
	is_u64((uint64_t)-stages_take_waiting(stages, take, NULL, &is_spilled), EINTR,
	       "what the taker says comes back");
	refuse_at = -1;
}

int main(void)
{
	cpus = calloc(CPUS, CPU_BYTES);
	if (!cpus)
		exit(1);
	test_order();
	test_races();
	test_lost();
	test_held_up();
	test_hostile();
	test_wrap();
	test_random();
	test_refusal();
	stages_free(stages);
	free(cpus);
	return tap_done();
}
