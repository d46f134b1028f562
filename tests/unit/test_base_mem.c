// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <errno.h>

#include "base/pair.h"
#include "unit/tap.h"

/* Through all sizes, small pages and huge ones: what was there stays. */
static void test_grow(void)
{
	uint32_t *items = NULL;
	size_t cap = 0, wrong = 0;
	const size_t n = 5 << 20;

	for (size_t i = 0; i < n; i++) {
		if (mem_grow(&items, &cap, i + 1, sizeof(*items), n))
			break;
		items[i] = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++)
		wrong += items[i] != i;
	is_u64(wrong, 0, "20 MiB grown item by item");
	is_i64(mem_grow(&items, &cap, n + 1, sizeof(*items), n), -ENOSPC, "the ceiling");
	is_u64(items[n - 1], n - 1, "…changes nothing");
	free(items);
}

static void test_arrays(void)
{
	static const size_t sizes[] = {0, 1, 4096, 2 << 20, 9 << 20};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i], wrong = 0;
		uint8_t *p = mem_array(n, 1), *z;

		memset(p, 0xff, n);
		free(p);
		z = mem_zarray(n, 1);
		for (size_t k = 0; k < n; k++)
			wrong += z[k] != 0;
		is_u64(wrong, 0, "%zu bytes, cleared where others lay", n);
		free(z);
	}
	ok(!mem_array(SIZE_MAX / 2, 3) && !mem_zarray(SIZE_MAX / 2, 3) &&
		   !mem_array(SIZE_MAX - 4096, 1),
	   "more than there is");
}

static void add_up(void *arg)
{
	uint64_t *sum = arg;

	for (uint64_t i = 1; i <= 1000; i++)
		*sum += i;
}

static void test_pair(void)
{
	uint64_t a = 0, b = 1;

	pair_run(add_up, &a, &b);
	ok(a == 500500 && b == 500501, "both halves are done");
}

int main(void)
{
	test_grow();
	test_arrays();
	test_pair();
	return tap_done();
}
