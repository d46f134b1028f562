// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=1024 */
/* The table that a child makes of a perf-PID.map, when the child was taken over. */
#include "fuzz/fuzz.h"
#include "sym/jitmap.h"

static void look_at(const struct jitmap *map, uint64_t address)
{
	struct str name;

	if (jitmap_find(map, address, &name))
		fuzz_touch(name.p, name.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *table = malloc(size ? size : 1);
	struct jitmap *map;

	must(table);
	if (size)
		memcpy(table, data, size);
	if (jitmap_load(table, size, &map))
		return 0;
	for (size_t at = 0; at + 8 <= size; at += 8) {
		uint64_t address;

		memcpy(&address, data + at, sizeof(address));
		look_at(map, address);
		look_at(map, address - 1);
	}
	jitmap_free(map);
	return 0;
}
