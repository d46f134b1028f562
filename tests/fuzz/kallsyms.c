// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
#include "base/num.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "sym/kallsyms.h"

static void look_at(const struct kallsyms *k, uint64_t address)
{
	struct str name, module;

	if (!kallsyms_find(k, address, &name, &module))
		return;
	fuzz_touch(name.p, name.len);
	must(module.len >= 3 && module.p[0] == '[' && module.p[module.len - 1] == ']');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, line, word;
	struct kallsyms *k;
	const char *path;
	size_t lines = 0;
	uint64_t address;

	(void)fuzz_file(data, size, &path);
	if (kallsyms_read(path, &k))
		return 0;
	while (str_split(&text, '\n', &line)) {
		lines++;
		if (!str_split(&line, ' ', &word) || num_parse_hex(word, &address))
			continue;
		look_at(k, address);
		look_at(k, address - 1);
	}
	must(kallsyms_cnt(k) <= lines);
	look_at(k, UINT64_MAX);
	kallsyms_free(k);
	return 0;
}
