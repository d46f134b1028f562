// SPDX-License-Identifier: Apache-2.0
/*
 * crowd SECONDS PROCESSES FILE… - many processes that each map all the files as code, in an order
 * of their own so that no two address spaces are alike. They sleep, but for 1 ms of work every 20 s
 * or so. Says "ready" when all are there.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "target.h"

static void map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) ||
	    mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) ==
		    MAP_FAILED) {
		perror(path);
		exit(2);
	}
	(void)close(fd);
}

named static void work_a_little(void)
{
	double end = target_clock(CLOCK_THREAD_CPUTIME_ID) + 0.001;

	while (target_clock(CLOCK_THREAD_CPUTIME_ID) < end)
		keep_frame();
}

static void be_one(unsigned long number, unsigned long seconds, int cnt, char **files)
{
	uint64_t state = number + 1;

	target_init(seconds);
	for (int i = 0; i < cnt; i++)
		map_file(files[(number + (unsigned long)i * 7) % (unsigned long)cnt]);
	for (;;) {
		target_sleep(10 + (double)(target_random(&state) >> 32) / 4294967296.0 * 20);
		work_a_little();
	}
}

int main(int argc, char **argv)
{
	unsigned long seconds = target_number(argc, argv, 1, 10);
	unsigned long cnt = target_number(argc, argv, 2, 100);

	target_init(seconds);
	for (unsigned long i = 0; i < cnt; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fork");
			return 2;
		}
		if (!pid)
			be_one(i, seconds, argc - 3, argv + 3);
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		(void)pause();
}
