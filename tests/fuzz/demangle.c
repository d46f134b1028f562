// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=1024 */
#include "elf/demangle.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[DEMANGLE_MAX_OUT], again[DEMANGLE_MAX_OUT];
	struct str name = {(const char *)data, size};
	size_t len = demangle(name, out);

	must(len < DEMANGLE_MAX_OUT && out[len] == '\0');
	must(demangle(name, again) == len && !memcmp(out, again, len));
	if (size && size < DEMANGLE_MAX_OUT - 4 && data[0] != '_' && data[0] != 'R')
		must(len == size && !memcmp(out, data, size));
	return 0;
}
