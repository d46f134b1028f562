// SPDX-License-Identifier: Apache-2.0
#include "agent/disable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"

#define MAX_EVENTS 65536 /* bytes of them that are read at once */

#define LOOK_NS	   (NSEC_PER_SEC / 3)
#define WATCHED_NS (NSEC_PER_SEC * 9 / 10) /* when there is no news, either */

int disable_init(struct disable *d, const char *dir)
{
	*d = (struct disable){.fd = -1};
	if (asprintf(&d->path, "%s/" DISABLE_FILE, dir) < 0) {
		d->path = NULL;
		return -ENOMEM;
	}
	d->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (d->fd >= 0 && inotify_add_watch(d->fd, dir,
					    IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM |
						    IN_ONLYDIR) < 0) {
		log_debug("agent: '%s' cannot be watched", dir);
		(void)close(d->fd);
		d->fd = -1;
	}
	return 0;
}

void disable_release(struct disable *d)
{
	if (!d->path)
		return;
	if (d->fd >= 0)
		(void)close(d->fd);
	free(d->path);
	*d = (struct disable){0};
}

int disable_fd(const struct disable *d)
{
	return d->fd;
}

/* Has anything happened in the directory? Which file it was does not matter: to look is cheap. */
static bool has_news(const struct disable *d)
{
	char events[4096];
	bool is_new = false;
	size_t taken = 0;
	ssize_t n;

	while (d->fd >= 0 && taken < MAX_EVENTS && (n = read(d->fd, events, sizeof(events))) > 0) {
		is_new = true;
		taken += (size_t)n;
	}
	return is_new;
}

bool disable_is_there(struct disable *d, uint64_t now_ns)
{
	uint64_t every_ns = d->fd < 0 ? LOOK_NS : WATCHED_NS;

	if (!has_news(d) && d->has_looked && now_ns - d->looked_ns < every_ns)
		return d->is_there;
	d->has_looked = true;
	d->looked_ns = now_ns;
	d->is_there = !access(d->path, F_OK);
	return d->is_there;
}
