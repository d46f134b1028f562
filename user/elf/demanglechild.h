/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demanglechild.h - raw names of large symbol tables, demangled by a child (JOB_SYMBOLS) that is kept
 * for as long as names keep coming: one that lives for one name would cost more than the name.
 */
#ifndef ELF_DEMANGLECHILD_H
#define ELF_DEMANGLECHILD_H

#include "base/compiler.h"
#include "elf/demangle.h"

#define DEMANGLECHILD_IDLE_NS (60 * NSEC_PER_SEC)

struct parser_session;
struct sandbox;

struct demanglechild { /* all zero at first */
	struct parser_session *session;
	uint64_t used_ns; /* when it was asked last */
	char name[DEMANGLE_MAX_OUT];
};

/*
 * What `raw` (at most SYMTAB_MAX_NAME bytes) is called; borrowed, valid until the next call. A NULL
 * sandbox asks in this process. 0; -ENODATA when it says nothing better; -EAGAIN when there is no
 * child now; as sandbox_ask().
 */
int must_check demanglechild_ask(struct demanglechild *c, struct sandbox *sandbox, struct str raw,
				 uint64_t now_ns, struct str *ret);

/* Ends one that nobody has asked for a while. */
void demanglechild_tick(struct demanglechild *c, uint64_t now_ns);
void demanglechild_close(struct demanglechild *c);

#endif
