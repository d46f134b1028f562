/* SPDX-License-Identifier: Apache-2.0 */
/* symbols.h - reads the functions of a file as a child would, but in this process. */
#ifndef TESTS_SYMBOLS_H
#define TESTS_SYMBOLS_H

#include <sys/mman.h>
#include <unistd.h>

#include "elf/symfile.h"
#include "elf/symjob.h"
#include "unit/tap.h"

struct symbols {
	struct symfile *file; /* NULL: error says why */
	int error;
	int image_fd; /* borrowed */
};

/* `debug_fds` end with -1; NULL: none. */
static inline struct symbols symbols_read(int fd, uint32_t max_symbols, uint32_t max_eager,
					  const int *debug_fds)
{
	struct symjob_read request = {
		.kind = SYMJOB_READ, .max_symbols = max_symbols, .max_eager = max_eager};
	struct symbols s = {.image_fd = fd};
	int fds[SYMJOB_MAX_FDS] = {fd, memfd_create("symbols", MFD_CLOEXEC)};
	size_t cnt = SYMJOB_DEBUG;
	void *state = NULL;
	struct buf reply;

	buf_init(&reply, 4096);
	while (debug_fds && *debug_fds >= 0 && cnt < SYMJOB_MAX_FDS)
		fds[cnt++] = *debug_fds++;
	s.error = symjob_run(fds, cnt, (struct str){(const char *)&request, sizeof(request)},
			     &reply, &state);
	if (s.error)
		close(fds[SYMJOB_OUT]);
	else
		s.error = symfile_open(fds[SYMJOB_OUT], &s.file);
	buf_release(&reply);
	return s;
}

static inline void symbols_release(struct symbols *s)
{
	symfile_free(s->file);
	s->file = NULL;
}

static struct symfile_name symbols_found;

/* The name at a file offset; "-" when there is none, "(…)" when something is wrong. */
static inline const char *symbols_at(const struct symbols *s, uint64_t offset)
{
	int r;

	if (!s->file)
		return "(no symbol file)";
	r = symfile_find(s->file, s->image_fd, offset, &symbols_found);
	if (r < 0)
		return "(damaged)";
	if (!r)
		return "-";
	if (offset < symbols_found.start || offset >= symbols_found.end ||
	    strlen(symbols_found.text) != symbols_found.len)
		return "(range is wrong)";
	return symbols_found.text;
}

#endif
