// SPDX-License-Identifier: Apache-2.0
#include "collect/perf.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

static int explain(int code, const char *what, uint32_t cpu, struct err *err)
{
	switch (code) {
	case ENODEV:
		return err_set(err, code, "%s: CPU %u is offline", what, cpu);
	case EPERM:
	case EACCES:
		return err_set(
			err, code,
			"%s: not permitted: needs root or CAP_PERFMON (in a container: "
			"--cap-add PERFMON and a seccomp profile that allows perf_event_open)",
			what);
	case EMFILE:
	case ENFILE:
		return err_set(err, code,
			       "%s: too many open files at CPU %u: two are needed for each CPU, "
			       "raise the limit (ulimit -n, LimitNOFILE=)",
			       what, cpu);
	case ENOENT:
	case EOPNOTSUPP:
	case ENOSYS:
		return err_set(err, code, "%s: this kernel has no such event: %s", what,
			       strerror(code));
	default:
		return err_set(err, code, "%s: CPU %u: %s", what, cpu, strerror(code));
	}
}

int perf_open(struct perf_event_attr *attr, uint32_t cpu, const char *what, struct err *err)
{
	long fd;

	attr->size = sizeof(*attr);
	attr->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
	fd = syscall(SYS_perf_event_open, attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd >= 0 ? (int)fd : explain(errno, what, cpu, err);
}

bool perf_is_alive(int fd, uint64_t *last_ns)
{
	uint64_t values[2]; /* count, time enabled: see "Reading results" in perf_event_open(2) */

	if (read(fd, values, sizeof(values)) != (ssize_t)sizeof(values) || values[1] == *last_ns)
		return false;
	*last_ns = values[1];
	return true;
}

static void raise_limit(int which, const char *name, rlim_t want)
{
	struct rlimit lim;

	if (getrlimit(which, &lim) || lim.rlim_cur >= want)
		return;
	if (lim.rlim_max < want) {
		struct rlimit more = {want, want};

		if (!setrlimit(which, &more))
			return;
		want = lim.rlim_max;
	}
	lim.rlim_cur = want;
	if (setrlimit(which, &lim))
		log_debug("collect: limit of %s stays: %s", name, strerror(errno));
}

void perf_raise_limits(void)
{
	raise_limit(RLIMIT_MEMLOCK, "locked memory", RLIM_INFINITY);
	raise_limit(RLIMIT_NOFILE, "open files", 65536);
}
