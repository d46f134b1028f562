/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - checking wire records before anybody looks inside.
 *
 * Records come from our own BPF programs, from the kernel, or from a raw file that anybody may have
 * written. All consumers may assume what wire_check() has checked: the lengths inside fit the
 * record's size, and the time is one that a signed number of nanoseconds can hold.
 */
#ifndef MODEL_RECORD_H
#define MODEL_RECORD_H

#include <culprit/wire.h>

#include "base/compiler.h"

/* The seam between whoever produces records and whoever takes them. The record is borrowed for the
 * call. 0 or -errno. */
typedef int (*record_fn)(void *arg, const struct wire_header *rec);

/* True when the `len` bytes at `rec` (8-aligned) hold one whole record whose inner lengths fit;
 * unknown types fit too. */
bool wire_check(const struct wire_header *rec, size_t len);

/* The copied stack of a sample that passed wire_check(), borrowed; NULL when it has none. */
const struct wire_stack *wire_sample_stack(const struct wire_sample *s);

#endif
