// SPDX-License-Identifier: Apache-2.0
/*
 * run_mapped SECONDS FILE OFFSET - maps a page of a file as code and runs it: main > run_mapped >
 * whatever the file calls it. The code is that of `run_mapped code`, which writes it to standard
 * output: a function that counts its argument down.
 */
#include "target.h"

#include <fcntl.h>
#include <sys/mman.h>

#if defined(__x86_64__)
static const uint8_t code[] = {
	0x55,		  /* push %rbp */
	0x48, 0x89, 0xe5, /* mov  %rsp,%rbp */
	0x48, 0xff, 0xcf, /* dec  %rdi */
	0x75, 0xfb,	  /* jne  -5 */
	0x5d,		  /* pop  %rbp */
	0xc3,		  /* ret */
};
#elif defined(__aarch64__)
static const uint32_t code[] = {
	0xa9bf7bfd, /* stp  x29, x30, [sp, #-16]! */
	0x910003fd, /* mov  x29, sp */
	0xf1000400, /* subs x0, x0, #1 */
	0x54ffffe1, /* b.ne -4 */
	0xa8c17bfd, /* ldp  x29, x30, [sp], #16 */
	0xd65f03c0, /* ret */
};
#else
#error "no machine code for this machine"
#endif

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
		return fwrite(code, sizeof(code), 1, stdout) != 1;
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
