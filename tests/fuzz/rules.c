// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=8192 */
/* What a child does to make unwind rules from a file: each leaf of its answer passes the check. */
#include "base/reader.h"
#include "elf/leaf.h"
#include "elf/rulejob.h"
#include "elf/rules.h"
#include "fuzz/fuzz.h"

#define CHUNKS 4

static void check_reply(struct str reply)
{
	struct reader r;

	reader_init(&r, reply.p, reply.len);
	for (unsigned int i = 0; i < CHUNKS; i++) {
		uint32_t size = reader_u32(&r);
		const uint8_t *leaf = reader_bytes(&r, size);

		must(!r.failed && size <= UNWIND_LEAF_MAX && size % 8 == 0);
		must(!size || leaf_is_valid(leaf, size));
	}
	must(!reader_left(&r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rulejob_request request = {.first_chunk = 0, .cnt = CHUNKS};
	int fd = fuzz_file(data, size, NULL);
	const int fds[] = {fd, fd};
	struct buf reply;
	void *state;

	for (size_t cnt = 1; cnt <= ARRAY_SIZE(fds); cnt++) {
		state = NULL;
		buf_init(&reply, RULES_MAX_BYTES);
		if (!rulejob_run(fds, cnt, (struct str){(const char *)&request, sizeof(request)},
				 &reply, &state))
			check_reply(buf_str(&reply));
		buf_release(&reply);
		rulejob_end(state);
	}
	return 0;
}
