/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpflog.h - what libbpf has to say: to the debug log, and its last words kept for an error
 * message.
 *
 * libbpf has one print function per process; it is set at the first call and stays.
 */
#ifndef COLLECT_BPFLOG_H
#define COLLECT_BPFLOG_H

#include "base/compiler.h"
#include "base/err.h"

/* Forgets the last words of this thread; from here on they are kept. */
void bpflog_start(void);

/*
 * Puts into err why the kernel refused to load or attach, with what to do; `code` is what libbpf
 * returned (negative) and `what` says what was tried. Returns `code`.
 */
int bpflog_explain(int code, const char *what, struct err *err);

#endif
