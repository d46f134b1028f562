// SPDX-License-Identifier: Apache-2.0
/*
 * syscalls SECONDS - nearly all of its time is spent in the kernel, in stacks of some depth: names
 * of files that do not exist are looked up, and bytes go through a pair of sockets.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include "target.h"

named static void ask_kernel(const int pair[2])
{
	char bytes[4096] = {0};
	struct stat st;

	for (;;) {
		for (int i = 0; i < 16; i++)
			(void)stat("/usr/lib/./../share/./../no/such/file", &st);
		if (write(pair[0], bytes, sizeof(bytes)) < 0 ||
		    read(pair[1], bytes, sizeof(bytes)) < 0)
			exit(2);
	}
}

int main(int argc, char **argv)
{
	int pair[2];

	target_init(target_number(argc, argv, 1, 10));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 2;
	ask_kernel(pair);
}
