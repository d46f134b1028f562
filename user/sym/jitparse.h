/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitparse.h - the text of one perf-PID.map to a table (sym/jitmap.h).
 *
 * Regions may overlap, because a JIT reuses memory: the later line wins where they do. The text is a
 * tenant's: jitparse_job() is what a sandbox runs (JOB_PERFMAP of elf/jobs.h); the other two are the
 * same without one.
 */
#ifndef SYM_JITPARSE_H
#define SYM_JITPARSE_H

#include "base/buf.h"
#include "base/compiler.h"

struct jitparse_request {
	uint64_t file_bytes; /* how long the file is */
	uint64_t max_bytes;  /* of text: of a longer one its end, from the beginning of a line on */
	uint64_t max_lines;
};

/* A sandbox_fn: the request is a struct jitparse_request, the file the one descriptor. */
int must_check jitparse_job(const int *fds, size_t fd_cnt, struct str request, struct buf *table,
			    void **state);

/* 0 and the table appended, or -errno: -EIO …, -ENOMEM, -ENOSPC when it is larger than the buffer. */
int must_check jitparse_file(int fd, const struct jitparse_request *request, struct buf *table);

/* The same of text, which it overwrites. */
int must_check jitparse_text(char *text, size_t len, size_t max_lines, bool is_cut,
			     struct buf *table);

#endif
