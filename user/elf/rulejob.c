// SPDX-License-Identifier: Apache-2.0
#include "elf/rulejob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/rules.h"

/* Of a session: opening is the smaller part of the first question, and the larger of later ones. */
struct opened {
	struct elf_file file, debug;
	struct rules *rules;
};

static int open_files(const int *fds, size_t fd_cnt, struct opened **ret)
{
	struct opened *o = calloc(1, sizeof(*o));
	bool has_debug;
	int r;

	if (!o)
		return -ENOMEM;
	r = elf_file_init(&o->file, fds[0]);
	if (!r) {
		has_debug = fd_cnt > 1 && !elf_file_init(&o->debug, fds[1]);
		r = rules_new(&o->file, has_debug ? &o->debug : NULL, &o->rules);
	}
	if (r)
		free(o);
	else
		*ret = o;
	return r;
}

int rulejob_run(const int *fds, size_t fd_cnt, struct str request, struct buf *reply, void **state)
{
	struct rulejob_request want;
	struct opened *o = *state;
	int r = 0;

	if (request.len != sizeof(want) || !fd_cnt || fd_cnt > 2)
		return -EINVAL;
	memcpy(&want, request.p, sizeof(want));
	if (!o)
		r = open_files(fds, fd_cnt, &o);
	if (r)
		return r;
	*state = o;
	return rules_build(o->rules, want.first_chunk, want.cnt, reply);
}

void rulejob_end(void *state)
{
	struct opened *o = state;

	if (o)
		rules_free(o->rules);
	free(o);
}
