// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=32768 */
/*
 * What a child does to name the functions of a file: all tables that are known, its own file as its
 * debug file, too; then the symbol file that it writes is read. What is found must be around the
 * offset that was asked for, and be found again at its beginning.
 */
#include "elf/symfile.h"
#include "elf/symjob.h"
#include "fuzz/fuzz.h"

#define MAX_SYMBOLS 300 /* small, so that the ceiling is met */
#define MAX_EAGER   100

static int make_symbols(int image, int out)
{
	struct symjob_read request = {
		.kind = SYMJOB_READ, .max_symbols = MAX_SYMBOLS, .max_eager = MAX_EAGER};
	const int fds[] = {[SYMJOB_IMAGE] = image, [SYMJOB_OUT] = out, [SYMJOB_DEBUG] = image};
	struct buf reply;
	void *state = NULL;
	int r;

	buf_init(&reply, 1 << 16);
	r = symjob_run(fds, ARRAY_SIZE(fds), (struct str){(const char *)&request, sizeof(request)},
		       &reply, &state);
	must(r || !reply.len);
	buf_release(&reply);
	return r;
}

static void look_at(const struct symfile *sf, int image, uint64_t offset)
{
	static struct symfile_name name, again;
	int r = symfile_find(sf, image, offset, &name);

	must(r == 0 || r == 1);
	if (!r)
		return;
	must(name.start <= offset && offset < name.end);
	must(name.len && name.len < sizeof(name.text) && strlen(name.text) == name.len);
	if (symfile_find(sf, image, name.start, &again) == 1)
		must(again.start == name.start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int image = fuzz_file(data, size, NULL), out = memfd_create("symbols", MFD_CLOEXEC);
	struct symfile_info info;
	struct symfile *sf;

	must(out >= 0);
	if (make_symbols(image, out)) {
		(void)close(out);
		return 0;
	}
	must(!symfile_open(out, &sf));
	must(!symfile_info(sf, &info) && info.build_id.len <= BUILDID_MAX);
	must(symfile_cnt(sf) <= MAX_SYMBOLS);
	for (uint64_t offset = 0; symfile_cnt(sf) && offset <= size; offset += 61)
		look_at(sf, image, offset);
	look_at(sf, image, UINT64_MAX);
	symfile_free(sf);
	return 0;
}
