// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* The parts of the input: flags (k: a kernel thread), exe, cmdline, comm. */
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "proc/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct str flags = fuzz_part(&rest);
	struct label_input in = {.is_kthread = str_eq(flags, STR_LIT("k"))};
	struct label label, again;
	struct str base;

	in.exe = fuzz_part(&rest);
	in.cmdline = fuzz_part(&rest);
	in.comm = fuzz_part(&rest);
	label_make(&in, &label);
	must(label.len >= 1 && label.len <= LABEL_MAX && label.text[label.len] == '\0');
	if (in.is_kthread)
		must(label.text[0] == '[');
	label_make(&in, &again);
	must(label.len == again.len && !memcmp(label.text, again.text, label.len));

	base = label_base_name(in.exe);
	must(base.len <= in.exe.len);
	must(base.len < 2 || !memchr(base.p, '/', base.len));
	(void)label_is_loader(in.exe);
	return 0;
}
