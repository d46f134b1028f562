/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is one .c file with a LLVMFuzzerTestOneInput() that gives bytes to one parser and checks
 * what the parser's header promises about its answer. It is built twice: by clang with libFuzzer,
 * which looks for inputs (`make fuzz`), and with driver.c, which runs the inputs of
 * tests/fuzz/corpus/<target>/ under ASan and UBSan (`make test`). Inputs that are several texts are
 * cut at FUZZ_CUT. A first-line comment may say "FUZZ: …" with flags of libFuzzer.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a header promises; a broken promise is a crash to the fuzzer. */
#define must(cond)                                                                       \
	do {                                                                             \
		if (!(cond)) {                                                           \
			fprintf(stderr, "%s:%d: must(%s)\n", __FILE__, __LINE__, #cond); \
			abort();                                                         \
		}                                                                        \
	} while (0)

/*
 * A file of memory with these bytes, the same descriptor each time: a parser that reads where it
 * should not reads the end of the file. `path` (may be NULL) gets a name to open it by.
 */
__attribute__((unused)) static int fuzz_file(const void *data, size_t size, const char **ret_path)
{
	static char path[32];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		must(fd >= 0);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	must(!ftruncate(fd, 0));
	must(pwrite(fd, data, size, 0) == (ssize_t)size);
	if (ret_path)
		*ret_path = path;
	return fd;
}

#define FUZZ_CUT 0x1e /* "record separator": a byte that these texts do not need */

/* Cuts the next part off *rest; empty when there is none. Borrows. */
__attribute__((unused)) static struct str fuzz_part(struct str *rest)
{
	const char *cut = rest->len ? memchr(rest->p, FUZZ_CUT, rest->len) : NULL;
	struct str part = *rest;

	if (cut)
		part.len = (size_t)(cut - rest->p);
	rest->p += part.len + (cut != NULL);
	rest->len -= part.len + (cut != NULL);
	return part;
}

/* Touches every byte: what is promised to be readable is read, where ASan can see it. */
__attribute__((unused)) static void fuzz_touch(const void *p, size_t len)
{
	const volatile uint8_t *byte = p;

	for (size_t i = 0; i < len; i++)
		(void)byte[i];
}

#endif
