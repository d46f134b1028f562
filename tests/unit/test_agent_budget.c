// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "agent/budget.h"
#include "base/num.h"
#include "base/text.h"
#include "unit/tap.h"

#define MIB UINT64_C(1048576)

static uint64_t sum(const struct budget *b)
{
	uint64_t s = 0;

	for (size_t i = 0; i < BUDGET_CNT; i++)
		s += b->part_bytes[i];
	return s;
}

static bool is_pow2(size_t v)
{
	return v && !(v & (v - 1));
}

/* What the settings add up to must be what the part was given. */
static void check_settings(const struct budget *b, uint32_t cpus, const char *what)
{
	uint64_t rings = b->ring_bytes + b->event_ring_bytes * cpus;

	ok(is_pow2(b->ring_bytes) && is_pow2(b->event_ring_bytes) && b->event_ring_bytes >= 16384,
	   "%s: rings of powers of two (%zu, %zu a CPU)", what, b->ring_bytes, b->event_ring_bytes);
	ok(3 * rings <= b->part_bytes[BUDGET_RINGS], "%s: rings and twice as much for order", what);
	ok(b->max_mappings * UINT64_C(48) <= b->part_bytes[BUDGET_MAPPINGS] && b->max_mappings,
	   "%s: %u mappings", what, b->max_mappings);
	ok(b->max_processes >= 2000 && b->max_names >= 6000, "%s: %u processes, %u names", what,
	   b->max_processes, b->max_names);
	ok(b->window.max_nodes >= 10000 && b->window.max_samples >= 10000 &&
		   b->window.max_strings >= 5000 && b->window.max_string_bytes >= 500000 &&
		   b->window.max_series >= 4096,
	   "%s: a window of %u nodes", what, b->window.max_nodes);
}

static void test_default(void)
{
	struct budget_opts opts = {BUDGET_DEFAULT_BYTES, 2, 97, false};
	struct budget b, again;
	struct err err = {{0}};

	is_i64(budget_divide(&opts, &b, &err), 0, "the default");
	ok(sum(&b) <= BUDGET_DEFAULT_BYTES && sum(&b) > BUDGET_DEFAULT_BYTES - MIB,
	   "all of it is handed out: %.1f MiB", (double)sum(&b) / (double)MIB);
	check_settings(&b, 2, "2 CPUs");
	is_u64(b.ring_bytes, 1 << 20, "two seconds of samples are not cut, nor some copied stacks");
	ok(b.max_processes >= 3000 && b.max_mappings >= 300000,
	   "3,000 processes with 100 mappings each have room");
	ok(b.waiting_bytes >= MIB, "windows may wait for the store");
	ok(!budget_divide(&opts, &again, &err) && !memcmp(&b, &again, sizeof(b)),
	   "the same again gives the same");
	opts.one_window = true;
	ok(!budget_divide(&opts, &again, &err) && again.window.max_nodes > 2 * b.window.max_nodes &&
		   !again.waiting_bytes && sum(&again) <= BUDGET_DEFAULT_BYTES,
	   "a single window gets more: %u nodes", again.window.max_nodes);
}

static void test_sizes(void)
{
	static const uint32_t cpus[] = {1, 2, 8, 64, 128, 256};
	uint64_t before = 0;

	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		struct budget_opts opts = {BUDGET_DEFAULT_BYTES, cpus[i], 97, false};
		struct budget b;
		struct err err = {{0}};
		char what[32];

		(void)snprintf(what, sizeof(what), "%u CPUs", cpus[i]);
		is_i64(budget_divide(&opts, &b, &err), 0, "%s have room in the default", what);
		ok(sum(&b) <= opts.memory_bytes, "%s: no more than allowed", what);
		check_settings(&b, cpus[i], what);
	}
	for (uint64_t mib = 48; mib <= 4096; mib *= 2) {
		struct budget_opts opts = {mib * MIB, 2, 97, false};
		struct budget b;
		struct err err = {{0}};

		ok(!budget_divide(&opts, &b, &err) && sum(&b) <= mib * MIB, "%llu MiB",
		   (unsigned long long)mib);
		ok(b.part_bytes[BUDGET_SYMBOLS] >= before, "more memory, no fewer symbols");
		before = b.part_bytes[BUDGET_SYMBOLS];
	}
}

static void test_too_small(void)
{
	struct budget_opts opts = {20 * MIB, 2, 97, false};
	struct budget b = {.max_names = 1};
	struct err err = {{0}};
	uint64_t least = 0;
	struct str words, word;

	is_i64(budget_divide(&opts, &b, &err), -EINVAL, "20 MiB are refused");
	is_u64(b.max_names, 1, "and nothing is written");
	words = str_of(err.text);
	while (!least && str_split(&words, ' ', &word))
		if (str_eq(word, STR_LIT("need")) && str_split(&words, ' ', &word) &&
		    num_parse_u64(word, &least))
			break;
	ok(least > 20 && least < 96, "with the least that would do: %s", err.text);
	opts.memory_bytes = least * MIB;
	is_i64(budget_divide(&opts, &b, &err), 0, "which does");
	check_settings(&b, 2, "the least");
	opts.memory_bytes -= MIB;
	is_i64(budget_divide(&opts, &b, &err), -EINVAL, "a MiB less does not");
	opts = (struct budget_opts){0, 0, 0, false};
	is_i64(budget_divide(&opts, &b, &err), -EINVAL, "nothing at all");
	opts = (struct budget_opts){UINT64_MAX, 8192, 10000, false};
	is_i64(budget_divide(&opts, &b, &err), 0, "all the memory there is, for 8192 CPUs");
	check_settings(&b, 8192, "8192 CPUs");
}

int main(void)
{
	test_default();
	test_sizes();
	test_too_small();
	for (unsigned int i = 0; i < BUDGET_CNT; i++)
		ok(budget_part_name(i) && *budget_part_name(i), "part %s", budget_part_name(i));
	return tap_done();
}
