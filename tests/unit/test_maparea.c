// SPDX-License-Identifier: Apache-2.0
#include "collect/maparea.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit/tap.h"

#define BYTES (3 * MAPAREA_STEP + 8192)

/* The kernel says so of an address that is not mapped, where we would be killed. */
static bool can_touch(const uint8_t *at)
{
	int fds[2];
	bool can;

	if (pipe(fds))
		return false;
	can = write(fds[1], at, 1) == 1;
	close(fds[0]);
	close(fds[1]);
	return can;
}

static void test_growth(int fd)
{
	struct maparea m = {.start = NULL};
	uint8_t *other;

	ok(!maparea_init(&m, fd, BYTES), "addresses");
	ok(!can_touch(m.start) && !can_touch(m.start + BYTES - 1), "nothing is mapped");
	ok(!maparea_reach(&m, 1), "the first byte");
	ok(can_touch(m.start) && !can_touch(m.start + MAPAREA_STEP), "a step is mapped");
	m.start[MAPAREA_STEP - 1] = 1;
	ok(!maparea_reach(&m, MAPAREA_STEP), "the last one of the step");
	is_u64(m.reached, MAPAREA_STEP, "that was there");
	ok(!maparea_reach(&m, 2 * MAPAREA_STEP + 1), "two steps more");
	is_u64(m.start[MAPAREA_STEP - 1], 1, "what was written stays");
	m.start[2 * MAPAREA_STEP] = 2;
	ok(!maparea_reach(&m, BYTES), "all of it");
	is_u64(m.reached, BYTES, "the last step is shorter");
	m.start[BYTES - 1] = 3;
	is_i64(maparea_reach(&m, BYTES + 1), -EINVAL, "not more than there is");
	other = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
	ok(other != MAP_FAILED && other[MAPAREA_STEP - 1] == 1 && other[2 * MAPAREA_STEP] == 2 &&
		   other[BYTES - 1] == 3,
	   "each byte is where it belongs in the file");
	munmap(other, BYTES);
	maparea_release(&m);
	ok(!m.start, "released");
	maparea_release(&m);
}

static void test_failure(void)
{
	struct maparea m = {.start = NULL};

	ok(!maparea_init(&m, -1, BYTES), "of nothing");
	is_i64(maparea_reach(&m, 1), -EBADF, "…none can be mapped");
	is_u64(m.reached, 0, "…and none was");
	maparea_release(&m);
}

int main(void)
{
	int fd = memfd_create("maparea", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, BYTES)) {
		ok(0, "memfd_create: %s", strerror(errno));
		return tap_done();
	}
	test_growth(fd);
	test_failure();
	close(fd);
	return tap_done();
}
