/* SPDX-License-Identifier: Apache-2.0 */
/* pprof_decode.h - from bytes to the decoded message, and no further. For pprof.c. */
#ifndef FORMAT_PPROF_DECODE_H
#define FORMAT_PPROF_DECODE_H

#include "base/compiler.h"
#include "base/err.h"
#include "format/arena.h"
#include "profile.pb-c.h"

/*
 * The message lives in the arena and is freed with it. What is checked: its shape, that it has
 * sample types, and that its table of strings begins with the empty one. -EINVAL, or -EFBIG at the
 * arena's ceiling, with a line in err.
 */
int must_check pprof_decode(struct str bytes, struct arena *arena,
			    Perftools__Profiles__Profile **ret, struct err *err);

#endif
