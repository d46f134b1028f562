// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=256 */
#include "elf/cfi_expr.h"
#include "fuzz/fuzz.h"

#define PC_X86 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfi_value v = cfi_expr(data, size, PC_X86);

	must(v.kind <= CFI_VALUE_PC_STEP);
	return 0;
}
