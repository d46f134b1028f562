// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* The parts of the input: a path, then the text of mountinfo. */
#include "base/mountinfo.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct str path = fuzz_part(&rest);
	bool remote = mountinfo_path_is_remote(rest, path);

	must(remote == mountinfo_path_is_remote(rest, path));
	if (!rest.len)
		must(!remote);
	for (uint32_t min = 0; min < 64; min += 7)
		(void)mountinfo_device_is_remote(rest, 0, min);
	return 0;
}
