// SPDX-License-Identifier: Apache-2.0
/*
 * driver.c - a main() for a fuzz target without a fuzzer: driver [FILE…] runs the target over these
 * files, or over those of its corpus, one TAP line each. A bad input ends the program, as a
 * sanitizer does.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fs.h"
#include "fuzz/fuzz.h"
#include "unit/tap.h"

#define CORPUS	  "tests/fuzz/corpus"
#define MAX_BYTES ((size_t)16 << 20)

/* In a block of its exact size, so that one byte too far is seen. */
static void run_file(const char *path)
{
	struct buf b;
	struct err err = {0};
	uint8_t *copy;

	buf_init(&b, MAX_BYTES);
	if (fs_read(path, &b, &err)) {
		ok(false, "%s can be read", path);
		buf_release(&b);
		return;
	}
	copy = malloc(b.len ? b.len : 1);
	must(copy);
	if (b.len)
		memcpy(copy, b.data, b.len);
	printf("# %s\n", path); /* said before: a bad one says no more */
	fflush(stdout);
	LLVMFuzzerTestOneInput(copy, b.len);
	ok(true, "%s", path);
	free(copy);
	buf_release(&b);
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_corpus(const char *target)
{
	struct dirent **entries;
	char path[512];
	int cnt;

	(void)snprintf(path, sizeof(path), CORPUS "/%s", target);
	cnt = scandir(path, &entries, is_input, alphasort);
	if (!ok(cnt > 0, "%s has inputs", path))
		return;
	for (int i = 0; i < cnt; i++) {
		(void)snprintf(path, sizeof(path), CORPUS "/%s/%s", target, entries[i]->d_name);
		run_file(path);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1)
		run_corpus(slash ? slash + 1 : argv[0]);
	return tap_done();
}
