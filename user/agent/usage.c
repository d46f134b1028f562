// SPDX-License-Identifier: Apache-2.0
#include "agent/usage.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/text.h"

static uint64_t of_timeval(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * NSEC_PER_SEC + (uint64_t)tv->tv_usec * 1000;
}

uint64_t usage_cpu_ns(void)
{
	struct rusage children;
	struct timespec own;
	uint64_t ns = 0;

	if (!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own))
		ns = (uint64_t)own.tv_sec * NSEC_PER_SEC + (uint64_t)own.tv_nsec;
	if (!getrusage(RUSAGE_CHILDREN, &children))
		ns += of_timeval(&children.ru_utime) + of_timeval(&children.ru_stime);
	return ns;
}

uint64_t usage_resident_bytes(void)
{
	uint64_t pages = 0;
	struct str rest, word;
	struct buf text;

	buf_init(&text, 4096);
	if (!fs_read("/proc/self/statm", &text, NULL)) {
		rest = buf_str(&text);
		/* size resident shared …, in pages; proc(5) */
		if (!str_split(&rest, ' ', &word) || !str_split(&rest, ' ', &word) ||
		    num_parse_u64(word, &pages))
			pages = 0;
	}
	buf_release(&text);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
