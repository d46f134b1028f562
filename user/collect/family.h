/* SPDX-License-Identifier: Apache-2.0 */
/* family.h - a process and those that descend from it, from /proc. */
#ifndef COLLECT_FAMILY_H
#define COLLECT_FAMILY_H

#include "base/compiler.h"
#include "base/err.h"

/* Takes one member. 0 or -errno, which ends the walk. */
typedef int (*family_fn)(void *arg, uint32_t pid);

/*
 * Calls fn once for `pid` and for each process that descends from it now. Whoever has lost its
 * parent is no longer of the family. 0; -ESRCH with a line in err when there is no such process;
 * what fn returned.
 */
int must_check family_walk(uint32_t pid, family_fn fn, void *arg, struct err *err);

#endif
