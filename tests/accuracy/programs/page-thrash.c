// SPDX-License-Identifier: Apache-2.0
/*
 * page-thrash FILE MILLISECONDS [THREADS] - a backup that reads a file (64 MiB, made when missing)
 * and throws each part out of the page cache behind itself, so that the next pass reads it again.
 */
#include "crew.h"

#include <fcntl.h>

#define FILE_BYTES  (64 << 20)
#define CHUNK_BYTES (128 << 10)

static const char *path;

named static int make_file(void)
{
	static char chunk[CHUNK_BYTES];
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	for (off_t at = lseek(fd, 0, SEEK_END); fd >= 0 && at < FILE_BYTES; at += CHUNK_BYTES) {
		memset(chunk, (int)(at >> 17), sizeof(chunk));
		if (pwrite(fd, chunk, sizeof(chunk), at) != (ssize_t)sizeof(chunk))
			return -1;
	}
	if (fd >= 0)
		(void)fdatasync(fd); /* a dirty page is not thrown out */
	return fd;
}

named static uint64_t checksum_chunk(const char *p, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i += 64)
		sum = sum * 31 + (unsigned char)p[i];
	return sum;
}

named static void *backup_reader(void *arg)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t state = 7919 * ((uintptr_t)arg + 1);
	char *chunk = malloc(CHUNK_BYTES);
	volatile uint64_t sum = 0;

	while (fd >= 0 && chunk && crew_goes_on()) {
		off_t at =
			(off_t)(target_random(&state) % (FILE_BYTES / CHUNK_BYTES)) * CHUNK_BYTES;
		ssize_t n = pread(fd, chunk, CHUNK_BYTES, at);

		if (n > 0)
			sum += checksum_chunk(chunk, (size_t)n);
		(void)posix_fadvise(fd, at, CHUNK_BYTES, POSIX_FADV_DONTNEED);
	}
	free(chunk);
	if (fd >= 0)
		close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long ms = target_number(argc, argv, 2, 3000);
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE [MILLISECONDS] [THREADS]\n", argv[0]);
		return 2;
	}
	path = argv[1];
	target_init(ms / 1000 + 20);
	fd = make_file();
	if (fd < 0) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], path, strerror(errno));
		return 2;
	}
	close(fd);
	target_pin_first_cpu();
	return crew_run(target_number(argc, argv, 3, 24), ms, backup_reader);
}
