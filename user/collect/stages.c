// SPDX-License-Identifier: Apache-2.0
#include "collect/stages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BEHIND 4 /* and one more at the end */

/* What has been handed out of a chunk. */
struct taken {
	uint32_t number, bytes;
	uint64_t records;
};

/*
 * Of a CPU. A chunk that was taken in part may be spilled and not come for a while: somebody who was
 * held up in the middle of writing a record keeps back all that is behind it in the ring.
 */
struct seen {
	struct taken now;		     /* of the chunk that is in the making */
	struct taken behind[MAX_BEHIND + 1]; /* of those before it, in their order */
	uint32_t behind_cnt;
};

struct stages {
	const uint8_t *cpus;
	uint32_t cpu_cnt;
	uint64_t *shown; /* kernel_stat.stage of each CPU, when last looked at */
	struct seen *seen;
	uint64_t handed;   /* records that were handed out */
	uint64_t regained; /* those of them that were taken of chunks that are lost */
	bool is_over;	   /* no program runs any more */
	_Alignas(8) uint8_t copy[sizeof(((struct stage *)NULL)->bytes)];
};

int stages_new(const void *cpus, uint32_t cpu_cnt, struct stages **ret)
{
	struct stages *st = calloc(1, sizeof(*st));

	if (!st)
		return -ENOMEM;
	st->cpus = cpus;
	st->cpu_cnt = cpu_cnt;
	st->shown = calloc(cpu_cnt, sizeof(*st->shown));
	st->seen = calloc(cpu_cnt, sizeof(*st->seen));
	if (!st->shown || !st->seen) {
		stages_free(st);
		return -ENOMEM;
	}
	*ret = st;
	return 0;
}

void stages_free(struct stages *st)
{
	if (!st)
		return;
	free(st->shown);
	free(st->seen);
	free(st);
}

static const struct kernel_stat *stat_of(const struct stages *st, uint32_t cpu)
{
	const struct cpu_shared *shared = (const void *)(st->cpus + (size_t)cpu * CPU_BYTES);

	return &shared->stat;
}

static uint64_t load(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

void stages_look(struct stages *st)
{
	for (uint32_t cpu = 0; cpu < st->cpu_cnt; cpu++)
		st->shown[cpu] = load(&stat_of(st, cpu)->stage);
}

static uint32_t number_of(uint64_t stage)
{
	return (uint32_t)(stage >> 32);
}

static uint32_t bytes_of(uint64_t stage)
{
	return (uint32_t)stage;
}

/* Numbers may wrap around. */
static bool is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static struct taken pop_behind(struct seen *seen)
{
	struct taken first = seen->behind[0];

	seen->behind_cnt--;
	memmove(seen->behind, seen->behind + 1, seen->behind_cnt * sizeof(first));
	return first;
}

/* A CPU is making another chunk. False: too many of its chunks have not come. */
static bool turn_to(const struct stages *st, struct seen *seen, uint32_t number)
{
	if (seen->now.bytes && seen->behind_cnt == MAX_BEHIND && !st->is_over)
		return false;
	if (seen->now.bytes)
		seen->behind[seen->behind_cnt++] = seen->now;
	seen->now = (struct taken){.number = number};
	return true;
}

/* What has been taken of a chunk that comes now. Those before it that have not come are lost. */
static struct taken find_taken(struct stages *st, struct seen *seen, uint32_t number)
{
	struct taken found = {.number = number};

	while (seen->behind_cnt && is_after(number, seen->behind[0].number))
		st->regained += pop_behind(seen).records;
	if (is_after(number, seen->now.number)) {
		st->regained += seen->now.records;
		seen->now = found;
	}
	if (seen->behind_cnt && seen->behind[0].number == number)
		return pop_behind(seen);
	if (number == seen->now.number) {
		found = seen->now;
		seen->now = (struct taken){.number = number + 1};
	}
	return found;
}

/* The records in `len` bytes, from the first that has not been seen on. */
static int take_records(struct stages *st, struct taken *taken, const uint8_t *bytes, uint32_t len,
			stages_fn fn, void *arg)
{
	int r = 0;

	while (!r && taken->bytes < len) {
		const struct wire_header *h = (const void *)(bytes + taken->bytes);
		uint32_t left = len - taken->bytes, size = left;

		/* what is cut off or crooked goes to the end: whoever gets it counts it */
		if (left >= sizeof(*h) && h->size >= sizeof(*h) && h->size < left && !(h->size % 8))
			size = h->size;
		r = fn(arg, h, size);
		taken->bytes += size;
		taken->records++;
		st->handed++;
	}
	return r;
}

int stages_take_chunk(struct stages *st, const void *bytes, size_t len, stages_fn fn, void *arg)
{
	const struct chunk *head = bytes;
	struct taken taken = {0};

	if (len < sizeof(*head) || head->len > len - sizeof(*head) || head->cpu >= st->cpu_cnt)
		return fn(arg, bytes, len);
	if (!head->is_apart)
		taken = find_taken(st, &st->seen[head->cpu], head->number);
	return take_records(st, &taken, (const uint8_t *)(head + 1), head->len, fn, arg);
}

/* What was shown of a CPU's stage, if it was not spilled before the copy was complete. */
static int take_stage(struct stages *st, uint32_t cpu, stages_fn fn, void *arg, bool *ret_spilled)
{
	const struct stage *stage = (const void *)(st->cpus + (size_t)cpu * CPU_BYTES + CPU_STAGE);
	uint32_t number = number_of(st->shown[cpu]), len = bytes_of(st->shown[cpu]), from;
	struct seen *seen = &st->seen[cpu];

	if (is_after(seen->now.number, number)) /* it came from a ring since then */
		return 0;
	if (number != seen->now.number && !turn_to(st, seen, number))
		return 0; /* it will come from a ring, later */
	while (st->is_over && seen->behind_cnt)
		st->regained += pop_behind(seen).records;
	from = seen->now.bytes;
	if (len <= from || len > sizeof(st->copy))
		return 0;
	memcpy(st->copy + from, stage->bytes + from, len - from);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (number_of(load(&stat_of(st, cpu)->stage)) != number) {
		*ret_spilled = true;
		return 0;
	}
	return take_records(st, &seen->now, st->copy, len, fn, arg);
}

int stages_take_waiting(struct stages *st, stages_fn fn, void *arg, bool *ret_spilled)
{
	int r = 0;

	*ret_spilled = false;
	for (uint32_t cpu = 0; !r && cpu < st->cpu_cnt; cpu++)
		r = take_stage(st, cpu, fn, arg, ret_spilled);
	return r;
}

void stages_end(struct stages *st)
{
	st->is_over = true;
}

uint64_t stages_handed(const struct stages *st)
{
	return st->handed;
}

void stages_stat(const struct stages *st, struct kernel_stat *ret)
{
	*ret = (struct kernel_stat){0};
	for (uint32_t cpu = 0; cpu < st->cpu_cnt; cpu++) {
		const struct kernel_stat *of_cpu = stat_of(st, cpu);

		ret->idle += of_cpu->idle;
		ret->run_ns += of_cpu->run_ns;
		for (size_t i = 0; i < LOSS_CNT; i++)
			ret->lost[i] += of_cpu->lost[i];
	}
	ret->lost[LOSS_RING_FULL] -= st->regained;
}
