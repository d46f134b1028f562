// SPDX-License-Identifier: Apache-2.0
/*
 * softirq-flood [MILLISECONDS] [THREADS] - sends small datagrams to itself over the loopback device
 * of a network namespace of its own, faster than anybody reads: most of the work is the kernel's,
 * in softirq context. Needs root (CLONE_NEWNET).
 */
#include "crew.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static struct sockaddr_in sink = {.sin_family = AF_INET};

static int own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	socklen_t len = sizeof(sink);
	int fd;

	if (unshare(CLONE_NEWNET))
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sink.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) ||
	    bind(fd, (const struct sockaddr *)&sink, sizeof(sink)) ||
	    getsockname(fd, (struct sockaddr *)&sink, &len))
		return -1;
	return fd; /* stays open and is never read: what does not fit is dropped on arrival */
}

named static void *flood(void *arg)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char payload[64] = {(char)(uintptr_t)arg};

	while (fd >= 0 && crew_goes_on())
		for (int i = 0; i < 64; i++)
			(void)sendto(fd, payload, sizeof(payload), 0,
				     (const struct sockaddr *)&sink, sizeof(sink));
	if (fd >= 0)
		close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long ms = target_number(argc, argv, 1, 3000);

	target_init(ms / 1000 + 10);
	if (own_network() < 0) {
		fprintf(stderr, "%s: a network namespace: %s\n", argv[0], strerror(errno));
		return 2;
	}
	target_pin_first_cpu();
	return crew_run(target_number(argc, argv, 2, 24), ms, flood);
}
