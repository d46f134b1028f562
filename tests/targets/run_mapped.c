// SPDX-License-Identifier: Apache-2.0
/*
 * run_mapped SECONDS FILE OFFSET - maps a page of a file as code and runs it: main > run_mapped >
 * whatever the file calls it. The code is that of `run_mapped code`, which writes it to standard
 * output: a function that counts its argument down.
 */
#include "target.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "loop_code.h"

named static void run_mapped(void (*loop)(uint64_t n))
{
	for (;;) {
		loop(1000000);
		keep_frame();
	}
}

int main(int argc, char **argv)
{
	unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
	void *memory;
	int fd;

	if (argc == 2 && !strcmp(argv[1], "code"))
		return fwrite(loop_code, sizeof(loop_code), 1, stdout) != 1;
	target_init(target_number(argc, argv, 1, 10));
	fd = argc > 2 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;
	memory = fd < 0 ? MAP_FAILED
			: mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
			       (off_t)target_number(argc, argv, 3, page));
	if (memory == MAP_FAILED) {
		fprintf(stderr, "run_mapped: cannot map %s: %s\n", argc > 2 ? argv[2] : "nothing",
			strerror(errno));
		return 1;
	}
	(void)close(fd);
	run_mapped((void (*)(uint64_t))(uintptr_t)memory);
	return 0;
}
