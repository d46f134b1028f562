// SPDX-License-Identifier: Apache-2.0
#include "collect/maparea.h"

#include <errno.h>
#include <sys/mman.h>

int maparea_init(struct maparea *m, int fd, size_t bytes)
{
	void *start =
		mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		return -errno;
	*m = (struct maparea){.start = start, .bytes = bytes, .fd = fd};
	return 0;
}

int maparea_reach(struct maparea *m, size_t bytes)
{
	size_t end;

	if (bytes > m->bytes)
		return -EINVAL;
	if (bytes <= m->reached)
		return 0;
	end = (bytes + MAPAREA_STEP - 1) / MAPAREA_STEP * MAPAREA_STEP;
	if (end > m->bytes)
		end = m->bytes;
	if (mmap(m->start + m->reached, end - m->reached, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, m->fd, (off_t)m->reached) == MAP_FAILED)
		return -errno;
	m->reached = end;
	return 0;
}

void maparea_release(struct maparea *m)
{
	if (m->start)
		(void)munmap(m->start, m->bytes);
	*m = (struct maparea){.start = NULL};
}
