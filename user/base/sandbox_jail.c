// SPDX-License-Identifier: Apache-2.0
#include "base/sandbox_jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/text.h"

#define NOBODY		 65534
#define MAX_STACK	 (UINT64_C(8) << 20)
#define MAX_FILTER_BYTES 32768
#define MAX_FILES_BYTES	 (UINT64_C(1) << 40) /* of address space for the files themselves */

/*
 * Memory, the descriptors that are there, the time. fstat() is newfstatat() in current C libraries,
 * sysinfo() is how qsort() of glibc learns how much memory there is, fcntl(F_GETFD) is how libelf
 * looks whether a descriptor is open. Nothing of it makes a descriptor, a process or a mapping that
 * can be executed.
 */
static const int plain_calls[] = {
	SCMP_SYS(read),		 SCMP_SYS(pread64),	 SCMP_SYS(readv),
	SCMP_SYS(preadv),	 SCMP_SYS(write),	 SCMP_SYS(pwrite64),
	SCMP_SYS(writev),	 SCMP_SYS(pwritev),	 SCMP_SYS(lseek),
	SCMP_SYS(fstat),	 SCMP_SYS(newfstatat),	 SCMP_SYS(ftruncate),
	SCMP_SYS(fdatasync),	 SCMP_SYS(fadvise64),	 SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),	 SCMP_SYS(sendmsg),	 SCMP_SYS(brk),
	SCMP_SYS(munmap),	 SCMP_SYS(mremap),	 SCMP_SYS(madvise),
	SCMP_SYS(futex),	 SCMP_SYS(sched_yield),	 SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
	SCMP_SYS(getpid),	 SCMP_SYS(gettid),	 SCMP_SYS(sysinfo),
	SCMP_SYS(rt_sigreturn),	 SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(exit),		 SCMP_SYS(exit_group),	 SCMP_SYS(close),
};

/* libdw wants to know what its file is called, whether it needs to or not: it is told nothing. */
static const int refused_calls[] = {SCMP_SYS(readlink), SCMP_SYS(readlinkat)};

static int add_rules(scmp_filter_ctx ctx)
{
	const uint64_t odd_maps = MAP_SHARED | MAP_GROWSDOWN | MAP_HUGETLB; /* not in RLIMIT_DATA */
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(plain_calls) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, plain_calls[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(refused_calls) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), refused_calls[i], 0);
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, odd_maps, 0));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, F_GETFD, 0));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, F_GETFL, 0));
	return r;
}

/* libseccomp 2.5 writes its program to a descriptor only. */
static int export_filter(scmp_filter_ctx ctx, struct buf *out)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (!r && lseek(fd, 0, SEEK_SET))
		r = -errno;
	if (!r)
		r = fs_read_fd(fd, out);
	(void)close(fd);
	return r;
}

static void make_filter(struct sandbox_jail *jail)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	struct buf out;
	size_t len = 0;
	int r = ctx ? 0 : -ENOMEM;

	buf_init(&out, MAX_FILTER_BYTES);
	if (!r)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!r)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	if (!r)
		r = add_rules(ctx);
	if (!r)
		r = export_filter(ctx, &out);
	if (!r && out.len) {
		jail->filter = buf_detach(&out, &len);
		jail->filter_cnt = len / sizeof(struct sock_filter);
	}
	buf_release(&out);
	if (ctx)
		seccomp_release(ctx);
}

/* Pages of address space and of writable memory: fields 1 and 6 of statm, proc(5). */
static int measure(struct sandbox_jail *jail)
{
	uint64_t pages[6] = {0}, page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct str text, field;
	struct buf b;
	int r;

	buf_init(&b, 256);
	r = fs_read("/proc/self/statm", &b, NULL);
	text = str_trim(buf_str(&b));
	for (size_t i = 0; i < ARRAY_SIZE(pages) && !r; i++)
		r = str_split(&text, ' ', &field) ? num_parse_u64(field, &pages[i]) : -EINVAL;
	buf_release(&b);
	jail->start_bytes = pages[0] * page;
	jail->start_data_bytes = pages[5] * page;
	return r;
}

static uint64_t capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static int keep_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)keep, .permitted = (uint32_t)keep},
		{.effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32)},
	};

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* CAP_KILL: a child that is nobody could not be ended otherwise, not even by the death signal. */
static uint64_t nobody_capabilities(void)
{
	return UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_KILL;
}

int sandbox_jail_init(struct sandbox_jail *jail)
{
	uint64_t need = nobody_capabilities();
	int r;

	*jail = (struct sandbox_jail){0};
	jail->as_nobody = geteuid() == 0 && (capabilities() & need) == need;
	if (!SANDBOX_SANITIZED)
		make_filter(jail);
	r = measure(jail);
	if (r)
		sandbox_jail_release(jail);
	return r;
}

void sandbox_jail_release(struct sandbox_jail *jail)
{
	free(jail->filter);
	jail->filter = NULL;
}

int sandbox_jail_zygote(const struct sandbox_jail *jail)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return keep_capabilities(jail->as_nobody ? nobody_capabilities() : 0);
}

int sandbox_jail_tie(int parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

int sandbox_jail_load(const struct sandbox_jail *jail)
{
	struct sock_fprog program = {.len = (unsigned short)jail->filter_cnt,
				     .filter = jail->filter};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) ? -errno : 0;
}

/* close_range() is of Linux 5.9, and policies that are older than it refuse it. */
void sandbox_jail_close_from(int first)
{
	struct rlimit limit = {.rlim_cur = 1024};

	if (!syscall(SYS_close_range, (unsigned int)first, ~0u, 0))
		return;
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = first; (rlim_t)fd < limit.rlim_cur; fd++)
		(void)close(fd);
}

static void set_limit(int which, uint64_t value, uint64_t hard, int *r)
{
	struct rlimit now, want = {.rlim_cur = value, .rlim_max = hard};

	if (getrlimit(which, &now)) {
		*r = -errno;
		return;
	}
	if (want.rlim_max > now.rlim_max)
		want.rlim_max = now.rlim_max;
	if (want.rlim_cur > want.rlim_max)
		want.rlim_cur = want.rlim_max;
	if (setrlimit(which, &want))
		*r = -errno;
}

/* What a parser may map to read its files, two times over. */
static uint64_t files_bytes(const int *fds, size_t cnt)
{
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < cnt; i++) {
		if (!fstat(fds[i], &st) && st.st_size > 0)
			sum += (uint64_t)st.st_size < MAX_FILES_BYTES ? 2 * (uint64_t)st.st_size
								      : MAX_FILES_BYTES;
	}
	return sum < MAX_FILES_BYTES ? sum : MAX_FILES_BYTES;
}

static int set_limits(const struct sandbox_jail *jail, const int *fds, size_t fd_cnt,
		      const struct sandbox_limits *limits)
{
	uint64_t cpu = (limits->cpu_ms + 999) / 1000, memory = limits->memory_bytes;
	int r = 0;

	if (!SANDBOX_SANITIZED) {
		uint64_t space = jail->start_bytes + memory + files_bytes(fds, fd_cnt);
		uint64_t data = jail->start_data_bytes + memory;

		set_limit(RLIMIT_DATA, data, data, &r);
		set_limit(RLIMIT_AS, space, space, &r);
		set_limit(RLIMIT_NOFILE, 0, 0, &r);
	}
	set_limit(RLIMIT_STACK, MAX_STACK, MAX_STACK, &r);
	set_limit(RLIMIT_CPU, cpu, cpu + 1, &r);
	set_limit(RLIMIT_FSIZE, limits->file_bytes, limits->file_bytes, &r);
	set_limit(RLIMIT_CORE, 0, 0, &r);
	set_limit(RLIMIT_NPROC, 0, 0, &r);
	set_limit(RLIMIT_MEMLOCK, 0, 0, &r);
	set_limit(RLIMIT_MSGQUEUE, 0, 0, &r);
	return r;
}

/* When memory runs out, this is what is to be ended, not its parent. proc(5). */
static void offer_to_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) != 4) {
		(void)close(fd);
		return;
	}
	(void)close(fd);
}

/* By the calls themselves: the C library's would tell its other threads, of which there are none. */
static int become_nobody(void)
{
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY))
		return -errno;
	return 0;
}

int sandbox_jail_enter(const struct sandbox_jail *jail, int parent, const int *fds, size_t fd_cnt,
		       const struct sandbox_limits *limits)
{
	int r;

	offer_to_oom_killer();
	if (limits->nice)
		(void)setpriority(PRIO_PROCESS, 0,
				  getpriority(PRIO_PROCESS, 0) + (int)limits->nice);
	r = set_limits(jail, fds, fd_cnt, limits);
	if (!r && jail->as_nobody)
		r = become_nobody();
	if (!r)
		r = keep_capabilities(0);
	if (!r && prctl(PR_SET_DUMPABLE, 0))
		r = -errno;
	/* A change of the user forgets the death signal, so this comes after it: prctl(2). */
	if (!r)
		r = sandbox_jail_tie(parent);
	return r || !jail->filter ? r : sandbox_jail_load(jail);
}
