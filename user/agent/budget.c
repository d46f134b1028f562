// SPDX-License-Identifier: Apache-2.0
#include "agent/budget.h"

#include "collect/cpus.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)

/* What one of each takes in memory, tables and allocator included; measured on x86-64. */
#define PROCESS_BYTES	  512
#define MAPPING_BYTES	  48
#define NAME_BYTES	  160
/*
 * builder_limits_window filled to the brim: 2^18 strings with 32 MiB of text, 2^18 frames, 2^19
 * nodes and 2^19 samples, each with its place in a table.
 */
#define FULL_WINDOW_BYTES (116 * MIB)

#define SAMPLE_BYTES	   KIB	     /* as in collector.c: a generous mean */
#define COPIES_BYTES	   (8 * MIB) /* half of it: a second and a half of 2 busy CPUs */
#define LEAST_RING_A_CPU   (16 * KIB)
#define LEAST_EVENTS_A_CPU (16 * KIB)
#define MOST_EVENTS_A_CPU  (128 * KIB)
#define WINDOW_WEIGHT_MAX  96
/* Putting in order takes up to twice what the rings can hold (collector.c). */
#define RINGS_SHARE	   3

struct share {
	const char *name;
	uint64_t least, most;
	uint32_t weight;
};

static const struct share shares[BUDGET_CNT] = {
	[BUDGET_PROGRAM] = {"program", 16 * MIB, 16 * MIB, 0},
	[BUDGET_KERNEL] = {"kernel_symbols", 12 * MIB, 12 * MIB, 0},
	[BUDGET_RINGS] = {"rings", 0, 0, 12}, /* by the number of CPUs */
	[BUDGET_UNWIND] = {"unwind", 4 * MIB, 64 * MIB, 26},
	[BUDGET_SYMBOLS] = {"symbols", 2 * MIB, 128 * MIB, 26},
	[BUDGET_NAMES] = {"names", MIB, 16 * MIB, 8},
	[BUDGET_JIT] = {"jit", MIB, 32 * MIB, 6},
	[BUDGET_PROCESSES] = {"processes", MIB, 16 * MIB, 6},
	[BUDGET_MAPPINGS] = {"mappings", 4 * MIB, 32 * MIB, 26},
	[BUDGET_WINDOWS] = {"windows", 6 * MIB, 192 * MIB, 16},
};

const char *budget_part_name(enum budget_part part)
{
	return shares[part].name;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The largest power of two that is no larger; at least 4096. */
static uint64_t round_down_pow2(uint64_t v)
{
	uint64_t p = 4096;

	while (p <= v / 2)
		p *= 2;
	return p;
}

static void fill_shares(const struct budget_opts *o, struct share *all)
{
	uint64_t cpus = o->cpus ? o->cpus : 1, most;

	for (size_t i = 0; i < BUDGET_CNT; i++)
		all[i] = shares[i];
	all[BUDGET_RINGS].least = RINGS_SHARE * cpus * (LEAST_RING_A_CPU + LEAST_EVENTS_A_CPU);
	/* the more CPUs, the more stacks in a window */
	all[BUDGET_WINDOWS].weight += (uint32_t)smaller(cpus, WINDOW_WEIGHT_MAX - 16);
	if (o->one_window)
		all[BUDGET_WINDOWS].weight = WINDOW_WEIGHT_MAX;
	/*
	 * Two seconds of samples, and room for the stacks that come along until the rules are
	 * there; rings are powers of two.
	 */
	most = larger(larger(LEAST_RING_A_CPU, 2 * SAMPLE_BYTES * o->hz) * cpus, COPIES_BYTES);
	all[BUDGET_RINGS].most =
		RINGS_SHARE * (2 * round_down_pow2(most - 1) + MOST_EVENTS_A_CPU * cpus);
}

/*
 * Hands `rest` out by weight. Who reaches the most that it can use leaves the others more, so
 * another round is needed, until nobody does.
 */
static void hand_out(const struct share *all, uint64_t rest, uint64_t *bytes)
{
	bool again = true;

	while (again && rest) {
		uint64_t weights = 0, given = 0;

		again = false;
		for (size_t i = 0; i < BUDGET_CNT; i++)
			weights += bytes[i] < all[i].most ? all[i].weight : 0;
		for (size_t i = 0; weights && i < BUDGET_CNT; i++) {
			uint64_t share = rest / weights * all[i].weight;
			uint64_t room = all[i].most - bytes[i];

			if (!room)
				continue;
			again |= share >= room;
			bytes[i] += smaller(share, room);
			given += smaller(share, room);
		}
		rest -= given;
	}
}

static void translate(const struct budget_opts *o, struct budget *b)
{
	const struct builder_limits *full = &builder_limits_window;
	uint64_t cpus = o->cpus ? o->cpus : 1, rings = b->part_bytes[BUDGET_RINGS] / RINGS_SHARE;
	/* what waits for the store when the disk is full has lost its tables, and is smaller */
	uint64_t waiting = o->one_window ? 0 : b->part_bytes[BUDGET_WINDOWS] / 4;
	double scale =
		(double)(b->part_bytes[BUDGET_WINDOWS] - waiting) / (double)FULL_WINDOW_BYTES;

	b->event_ring_bytes = round_down_pow2(
		smaller(MOST_EVENTS_A_CPU, larger(LEAST_EVENTS_A_CPU, rings / 3 / cpus)));
	b->ring_bytes = round_down_pow2(rings - b->event_ring_bytes * cpus);
	b->unwind_bytes = b->part_bytes[BUDGET_UNWIND];
	b->symbol_bytes = b->part_bytes[BUDGET_SYMBOLS];
	b->jit_bytes = b->part_bytes[BUDGET_JIT];
	b->waiting_bytes = waiting;
	b->max_names = (uint32_t)(b->part_bytes[BUDGET_NAMES] / NAME_BYTES);
	b->max_processes = (uint32_t)(b->part_bytes[BUDGET_PROCESSES] / PROCESS_BYTES);
	b->max_mappings = (uint32_t)(b->part_bytes[BUDGET_MAPPINGS] / MAPPING_BYTES);
	if (scale > 1)
		scale = 1;
	b->window = (struct builder_limits){
		.max_strings = (uint32_t)(full->max_strings * scale),
		.max_frames = (uint32_t)(full->max_frames * scale),
		.max_nodes = (uint32_t)(full->max_nodes * scale),
		.max_samples = (size_t)((double)full->max_samples * scale),
		.max_moments = (size_t)((double)full->max_moments * scale),
		.max_string_bytes = (size_t)((double)full->max_string_bytes * scale),
		.max_series = full->max_series, /* small, and what is worth most */
	};
}

int budget_divide(const struct budget_opts *opts, struct budget *ret, struct err *err)
{
	struct share all[BUDGET_CNT];
	struct budget b = {.ring_bytes = 0};
	uint64_t least = 0;

	fill_shares(opts, all);
	for (size_t i = 0; i < BUDGET_CNT; i++) {
		b.part_bytes[i] = all[i].least;
		least += all[i].least;
	}
	if (opts->memory_bytes < least)
		return err_set(err, EINVAL,
			       "a memory budget of %.1f MiB is too small: %u CPUs need %llu MiB at "
			       "least (the default is %llu MiB)",
			       (double)opts->memory_bytes / (double)MIB, opts->cpus,
			       (unsigned long long)((least + MIB - 1) / MIB),
			       (unsigned long long)(BUDGET_DEFAULT_BYTES / MIB));
	hand_out(all, opts->memory_bytes - least, b.part_bytes);
	translate(opts, &b);
	*ret = b;
	return 0;
}

int budget_divide_here(const struct budget_opts *opts, struct budget *ret, struct err *err)
{
	struct budget_opts here = *opts;
	struct cpu_list online;
	int r;

	cpu_list_init(&online);
	r = cpu_list_read_online(&online, err);
	here.cpus = (uint32_t)online.cnt;
	cpu_list_release(&online);
	return r ? r : budget_divide(&here, ret, err);
}
