// SPDX-License-Identifier: Apache-2.0
#include "serve/listening.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_unix(struct listening *l, const char *path, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path) || !*path)
		return err_set(err, EINVAL, "'%s': no path for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, errno, "%s: %s", path, strerror(errno));
	/* One that nobody answers at is left over from a crash. */
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		(void)close(fd);
		return err_set(err, EADDRINUSE, "%s: somebody listens there", path);
	}
	if (errno == ECONNREFUSED)
		(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(path, 0600) ||
	    listen(fd, LISTENING_BACKLOG)) {
		int code = errno;

		(void)close(fd);
		return err_set(err, code, "%s: cannot listen there: %s", path, strerror(code));
	}
	l->unix_path = strdup(path);
	l->address = NULL;
	if (!l->unix_path || asprintf(&l->address, "unix:%s", path) < 0) {
		(void)close(fd);
		return err_set(err, ENOMEM, "out of memory");
	}
	l->fd = fd;
	return 0;
}

/* "HOST:PORT" in two; HOST without the brackets of IPv6. */
static int split_address(const char *text, char *host, size_t size, const char **ret_port,
			 struct err *err)
{
	const char *colon = strrchr(text, ':');
	const char *from = text;
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (colon && len > 1 && text[0] == '[' && text[len - 1] == ']') {
		from++;
		len -= 2;
	} else if (colon && memchr(text, ':', len)) {
		colon = NULL; /* an IPv6 address without brackets */
	}
	if (!colon || len >= size || !colon[1])
		return err_set(err, EINVAL,
			       "'%s': want HOST:PORT, [ADDRESS]:PORT, :PORT or unix:PATH", text);
	memcpy(host, from, len);
	host[len] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static bool is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >>
			       24 ==
		       127;
	return a->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

/* The address as it became, for people. */
static int name_address(struct listening *l, int fd, struct err *err)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	char host[128], port[16];

	if (getsockname(fd, (struct sockaddr *)&at, &len) ||
	    getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return err_set(err, EIO, "a socket without a name");
	if (asprintf(&l->address, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port) < 0) {
		l->address = NULL;
		return err_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int listen_inet(struct listening *l, const char *text, struct err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	const char *port = NULL;
	char host[256];
	int on = 1, fd = -1, r = split_address(text, host, sizeof(host), &port, err);

	if (r)
		return r;
	r = getaddrinfo(*host ? host : NULL, port, &hints, &found);
	if (r)
		return err_set(err, EINVAL, "'%s': %s", text, gai_strerror(r));
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	l->is_loopback = is_loopback(found->ai_addr);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, LISTENING_BACKLOG))
		r = err_set(err, errno, "%s: cannot listen there: %s", text, strerror(errno));
	freeaddrinfo(found);
	if (!r)
		r = name_address(l, fd, err);
	if (r && fd >= 0)
		(void)close(fd);
	if (!r)
		l->fd = fd;
	return r;
}

int listening_open(const char *text, struct listening *ret, struct err *err)
{
	*ret = (struct listening){.fd = -1};
	return strncmp(text, "unix:", 5) ? listen_inet(ret, text, err)
					 : listen_unix(ret, text + 5, err);
}

void listening_release(struct listening *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	if (l->unix_path)
		(void)unlink(l->unix_path);
	free(l->unix_path);
	free(l->address);
}
