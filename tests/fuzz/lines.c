// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=1024 */
/*
 * What a child answers about source lines, when the child was taken over. libdw, which reads the
 * file there, is the sandbox's business.
 */
#include <errno.h>

#include "elf/lines.h"
#include "fuzz/fuzz.h"

#define OFFSETS 3

static int take(void *arg, size_t i, const struct lines_frame *frames, size_t cnt)
{
	size_t *next = arg;

	must(i == (*next)++ && i < OFFSETS);
	for (size_t k = 0; k < cnt; k++) {
		fuzz_touch(frames[k].name.p, frames[k].name.len);
		fuzz_touch(frames[k].file.p, frames[k].file.len);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t next = 0;
	int r = lines_decode((struct str){(const char *)data, size}, OFFSETS, take, &next);

	must(r == -EBADMSG || (!r && next == OFFSETS));
	return 0;
}
