/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.bpf.h - maps and settings that several programs share; maps.bpf.c is where they live.
 *
 * Each type is written once: the linker wants a declaration to repeat the definition exactly.
 * Sizes marked 1 are set by user space before loading (collect/sampler.c).
 */
#ifndef BPF_MAPS_BPF_H
#define BPF_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <culprit/stat.h>
#include <culprit/wire.h>

/*
 * One more than fits into a byte's worth of index, so that masking an index by 0xff always stays
 * inside.
 */
#define SCRATCH_FRAMES	   256
#define SCRATCH_FRAME_MASK (SCRATCH_FRAMES - 1)

_Static_assert(WIRE_MAX_KERNEL_FRAMES + WIRE_MAX_USER_FRAMES < SCRATCH_FRAMES,
	       "frames fit the scratch record");

/*
 * A record is put together here, because neither the BPF stack (512 bytes) nor a ring reservation
 * (fixed size) will do.
 */
struct scratch {
	__u64 busy; /* somebody on this CPU was interrupted in the middle of using it */
	union {
		struct wire_sample sample;
		__u8 room[sizeof(struct wire_sample) + SCRATCH_FRAMES * sizeof(__u64)];
	};
};

/*
 * What user space puts into `rings`; the size here is a placeholder that every page size divides.
 */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
};

/*
 * Ring i takes the records of the CPUs with cpu & ring_mask == i: large machines do not queue at
 * one lock.
 */
struct rings_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
};

struct scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
};

struct stat_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kernel_stat);
};

/* Sets. Preallocated, as older kernels demand of perf_event programs. */
struct pid_set {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
};

struct cgroup_set {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u8);
};

extern struct rings_map rings SEC(".maps");
extern struct scratch_map scratches SEC(".maps");
extern struct stat_map stats SEC(".maps");
extern struct pid_set pid_filter SEC(".maps");
extern struct cgroup_set cgroup_filter SEC(".maps");

/* Settings: frozen before loading, so the verifier drops what they switch off. */
extern const volatile __u64 period_ns; /* between two samples of a CPU */
extern const volatile __u32 ring_mask; /* number of rings, a power of two, minus one */
extern const volatile __u32
	thread_bytes; /* size of a task's kernel stack, where no helper finds its registers */
extern const volatile bool kernel_stacks;
extern const volatile bool filter_pids;
extern const volatile bool filter_cgroups;

#endif
