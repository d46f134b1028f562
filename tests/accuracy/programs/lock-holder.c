// SPDX-License-Identifier: Apache-2.0
/*
 * lock-holder FILE [MILLISECONDS] - takes the lock that others need for each of their requests, and
 * goes to sleep with it. It uses no CPU: no profile of CPU time can show it.
 */
#include "../../targets/target.h"

#include <fcntl.h>
#include <sys/file.h>

int main(int argc, char **argv)
{
	unsigned long ms = target_number(argc, argv, 2, 3000);
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE [MILLISECONDS]\n", argv[0]);
		return 2;
	}
	target_init(ms / 1000 + 10);
	fd = open(argv[1], O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX)) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1], strerror(errno));
		return 2;
	}
	target_sleep((double)ms / 1e3);
	return 0;
}
