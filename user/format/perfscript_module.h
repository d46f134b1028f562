/* SPDX-License-Identifier: Apache-2.0 */
/* perfscript_module.h - where a frame of perf script lives, in the words of struct frame. */
#ifndef FORMAT_PERFSCRIPT_MODULE_H
#define FORMAT_PERFSCRIPT_MODULE_H

#include "format/perfscript_line.h"
#include "model/profile.h"

/* Base name, "[kernel]", "[jit]" or "", borrowed from the frame or constant. */
struct str perfscript_module(const struct perfscript_frame *f, enum frame_kind *ret_kind);

#endif
