/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proctext.h - what the small files of /proc/PID say; pure functions of their text.
 *
 * All of it is written by tenants (names, arguments, paths of control groups) or may be cut: what
 * makes no sense is an answer of its own, never a wrong one. Formats: proc(5), cgroups(7).
 */
#ifndef PROC_PROCTEXT_H
#define PROC_PROCTEXT_H

#include <culprit/wire.h>

#include "base/compiler.h"

/*
 * stat: pid (comm) state ppid … with flags as field 9 and starttime, in ticks, as field 22. comm may
 * contain anything, blanks and parentheses too, but nothing behind the last ')' can. Fills comm,
 * ppid, start_ns and WIRE_F_KTHREAD; false, and nothing filled, when it is no such line.
 */
bool proctext_stat(struct str s, uint64_t tick_ns, struct wire_proc *ret);

/*
 * cgroup: the path in the unified hierarchy ("0::/path"), else in systemd's own
 * ("1:name=systemd:/path"). Where the first is there but empty, as in the hybrid layout, or a
 * container was put into some hierarchies of version 1 only, the line that names the container says
 * more than both. Borrows; empty when there is none.
 */
struct str proctext_cgroup(struct str s);

/*
 * cmdline: copies the arguments, each with its NUL, as far as there is room for whole ones; long
 * ones are shortened in the middle. How many bytes.
 */
size_t proctext_cmdline(struct str s, char *out, size_t max);

/* status: the innermost of NSpid. 0; -EBADMSG; -ENODATA when there is none. */
int must_check proctext_inner_pid(struct str s, uint32_t *ret);

#endif
