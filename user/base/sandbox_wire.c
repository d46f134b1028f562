// SPDX-License-Identifier: Apache-2.0
#include "base/sandbox_wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"

#define NSEC_PER_MSEC UINT64_C(1000000)

int sandbox_wait(int fd, short events, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		uint64_t now = clock_mono_ns(&clock_system);
		uint64_t left_ms = 0;
		int n;

		if (now < deadline_ns)
			left_ms = (deadline_ns - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
		n = poll(&p, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n && !left_ms)
			return -ETIMEDOUT;
	}
}

/* A side that waits for ever blocks in the call itself: a child may not poll. */
static int wait_or_block(int link, short events, uint64_t deadline_ns, int *ret_flags)
{
	*ret_flags = deadline_ns == SANDBOX_NEVER ? 0 : MSG_DONTWAIT;
	return deadline_ns == SANDBOX_NEVER ? 0 : sandbox_wait(link, events, deadline_ns);
}

static int gone_or_error(int error)
{
	return error == ECONNRESET ? -EPIPE : -error;
}

int sandbox_send(int link, const struct sandbox_frame *frame, struct str body, uint64_t deadline_ns)
{
	size_t total = sizeof(*frame) + body.len, done = 0;

	while (done < total) {
		size_t in_body = done > sizeof(*frame) ? done - sizeof(*frame) : 0;
		size_t in_frame = done - in_body;
		struct iovec parts[] = {
			{(char *)(uintptr_t)frame + in_frame, sizeof(*frame) - in_frame},
			{(char *)(uintptr_t)body.p + in_body, body.len - in_body},
		};
		struct msghdr msg = {.msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts)};
		int flags, r;
		ssize_t n;

		r = wait_or_block(link, POLLOUT, deadline_ns, &flags);
		if (r)
			return r;
		n = sendmsg(link, &msg, flags | MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return gone_or_error(errno);
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int sandbox_recv(int link, void *p, size_t len, uint64_t deadline_ns)
{
	size_t done = 0;

	while (done < len) {
		int flags, r;
		ssize_t n;

		r = wait_or_block(link, POLLIN, deadline_ns, &flags);
		if (r)
			return r;
		n = recv(link, (char *)p + done, len - done, flags);
		if (!n)
			return -EPIPE;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return gone_or_error(errno);
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}
