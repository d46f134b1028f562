// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=8192 */
/* Rows of a file's CFI: ascending, from the address that was asked for, of rules that exist. */
#include <elf.h>

#include "elf/cfi.h"
#include "fuzz/fuzz.h"

#define MAX_CODE UINT64_C(65536) /* of a segment */

struct seen {
	uint64_t at, to, rows;
};

static int take_row(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct seen *seen = arg;
	int32_t offset = unwind_rule_offset(rule);

	must(seen->rows++ ? vaddr > seen->at : vaddr == seen->at);
	must(vaddr < seen->to);
	must(unwind_rule_kind(rule) <= UNWIND_CFA_FP_DEREF);
	must(offset <= UNWIND_OFFSET_MAX && offset >= -UNWIND_OFFSET_MAX - 1);
	seen->at = vaddr;
	return 0;
}

static void ask(struct cfi *c, uint64_t from, uint64_t to)
{
	struct seen seen = {.at = from, .to = to};

	if (from < to && !cfi_rows(c, from, to, take_row, &seen))
		must(seen.rows);
}

static void ask_for_code(const struct elf_file *file, struct cfi *c)
{
	struct cfi_stats stats;

	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *s = &file->segments[i];
		uint64_t size = s->size < MAX_CODE ? s->size : MAX_CODE;

		if (s->type != PT_LOAD || !(s->flags & PF_X))
			continue;
		ask(c, s->vaddr, s->vaddr + size);
		ask(c, s->vaddr + size / 2, s->vaddr + size / 2 + 1);
	}
	cfi_get_stats(c, &stats);
	must(stats.fdes < (UINT64_C(1) << 32));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file file;
	struct cfi *c;

	if (elf_file_init(&file, fuzz_file(data, size, NULL)))
		return 0;
	if (!cfi_open(&file, &c)) {
		ask_for_code(&file, c);
		cfi_free(c);
	}
	if (!cfi_open_debug(&file, &c)) {
		ask_for_code(&file, c);
		cfi_free(c);
	}
	return 0;
}
