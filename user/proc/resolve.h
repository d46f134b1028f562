/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h - from a mapping event to a mapping: what kind of memory is this, and which file is
 * behind it?
 */
#ifndef PROC_RESOLVE_H
#define PROC_RESOLVE_H

#include <culprit/wire.h>

#include "base/compiler.h"
#include "proc/mappings.h"
#include "proc/opener.h"

/*
 * Fills *ret with references of its own, to be dropped by resolve_release(). *ret_failed: it is a
 * file, but one that could not be opened (or must not be: a device); its name is kept. 0 or
 * -ENOMEM.
 */
int must_check resolve_mapping(struct opener *o, const struct wire_mmap *m, uint32_t ppid,
			       struct mapping *ret, bool *ret_failed);

void resolve_release(struct mapping *it);

/* Is the path one of a file, so that the mapping may be that of the executable? */
bool resolve_is_file(const struct wire_mmap *m, const struct mapping *it);

#endif
