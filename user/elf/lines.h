/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.h - source lines and inlined functions at file offsets, out of a file's DWARF.
 *
 * The one part of culprit that lets libdw at a file: lines_job() runs in a sandbox (base/sandbox.h,
 * JOB_LINES of elf/jobs.h), where a file that makes libdw crash, loop or grow costs its own lines.
 * lines_decode() reads the answer, which is as hostile as the file.
 *
 * Of DWARF 2 to 5, .debug_* compressed or not, in the file or in a separate debug file. Not
 * followed, since no further file can be opened there: split units (.dwo), whose lines come without
 * inlined functions, and what dwz has moved to a common file (.gnu_debugaltlink), which leaves
 * functions without names.
 */
#ifndef ELF_LINES_H
#define ELF_LINES_H

#include "base/buf.h"
#include "base/compiler.h"

#define LINES_MAX_OFFSETS 1024 /* of one question */
#define LINES_MAX_FRAMES  64   /* at one offset; deeper ones lose the innermost */
#define LINES_MAX_TEXT	  4096 /* bytes of a name of a function or a file; longer ones are cut */

/* A function at an offset, and where execution is in it; borrowed from the answer. */
struct lines_frame {
	struct str name; /* demangled; empty when it has none */
	struct str file; /* relative to where it was compiled, if it is below; empty: unknown */
	uint32_t line;	 /* for all but the innermost, that of the call; 0: unknown */
	uint32_t start;	 /* line at which the function begins; 0: unknown */
	bool is_inlined; /* into the frame before it */
};

/*
 * A sandbox_fn. fds[0] is the ELF file, fds[1], if there is one, its separate debug file. `request`
 * is an array of uint64_t file offsets in fds[0], of return addresses less one. 0; -ENOENT when
 * there is no DWARF; -ENOEXEC, -ENOMEM, -errno. *state holds what libdw has open.
 */
int lines_job(const int *fds, size_t fd_cnt, struct str request, struct buf *reply, void **state);

/* For those who run it in their own process. NULL is fine. */
void lines_job_end(void *state);

/*
 * Calls fn for each of the `cnt` offsets that were asked for, in their order: the frames there, the
 * outermost first; none when nothing is known. 0; -EBADMSG when this is no answer to such a
 * question: fn may have been called by then; what fn returned when that was not 0.
 */
typedef int (*lines_fn)(void *arg, size_t i, const struct lines_frame *frames, size_t cnt);
int must_check lines_decode(struct str reply, size_t cnt, lines_fn fn, void *arg);

#endif
