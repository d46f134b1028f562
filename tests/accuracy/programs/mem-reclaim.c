// SPDX-License-Identifier: Apache-2.0
/*
 * mem-reclaim CGROUP FILE [MILLISECONDS] [THREADS] - joins a control group whose memory is limited
 * (far) below the size of FILE, which it makes (96 MiB), and reads the file all over through a
 * mapping: each page that comes in pushes another one out, in direct reclaim.
 */
#include "crew.h"

#include <fcntl.h>
#include <sys/mman.h>

#define FILE_BYTES ((size_t)96 << 20)

static const volatile char *map;

static int join(const char *cgroup)
{
	char path[512];
	int fd, r;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = fd < 0 || write(fd, "0", 1) != 1 ? -1 : 0;
	if (fd >= 0)
		close(fd);
	return r;
}

static int map_file(const char *path)
{
	static char chunk[1 << 20];
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	void *p;

	memset(chunk, 'x', sizeof(chunk));
	for (off_t at = lseek(fd, 0, SEEK_END); fd >= 0 && (size_t)at < FILE_BYTES;
	     at += (off_t)sizeof(chunk))
		if (pwrite(fd, chunk, sizeof(chunk), at) != (ssize_t)sizeof(chunk))
			return -1;
	if (fd < 0)
		return -1;
	(void)fdatasync(fd);
	p = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	map = p;
	return p == MAP_FAILED ? -1 : 0;
}

named static void *scan_table(void *arg)
{
	size_t at = (uintptr_t)arg * (FILE_BYTES / CREW_MAX);
	volatile uint64_t sum = 0;

	while (crew_goes_on())
		for (int i = 0; i < 256; i++, at = (at + 4096) % FILE_BYTES)
			sum += (unsigned char)map[at];
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long ms = target_number(argc, argv, 3, 3000);

	if (argc < 3) {
		fprintf(stderr, "usage: %s CGROUP FILE [MILLISECONDS] [THREADS]\n", argv[0]);
		return 2;
	}
	target_init(ms / 1000 + 20);
	if (join(argv[1]) || map_file(argv[2])) {
		fprintf(stderr, "%s: %s, %s: %s\n", argv[0], argv[1], argv[2], strerror(errno));
		return 2;
	}
	target_pin_first_cpu();
	return crew_run(target_number(argc, argv, 4, 24), ms, scan_table);
}
