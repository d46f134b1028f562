/* SPDX-License-Identifier: Apache-2.0 */
/* pprof_names.h - what the pprof reader and writer call the same things. For pprof*.c only. */
#ifndef FORMAT_PPROF_NAMES_H
#define FORMAT_PPROF_NAMES_H

#include "base/buf.h"
#include "base/compiler.h"
#include "model/profile.h"

/* What our own files say of the window (window.h), in a comment. */
#define PPROF_WINDOW_COMMENT "culprit: window "

/* File name of the mapping for a frame's module; borrows. Empty: no mapping. */
struct str pprof_module_out(struct str module, enum frame_kind kind);

/* Module and kind of a frame from its mapping's file name; borrows. */
struct str pprof_module_in(struct str filename, enum frame_kind *ret_kind);

/* The name of a function that has none: "[module]", "[unknown]" without one. */
void pprof_add_stub(struct buf *b, struct str module);

/* Labels that are numbers in pprof: pid and tid. */
bool pprof_label_is_number(struct str key);

/* Nanoseconds that one of a unit of time is ("ms": 1000000); 0: no unit of time. */
uint64_t pprof_time_unit(struct str unit);

#endif
