// SPDX-License-Identifier: Apache-2.0
#include "collect/sampler.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "culprit.skel.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/text.h"
#include "collect/bpflog.h"
#include "collect/maparea.h"
#include "collect/stages.h"

#define CPUS_PER_RING	16
#define MAX_RINGS	64
#define MIN_RING_BYTES	16384 /* some chunks (culprit/cpu.h) */
#define MAX_PIDS	16384
#define MIN_ARENA_PAGES 16
#define MIN_SPACES	128
#define MAX_SPACES	(1U << 20)
#define MIN_KERNEL_STACK \
	16384 /* THREAD_SIZE on x86-64 and arm64; one page where pages are larger */

struct sampler {
	struct culprit_bpf *skel;
	struct ring_buffer *reader;
	struct stages *stages;
	int ring_fds[MAX_RINGS];
	size_t ring_cnt;
	size_t ring_bytes; /* of one */
	size_t map_bytes;  /* all maps and rings; none of them grows */
	uint32_t cpu_cnt;  /* that there may ever be */
	uint8_t *cpus;	   /* CPU_BYTES for each */
	uint64_t *ticks;   /* of each, when last asked for */
	uint32_t epoch;
	bool filter_pids;
	struct maparea arena;
	size_t arena_bytes;
	struct unwind_space *spaces;
	uint32_t space_cnt;

	/* of the drain that is going on */
	int (*fn)(void *arg, const void *bytes, size_t len);
	void *arg;
};

static size_t round_up_pow2(size_t v, size_t least)
{
	while (least < v)
		least *= 2;
	return least;
}

static int take(void *ctx, void *data, size_t len)
{
	struct sampler *s = ctx;

	return stages_take_chunk(s->stages, data, len, s->fn, s->arg);
}

/*
 * What must be known before loading: the verifier then drops the branches that settings switch off.
 */
static int set_up(struct sampler *s, const struct sampler_opts *o)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct culprit_bpf *skel = s->skel;
	int r;

	s->ring_cnt = 1;
	while (s->ring_cnt * CPUS_PER_RING < o->cpus && s->ring_cnt < MAX_RINGS)
		s->ring_cnt *= 2;
	s->ring_bytes = round_up_pow2(o->ring_bytes / s->ring_cnt,
				      page > MIN_RING_BYTES ? page : MIN_RING_BYTES);

	skel->rodata->ring_bytes = (uint32_t)s->ring_bytes;
	skel->rodata->ring_mask = (uint32_t)s->ring_cnt - 1;
	skel->rodata->thread_bytes = page > MIN_KERNEL_STACK ? (uint32_t)page : MIN_KERNEL_STACK;
	skel->rodata->kernel_stacks = o->kernel_stacks;
	skel->rodata->filter_pids = o->filter_pids;
	skel->rodata->filter_cgroups = o->cgroup_id != 0;

	skel->rodata->unwind_rules = o->unwind_rules;
	skel->rodata->copy_all_stacks = o->copy_all_stacks;
	/* Half of them stay free, so that there is one near to where it is looked for. */
	s->space_cnt = MIN_SPACES;
	while (s->space_cnt < MAX_SPACES && s->space_cnt / 2 < o->max_spaces)
		s->space_cnt *= 2;
	skel->rodata->space_mask = s->space_cnt - 1;
	s->arena_bytes = (o->unwind_bytes + UNWIND_PAGE - 1) / UNWIND_PAGE * UNWIND_PAGE;
	if (s->arena_bytes < MIN_ARENA_PAGES * UNWIND_PAGE)
		s->arena_bytes = MIN_ARENA_PAGES * UNWIND_PAGE;

	r = bpf_map__set_max_entries(skel->maps.rings, (uint32_t)s->ring_cnt);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.arena,
					     (uint32_t)(s->arena_bytes / UNWIND_PAGE));
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.spaces, s->space_cnt);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.cpus, s->cpu_cnt);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.rooms, s->cpu_cnt);
	if (!r && o->filter_pids)
		r = bpf_map__set_max_entries(skel->maps.pid_filter, MAX_PIDS);
	if (!r)
		r = bpf_program__set_autoload(skel->progs.filter_fork, o->filter_pids);
	if (!r)
		r = bpf_program__set_autoload(skel->progs.filter_exit, o->filter_pids);
	return r;
}

static int make_rings(struct sampler *s)
{
	int rings_fd = bpf_map__fd(s->skel->maps.rings);

	for (uint32_t i = 0; i < s->ring_cnt; i++) {
		int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "culprit_ring", 0, 0,
					(uint32_t)s->ring_bytes, NULL);
		int r;

		if (fd < 0)
			return fd;
		s->ring_fds[i] = fd;
		if (bpf_map_update_elem(rings_fd, &i, &fd, BPF_ANY))
			return -errno;
		if (s->reader) {
			r = ring_buffer__add(s->reader, fd, take, s);
			if (r)
				return r;
			continue;
		}
		s->reader = ring_buffer__new(fd, take, s, NULL);
		if (!s->reader)
			return -errno;
	}
	return 0;
}

static int allow_cgroup(struct sampler *s, uint64_t id)
{
	uint8_t one = 1;

	if (!id)
		return 0;
	return bpf_map_update_elem(bpf_map__fd(s->skel->maps.cgroup_filter), &id, &one, BPF_ANY)
		       ? -errno
		       : 0;
}

/* The kernel's own account: the "memlock:" line of the descriptor's fdinfo. */
static size_t map_bytes(int fd)
{
	struct str rest, line;
	struct buf text;
	char path[64];
	uint64_t v = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	buf_init(&text, 8192);
	if (fd >= 0 && !fs_read(path, &text, NULL)) {
		rest = buf_str(&text);
		while (str_split(&rest, '\n', &line)) {
			struct str key;

			if (str_split(&line, ':', &key) && str_eq(key, STR_LIT("memlock")) &&
			    num_parse_u64(str_trim(line), &v))
				v = 0;
		}
	}
	buf_release(&text);
	return (size_t)v;
}

static size_t count_map_bytes(const struct sampler *s)
{
	struct bpf_map *map;
	size_t bytes = 0;

	bpf_object__for_each_map(map, s->skel->obj) bytes += map_bytes(bpf_map__fd(map));
	for (size_t i = 0; i < s->ring_cnt; i++)
		bytes += map_bytes(s->ring_fds[i]);
	return bytes;
}

/* BPF_F_MMAPABLE (5.5): what is written here is seen by the programs at once, without a call. */
static int map_memory(const struct bpf_map *map, size_t bytes, void **ret)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}

static int map_rules(struct sampler *s)
{
	void *spaces = NULL;
	int r = maparea_init(&s->arena, bpf_map__fd(s->skel->maps.arena), s->arena_bytes);

	if (!r)
		r = map_memory(s->skel->maps.spaces, s->space_cnt * sizeof(*s->spaces), &spaces);
	if (!r)
		s->spaces = spaces;
	return r;
}

static struct cpu_shared *shared_of(const struct sampler *s, uint32_t cpu)
{
	return (void *)(s->cpus + (size_t)cpu * CPU_BYTES);
}

static int map_cpus(struct sampler *s, const struct sampler_opts *o)
{
	void *cpus = NULL;
	int r = map_memory(s->skel->maps.cpus, (size_t)s->cpu_cnt * CPU_BYTES, &cpus);

	if (r)
		return r;
	s->cpus = cpus;
	s->ticks = calloc(s->cpu_cnt, sizeof(*s->ticks));
	if (!s->ticks)
		return -ENOMEM;
	for (uint32_t cpu = 0; cpu < s->cpu_cnt; cpu++)
		shared_of(s, cpu)->is_unusual =
			o->filter_pids || o->cgroup_id || o->copy_all_stacks;
	return stages_new(cpus, s->cpu_cnt, &s->stages);
}

bool sampler_all_tick(struct sampler *s, const struct cpu_list *cpus)
{
	bool all = true;

	for (size_t i = 0; i < cpus->cnt; i++) {
		uint32_t cpu = cpus->ids[i];
		uint64_t ticks;

		if (cpu >= s->cpu_cnt)
			return false;
		ticks = __atomic_load_n(&shared_of(s, cpu)->stat.ticks, __ATOMIC_RELAXED);
		all &= ticks != s->ticks[cpu];
		s->ticks[cpu] = ticks;
	}
	return all;
}

/* Whatever a CPU remembers of the spaces is to be looked up again. */
static void begin_epoch(struct sampler *s)
{
	s->epoch++;
	for (uint32_t cpu = 0; cpu < s->cpu_cnt; cpu++)
		__atomic_store_n(&shared_of(s, cpu)->epoch, s->epoch, __ATOMIC_RELEASE);
}

static int load(struct sampler *s, const struct sampler_opts *o, struct err *err)
{
	int r;

	bpflog_start();
	s->skel = culprit_bpf__open();
	if (!s->skel)
		return bpflog_explain(-errno, "BPF object", err);
	r = set_up(s, o);
	if (!r)
		r = culprit_bpf__load(s->skel);
	if (r)
		return bpflog_explain(r, "loading the BPF programs", err);
	r = make_rings(s);
	if (!r)
		r = allow_cgroup(s, o->cgroup_id);
	if (r)
		return bpflog_explain(r, "BPF ring buffers", err);
	r = map_rules(s);
	if (r)
		return bpflog_explain(r, "mapping the unwind rules", err);
	r = map_cpus(s, o);
	if (r)
		return bpflog_explain(r, "mapping what each CPU has", err);
	s->map_bytes = count_map_bytes(s);
	/*
	 * the clock program has no automatic attachment: this takes fork and exit alone, if they
	 * were loaded
	 */
	r = culprit_bpf__attach(s->skel);
	return r ? bpflog_explain(r, "following fork and exit for the process filter", err) : 0;
}

int sampler_new(const struct sampler_opts *opts, struct sampler **ret, struct err *err)
{
	struct sampler *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < MAX_RINGS; i++)
		s->ring_fds[i] = -1;
	s->filter_pids = opts->filter_pids;
	r = libbpf_num_possible_cpus();
	if (r < 0) {
		err_set(err, r, "number of CPUs: %s", strerror(-r));
	} else {
		s->cpu_cnt = (uint32_t)r;
		r = load(s, opts, err);
	}
	if (r) {
		sampler_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int sampler_prog_fd(const struct sampler *s)
{
	return bpf_program__fd(s->skel->progs.sample_on_cpu);
}

int sampler_allow_pid(struct sampler *s, uint32_t pid)
{
	uint8_t one = 1;

	if (!s->filter_pids)
		return -EINVAL;
	if (!bpf_map_update_elem(bpf_map__fd(s->skel->maps.pid_filter), &pid, &one, BPF_ANY))
		return 0;
	return errno == E2BIG ? -ENOSPC : -errno;
}

void *sampler_arena(const struct sampler *s, size_t *ret_bytes)
{
	*ret_bytes = s->arena.bytes;
	return s->arena.start;
}

int sampler_reach_arena(struct sampler *s, size_t bytes)
{
	return maparea_reach(&s->arena, bytes);
}

/* The entry for pid, or a free one when it has none; NULL: there is none nearby. */
static struct unwind_space *find_space(const struct sampler *s, uint32_t pid)
{
	struct unwind_space *free_one = NULL;

	for (uint32_t i = 0; i < UNWIND_SPACE_PROBES; i++) {
		struct unwind_space *sp = &s->spaces[(pid + i) & (s->space_cnt - 1)];

		if (sp->id && sp->pid == pid)
			return sp;
		if (!sp->id && !free_one)
			free_one = sp;
	}
	return free_one;
}

int sampler_set_space(struct sampler *s, uint32_t pid, const struct unwind_space *space)
{
	struct unwind_space *sp = find_space(s, pid);

	if (!space) {
		if (sp) {
			__atomic_store_n(&sp->id, 0, __ATOMIC_RELEASE);
			begin_epoch(s);
		}
		return 0;
	}
	if (!sp)
		return -ENOSPC;
	__atomic_store_n(&sp->id, 0, __ATOMIC_SEQ_CST);
	sp->pid = pid;
	sp->list = space->list;
	sp->version = space->version;
	__atomic_store_n(&sp->id, space->id, __ATOMIC_RELEASE);
	begin_epoch(s);
	return 0;
}

void sampler_set_asleep(struct sampler *s, bool asleep)
{
	s->skel->bss->reader_sleeps = asleep;
}

int sampler_drain(struct sampler *s, int (*fn)(void *arg, const void *bytes, size_t len), void *arg)
{
	bool is_spilled = false;
	int r;

	s->fn = fn;
	s->arg = arg;
	stages_look(s->stages);
	r = ring_buffer__consume(s->reader);
	if (r >= 0)
		r = stages_take_waiting(s->stages, fn, arg, &is_spilled);
	if (!r && is_spilled)
		r = ring_buffer__consume(s->reader);
	return r < 0 ? r : 0;
}

const int *sampler_rings(const struct sampler *s, size_t *ret_cnt)
{
	*ret_cnt = s->ring_cnt;
	return s->ring_fds;
}

void sampler_end(struct sampler *s)
{
	stages_end(s->stages);
}

uint64_t sampler_handed(const struct sampler *s)
{
	return stages_handed(s->stages);
}

void sampler_stat(const struct sampler *s, struct kernel_stat *ret)
{
	stages_stat(s->stages, ret);
}

size_t sampler_map_bytes(const struct sampler *s)
{
	return s->map_bytes;
}

size_t sampler_waiting_bytes(const struct sampler *s)
{
	return s->ring_cnt * s->ring_bytes + s->cpu_cnt * sizeof(struct stage);
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	ring_buffer__free(s->reader);
	stages_free(s->stages);
	free(s->ticks);
	maparea_release(&s->arena);
	if (s->cpus)
		(void)munmap(s->cpus, (size_t)s->cpu_cnt * CPU_BYTES);
	if (s->spaces)
		(void)munmap(s->spaces, s->space_cnt * sizeof(*s->spaces));
	for (size_t i = 0; i < MAX_RINGS; i++)
		if (s->ring_fds[i] >= 0)
			close(s->ring_fds[i]);
	culprit_bpf__destroy(s->skel);
	free(s);
}
