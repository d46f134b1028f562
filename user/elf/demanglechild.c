// SPDX-License-Identifier: Apache-2.0
#include "elf/demanglechild.h"

#include <errno.h>
#include <string.h>

#include "elf/parser.h"
#include "elf/symjob.h"
#include "elf/symtab.h"

static const struct sandbox_limits limits = {
	.memory_bytes = (size_t)32 << 20,
	.cpu_ms = 10000,
	.wall_ms = 500,
	.reply_bytes = DEMANGLE_MAX_OUT,
};

int demanglechild_ask(struct demanglechild *c, struct sandbox *sandbox, struct str raw,
		      uint64_t now_ns, struct str *ret)
{
	struct symjob_demangle head = {.kind = SYMJOB_DEMANGLE};
	char request[sizeof(head) + SYMTAB_MAX_NAME];
	struct buf answer;
	int r = 0;

	if (raw.len > SYMTAB_MAX_NAME)
		return -EINVAL;
	memcpy(request, &head, sizeof(head));
	memcpy(request + sizeof(head), raw.p, raw.len);
	c->used_ns = now_ns;
	if (!c->session)
		r = parser_open(sandbox, JOB_SYMBOLS, NULL, 0, &limits, &c->session);
	buf_init(&answer, sizeof(c->name));
	if (!r)
		r = parser_ask(c->session, (struct str){request, sizeof(head) + raw.len}, &answer);
	if (r) {
		demanglechild_close(c);
	} else if (!answer.len || answer.len >= sizeof(c->name)) {
		r = -ENODATA;
	} else {
		memcpy(c->name, answer.data, answer.len);
		*ret = (struct str){c->name, answer.len};
	}
	buf_release(&answer);
	return r;
}

void demanglechild_tick(struct demanglechild *c, uint64_t now_ns)
{
	if (c->session && now_ns - c->used_ns >= DEMANGLECHILD_IDLE_NS)
		demanglechild_close(c);
}

void demanglechild_close(struct demanglechild *c)
{
	parser_close(c->session);
	c->session = NULL;
}
