/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perfscript_line.h - the lines of what `perf script` prints, taken apart without any state: for
 * perfscript.c and sniff.c. All of them borrow.
 *
 *	V8 Worker 2  1234/1236  [001] 13590.382935:    1003009 cpu-clock:ppp:
 *		ffffffff8225fe6b pv_native_safe_halt+0xb ([kernel.kallsyms])
 *		           d4ad7 operator()(int)+0x7 (/usr/lib/libx.so (deleted))
 *		           d4ad7 small (inlined)
 *	  file.c:12
 *
 * Which fields there are depends on -F; a name of a thread may hold blanks and digits, and does not
 * end at a certain one. So a sample's line is read from its first unmistakable word (the time, else
 * the CPU, else the event) in both directions. Without either, a number that is padded to ten
 * columns is the period, one that is padded to seven the thread: that is how perf prints them.
 */
#ifndef FORMAT_PERFSCRIPT_LINE_H
#define FORMAT_PERFSCRIPT_LINE_H

#include "base/compiler.h"

struct perfscript_head {
	struct str who;	  /* the line up to the end of the thread's number */
	struct str comm;  /* "" when not there, or empty */
	struct str pid;	  /* of the process; "" when not there */
	struct str tid;	  /* of the thread; a number that stands alone is this one */
	struct str event; /* without the colon at its end; "" when not there */
	struct str rest;  /* what stands behind the event: nothing, a frame, or other words */
	uint64_t time_ns; /* on perf's clock */
	uint64_t period;
	uint32_t cpu;
	bool has_time, has_cpu, has_period;
};

struct perfscript_frame {
	struct str symbol; /* without +0x…; "" when there is none */
	struct str module; /* path or [name], without "(deleted)"; "" when there is none */
	uint64_t ip;
	bool has_ip;
	bool is_inlined; /* has no module: it is the one of the next frame that is not inlined */
};

/* False when the line cannot be a sample's first one. */
bool perfscript_parse_head(struct str line, struct perfscript_head *ret);

/* True when a time, a CPU or an event is in it: other text is not mistaken for that. */
bool perfscript_is_strong(const struct perfscript_head *head);

/*
 * A frame, as it stands on a line of its own or behind the event. False when it is none: without
 * an address only a line that begins with a blank is taken.
 */
bool perfscript_parse_frame(struct str text, struct perfscript_frame *ret);

#endif
