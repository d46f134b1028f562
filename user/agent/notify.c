// SPDX-License-Identifier: Apache-2.0
#include "agent/notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"

#define NSEC_PER_USEC 1000

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int fd;

	if (len < 2 || len >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return -1;
	memcpy(address.sun_path, path, len);
	if (*path == '@') /* the abstract namespace */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len))) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

void notify_init(struct notify *n, const char *socket, const char *usec, const char *pid_text)
{
	uint64_t value, pid = 0;

	*n = (struct notify){.fd = socket ? connect_to(socket) : -1};
	if (pid_text && (num_parse_u64(str_of(pid_text), &pid) || pid != (uint64_t)getpid()))
		return; /* meant for somebody else */
	if (usec && !num_parse_u64(str_of(usec), &value) && value < UINT64_MAX / NSEC_PER_USEC)
		n->every_ns = value * NSEC_PER_USEC / 2;
}

void notify_release(struct notify *n)
{
	if (n->fd >= 0)
		(void)close(n->fd);
	n->fd = -1;
}

void notify_send(const struct notify *n, const char *state)
{
	if (n->fd >= 0)
		(void)send(n->fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_beat(struct notify *n, uint64_t mono_ns)
{
	if (!n->every_ns || (n->last_ns && mono_ns - n->last_ns < n->every_ns))
		return;
	n->last_ns = mono_ns;
	notify_send(n, "WATCHDOG=1");
}
