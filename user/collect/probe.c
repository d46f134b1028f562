// SPDX-License-Identifier: Apache-2.0
#include "collect/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/text.h"
#include "collect/bpflog.h"
#include "collect/cpus.h"
#include "collect/perf.h"
#include "collect/sampler.h"
#include "collect/taskevents.h"
#include "collect/ticks.h"

#define PROBE_HZ      499
#define PROBE_SPIN_NS (UINT64_C(60) * 1000 * 1000)

struct probe {
	struct probe_feature *features;
	size_t cnt;
	struct cpu_list online;
};

/* The feature's outcome in one go; NULL for no reason. */
static void report(struct probe *p, const char *name, bool required, bool works, const char *reason)
{
	struct probe_feature *f;

	if (p->cnt == PROBE_MAX)
		return;
	f = &p->features[p->cnt++];
	f->name = name;
	f->required = required;
	f->works = works;
	snprintf(f->reason, sizeof(f->reason), "%s", reason ? reason : "");
}

static void probe_btf(struct probe *p)
{
	struct btf *btf;
	struct err err = {0};

	bpflog_start();
	btf = btf__load_vmlinux_btf();
	if (!btf)
		bpflog_explain(-errno, "reading the kernel's types", &err);
	report(p, "kernel type information (BTF)", true, btf, btf ? NULL : err.text);
	btf__free(btf);
}

static void probe_clock(struct probe *p)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = NSEC_PER_SEC / PROBE_HZ,
		.disabled = 1,
	};
	struct err err = {0};
	int fd;

	fd = perf_open(&attr, p->online.cnt ? p->online.ids[0] : 0, "cpu-clock", &err);
	report(p, "clock event (cpu-clock)", true, fd >= 0, err.text);
	if (fd >= 0)
		close(fd);
}

static void probe_ring(struct probe *p)
{
	struct err err = {0};
	int fd;

	bpflog_start();
	fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "culprit_probe", 0, 0, 64 << 10, NULL);
	if (fd < 0)
		bpflog_explain(fd, "creating a ring buffer (Linux 5.8)", &err);
	report(p, "BPF ring buffer", true, fd >= 0, err.text);
	if (fd >= 0)
		close(fd);
}

struct heard {
	uint64_t records;
};

static int hear_sample(void *arg, const void *bytes, size_t len)
{
	((struct heard *)arg)->records += wire_check(bytes, len);
	return 0;
}

static void spin(void)
{
	uint64_t until_ns = clock_mono_ns(&clock_system) + PROBE_SPIN_NS;

	while (clock_mono_ns(&clock_system) < until_ns)
		;
}

/*
 * Samples this very thread while it spins: with the filter on, only if the numbers that BPF sees
 * are our own.
 */
static int sample_self(struct probe *p, bool filter, struct heard *heard, struct err *err)
{
	struct sampler_opts opts = {
		.ring_bytes = 256 << 10,
		.cpus = 1,
		.filter_pids = filter,
		.kernel_stacks = true,
	};
	struct sampler *s = NULL;
	struct ticks *t = NULL;
	int r;

	r = sampler_new(&opts, &s, err);
	if (r)
		return r;
	if (filter)
		r = sampler_allow_pid(s, (uint32_t)getpid());
	if (!r)
		r = ticks_new(NSEC_PER_SEC / PROBE_HZ, sampler_prog_fd(s), &t);
	if (r)
		err_set(err, r, "%s", strerror(-r));
	else
		r = ticks_follow(t, &p->online, err);
	if (!r) {
		spin();
		r = sampler_drain(s, hear_sample, heard);
	}
	ticks_free(t);
	sampler_free(s);
	return r;
}

static void probe_sampling(struct probe *p)
{
	struct heard heard = {0};
	struct err err = {0};

	if (!sample_self(p, false, &heard, &err) && !heard.records)
		err_set(&err, ENODATA,
			"loaded and attached, but no sample came within 60 ms of work");
	report(p, "BPF sampling", true, heard.records, err.text);
}

static void probe_filter(struct probe *p)
{
	struct heard heard = {0};
	struct err err = {0};
	int r = sample_self(p, true, &heard, &err);

	report(p, "process filter (typed tracepoints)", false, !r, err.text);
	if (r)
		return;
	if (!heard.records)
		err_set(&err, ENODATA,
			"process numbers here are not the kernel's: run in the host's pid "
			"namespace "
			"(hostPID: true, docker --pid=host)");
	report(p, "host's process numbers", true, heard.records, err.text);
}

static int hear_comm(void *arg, const struct wire_header *rec)
{
	((struct heard *)arg)->records += rec->type == WIRE_COMM;
	return 0;
}

/* Gives this thread the name that it has: the kernel reports that like any other change. */
static void probe_events(struct probe *p)
{
	struct taskevents *te = NULL;
	struct heard heard = {0};
	struct err err = {0};
	char name[16] = "";
	int r;

	r = taskevents_new(64 << 10, &te);
	if (r)
		err_set(&err, r, "task events: %s", strerror(-r));
	else
		r = taskevents_follow(te, &p->online, &err);
	if (!r) {
		prctl(PR_GET_NAME, name);
		prctl(PR_SET_NAME, name);
		r = taskevents_drain(te, hear_comm, &heard);
		if (!heard.records)
			err_set(&err, ENODATA, "opened, but a change of name was not reported");
	}
	report(p, "task events (exec, mmap, fork, exit)", true, heard.records, err.text);
	taskevents_free(te);
}

/* With kernel.kptr_restrict all addresses read as zero. */
static void probe_kallsyms(struct probe *p)
{
	struct str rest, line, address;
	bool found = false;
	struct buf text;
	struct err err = {0};
	uint64_t v;

	buf_init(&text, 64 << 20);
	if (!fs_read("/proc/kallsyms", &text, &err)) {
		rest = buf_str(&text);
		while (!found && str_split(&rest, '\n', &line))
			found = str_split(&line, ' ', &address) && !num_parse_hex(address, &v) && v;
		if (!found)
			err_set(&err, EPERM,
				"/proc/kallsyms: addresses are hidden: needs CAP_SYSLOG, or "
				"kernel.kptr_restrict=0; kernel functions stay without names");
	}
	report(p, "kernel symbols (kallsyms)", false, found, err.text);
	buf_release(&text);
}

static void probe_paranoid(struct probe *p)
{
	struct buf text;
	struct err err = {0};
	int64_t v;

	buf_init(&text, 64);
	if (fs_read("/proc/sys/kernel/perf_event_paranoid", &text, &err) ||
	    num_parse_i64(str_trim(buf_str(&text)), &v))
		report(p, "kernel.perf_event_paranoid", false, false,
		       "cannot be read: no perf events in this kernel?");
	else if (v > 0 && geteuid()) {
		err_set(&err, EPERM, "%" PRId64 ": sampling the machine needs root or CAP_PERFMON",
			v);
		report(p, "kernel.perf_event_paranoid", false, false, err.text);
	} else {
		err_set(&err, 0, "%" PRId64 "%s", v, v > 0 ? ": does not bind root" : "");
		report(p, "kernel.perf_event_paranoid", false, true, err.text);
	}
	buf_release(&text);
}

static void probe_memlock(struct probe *p)
{
	struct err err = {0};
	struct rlimit lim;

	if (getrlimit(RLIMIT_MEMLOCK, &lim))
		lim = (struct rlimit){0, 0};
	if (lim.rlim_cur == RLIM_INFINITY)
		err_set(&err, 0, "unlimited");
	else
		err_set(&err, 0, "%llu KiB; kernels before 5.11 count BPF maps against it",
			(unsigned long long)lim.rlim_cur >> 10);
	report(p, "limit of locked memory", false, true, err.text);
}

size_t probe_run(struct probe_feature features[PROBE_MAX])
{
	struct probe p = {.features = features};
	struct err err = {0};

	perf_raise_limits();
	cpu_list_init(&p.online);
	if (cpu_list_read_online(&p.online, &err))
		report(&p, "list of CPUs", true, false, err.text);
	probe_btf(&p);
	probe_clock(&p);
	probe_ring(&p);
	probe_sampling(&p);
	probe_filter(&p);
	probe_events(&p);
	probe_kallsyms(&p);
	probe_paranoid(&p);
	probe_memlock(&p);
	cpu_list_release(&p.online);
	return p.cnt;
}

bool probe_ok(const struct probe_feature *features, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (features[i].required && !features[i].works)
			return false;
	return cnt > 0;
}
