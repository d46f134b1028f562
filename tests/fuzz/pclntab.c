// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/* The function table of a Go program: ascending ranges with names, ascending rows of rules. */
#include "elf/pclntab.h"
#include "elf/rows.h"
#include "elf/symtab.h"
#include "fuzz/fuzz.h"

#define MAX_CALLS 100000 /* a table of a file of this size cannot have more functions */

struct seen {
	uint64_t at, to, cnt;
};

static int take_function(void *arg, uint64_t start, uint64_t end, struct str name)
{
	struct seen *seen = arg;

	must(start < end && start >= seen->at && seen->cnt++ < MAX_CALLS);
	must(name.len && name.len < SYMTAB_MAX_NAME);
	fuzz_touch(name.p, name.len);
	seen->at = end;
	return 0;
}

static int take_row(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct seen *seen = arg;

	must(seen->cnt++ ? vaddr > seen->at : vaddr == seen->at);
	must(vaddr < seen->to && unwind_rule_kind(rule) <= UNWIND_CFA_FP_DEREF);
	seen->at = vaddr;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen functions = {0};
	struct elf_file file;
	struct pclntab *t;

	if (elf_file_init(&file, fuzz_file(data, size, NULL)) || pclntab_open(&file, &t))
		return 0;
	must(pclntab_cnt(t));
	must(!pclntab_functions(t, take_function, &functions));
	must(functions.cnt <= pclntab_cnt(t));
	for (uint32_t i = 0; i < file.segment_cnt; i++) {
		const struct elf_segment *s = &file.segments[i];
		struct seen rows = {.at = s->vaddr, .to = s->vaddr + s->size};

		if (s->size && !pclntab_rows(t, rows.at, rows.to, take_row, &rows))
			must(rows.cnt);
	}
	pclntab_free(t);
	return 0;
}
