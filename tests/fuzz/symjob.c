// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=32768 */
/* What a child does with a stranger's ELF file (all sources of names), and what it wrote. */
#include "elf/symfile.h"
#include "elf/symjob.h"
#include "fuzz/fuzz.h"

#define MAX_SYMBOLS 300 /* small, so that the ceiling is met */

/* Asks for an offset; what is found must be around it. */
static void look_at(const struct symfile *sf, int fd, uint64_t offset)
{
	static struct symfile_name name;
	int r = symfile_find(sf, fd, offset, &name);

	must(r == 0 || r == 1);
	if (!r)
		return;
	must(name.start <= offset && offset < name.end);
	must(name.len && name.len < sizeof(name.text) && strlen(name.text) == name.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symjob_read request = {
		.kind = SYMJOB_READ, .max_symbols = MAX_SYMBOLS, .max_eager = 100};
	int fds[SYMJOB_DEBUG + 1] = {fuzz_file(data, size, NULL)};
	struct symfile *sf;
	void *state = NULL;
	struct buf reply;
	int r;

	fds[SYMJOB_OUT] = memfd_create("symbols", MFD_CLOEXEC);
	fds[SYMJOB_DEBUG] = fds[SYMJOB_IMAGE]; /* its own debug file, if it is stripped */
	buf_init(&reply, 4096);
	r = symjob_run(fds, SYMJOB_DEBUG + 1, (struct str){(const char *)&request, sizeof(request)},
		       &reply, &state);
	must(!reply.len);
	buf_release(&reply);
	if (r) {
		close(fds[SYMJOB_OUT]);
		return 0;
	}
	must(!symfile_open(fds[SYMJOB_OUT], &sf)); /* whatever was read, this is ours */
	must(symfile_cnt(sf) <= MAX_SYMBOLS);
	for (uint64_t offset = 0; symfile_cnt(sf) && offset <= size; offset += 7)
		look_at(sf, fds[SYMJOB_IMAGE], offset);
	look_at(sf, fds[SYMJOB_IMAGE], UINT64_MAX);
	symfile_free(sf);
	return 0;
}
