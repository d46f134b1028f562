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

/* Valid UTF-8 without NUL bytes, as every string in a file must be. */
bool pprof_is_fit(struct str s);

/* Appends the string, cleaned unless it is fit as it is. */
void pprof_add_fit(struct buf *b, struct str s);

/* The value of the label that names the process best, `otherwise` when none does; borrows. */
struct str pprof_find_process(const struct str (*labels)[2], size_t cnt, struct str otherwise);

/* Labels that are numbers in pprof: pid and tid. */
bool pprof_label_is_number(struct str key);

/* Nanoseconds that one of a unit of time is ("ms": 1000000); 0: no unit of time. */
uint64_t pprof_time_unit(struct str unit);

#endif
