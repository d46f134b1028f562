// SPDX-License-Identifier: Apache-2.0
/* BUILD: -shared -fPIC */
/*
 * To be preloaded: a program's wall clock is off by the nanoseconds in the file $WALL_CLOCK (eight bytes, as this machine
 * writes them), which may be changed while it runs. Its other clocks, and everybody else's, are left alone. The file is
 * mapped, so that a child that may open nothing sees the same time.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static const volatile int64_t *off;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("WALL_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, sizeof(*off), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	if (fd >= 0)
		close(fd);
	if (map != MAP_FAILED)
		off = map;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	/* an allocator asks before anybody has begun */
	int r = real ? real(id, ts) : (int)syscall(SYS_clock_gettime, id, ts);

	if (!r && off && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
		int64_t ns = ts->tv_sec * SECOND + ts->tv_nsec + *off;

		ts->tv_sec = ns / SECOND;
		ts->tv_nsec = ns % SECOND;
	}
	return r;
}

time_t time(time_t *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}

int gettimeofday(struct timeval *tv, void *zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
