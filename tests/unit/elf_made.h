/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_made.h - ELF files for the tests of CFI, made by the compilers that are here, and copies of
 * files in memory that can be damaged.
 */
#ifndef TESTS_ELF_MADE_H
#define TESTS_ELF_MADE_H

#include <sys/mman.h>
#include <sys/stat.h>

#include "unit/tap.h"
#include "unit/tmpdir.h"

/*
 * Writes `source` to a file called `source_name` (its suffix says the language) in tmpdir, and runs
 * the command with its %s replaced by the paths of the source and of the result. The path of the
 * result; NULL when the command failed, as it does where the compiler is missing.
 */
__attribute__((format(printf, 3, 0), unused)) static const char *
elf_made(const char *source_name, const char *source, const char *command, const char *result)
{
	const char *in = tmpdir_at(source_name), *out = tmpdir_at(result);
	char line[2048];

	close(tmpdir_open(source_name, source, strlen(source)));
	snprintf(line, sizeof(line), command, in, out);
	return system(line) ? NULL : out;
}

/* A file's bytes in a memfd of our own, mapped shared: what is written to *ret_data is in the file. */
__attribute__((unused)) static int elf_copy(const char *path, uint8_t **ret_data, size_t *ret_size)
{
	int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("elf", MFD_CLOEXEC);
	struct stat st;
	void *data;

	if (from < 0 || to < 0 || fstat(from, &st) || ftruncate(to, st.st_size))
		return -1;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	if (data == MAP_FAILED || read(from, data, (size_t)st.st_size) != st.st_size)
		return -1;
	close(from);
	*ret_data = data;
	*ret_size = (size_t)st.st_size;
	return to;
}

#endif
