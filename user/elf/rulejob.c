// SPDX-License-Identifier: Apache-2.0
#include "elf/rulejob.h"

#include <errno.h>
#include <string.h>

#include "elf/rules.h"

int rulejob_run(const int *fds, size_t fd_cnt, struct str request, struct buf *reply, void **state)
{
	struct rulejob_request want;
	struct elf_file file, debug;
	bool has_debug;
	int r;

	(void)state;
	if (request.len != sizeof(want) || !fd_cnt || fd_cnt > 2)
		return -EINVAL;
	memcpy(&want, request.p, sizeof(want));
	r = elf_file_init(&file, fds[0]);
	if (r)
		return r;
	has_debug = fd_cnt > 1 && !elf_file_init(&debug, fds[1]);
	return rules_build(&file, has_debug ? &debug : NULL, want.first_chunk, want.cnt, reply);
}
