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
#include <culprit/unwind_step.h>
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
 * The stack is read in runs of so many bytes, because a helper call for each word of each frame
 * would cost more than all the rest of a walk.
 */
#define WINDOW_BYTES 512
#define WINDOW_WORDS (WINDOW_BYTES / 8)
#define WINDOW_BELOW 64 /* of it, below the word for which it was read */

/* A copied stack is read a memory page at a time: what lies behind the stack's end is not there. */
#define COPY_STEP 4096

/* What of a stack goes into the scratch record; a deeper one needs a record of its own in the ring. */
#define COPY_NEAR 20480

#define SCRATCH_ROOM 28672

/* Where a walk is. */
struct unwind_walk {
	struct unwind_state u;
	__u64 space_id;
	__u64 generation;	     /* of rules that are kept: which address space, and when */
	__u64 entry_regs[WIRE_REGS]; /* regs before any signal frame, with copy_all_stacks only */

	struct unwind_rule rule; /* of this frame, when it was not among those that are kept */

	/* the span of the last address, since the next one is often in it too */
	__u64 span_start;
	__u64 span_end;
	__u32 span_dir;
	__u32 span_skew;
	__u32 list; /* unit; UNWIND_UNKNOWN: nothing is known of this process */
	__u32 cpu;
	__u32 tick;	    /* unwind_tick_of() the sample's time */
	__u32 window_words; /* how many are valid */
	__u64 window_start;
	__u64 window[WINDOW_WORDS];
};

/*
 * Rules that were found before, each CPU's own, so that a frame is one cache line instead of the ten
 * or more on the way from its address to its rule. What stays is looked up again after so many ticks,
 * so that its leaf stays in use.
 */
#define RULE_SET_BITS	7
#define RULE_SET_WAYS	4
#define RULE_KEEP_TICKS 8

struct rule_slot {
	__u64 tag; /* of address, address space and time, in one number; 0: free */
	struct unwind_rule rule;
};

struct rule_set { /* a cache line */
	struct rule_slot ways[RULE_SET_WAYS];
};

/*
 * All that a CPU's sample works on. A record is put together here, because neither the BPF stack
 * (512 bytes) nor a ring reservation (fixed size) will do. Behind the room for frames is that for a
 * copied stack, and for one step of copying that goes over.
 */
struct scratch {
	struct rule_set sets[1 << RULE_SET_BITS];
	__u64 busy; /* somebody on this CPU was interrupted in the middle of using it */
	struct unwind_walk walk;
	union {
		struct wire_sample sample;
		__u8 room[SCRATCH_ROOM];
	};
} __attribute__((aligned(4096)));

_Static_assert(sizeof(struct wire_sample) + SCRATCH_FRAMES * sizeof(__u64) +
			       sizeof(struct wire_stack) + COPY_NEAR + COPY_STEP <=
		       SCRATCH_ROOM,
	       "everything fits the scratch record");

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

/*
 * What each CPU has for itself is indexed by its number, not in maps of the kernel's per-CPU kind:
 * these lie where nothing else of a sample does. It comes at cold translation buffers, and the page
 * tables on the way to one more corner of the kernel's memory cost more than everything done there.
 */
struct scratch_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* nobody maps it, but values then begin with a page */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
};

struct stat_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
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

/* Unwind rules and the way to them (culprit/unwind.h); written by user space through a mapping. */
struct arena_page {
	__u8 bytes[UNWIND_PAGE];
};

struct arena_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct arena_page);
};

struct spaces_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, UNWIND_SPACE_PROBES);
	__type(key, __u32);
	__type(value, struct unwind_space);
};

extern struct arena_map arena SEC(".maps");
extern struct spaces_map spaces SEC(".maps");
extern struct rings_map rings SEC(".maps");
extern struct scratch_map scratches SEC(".maps");
extern struct stat_map stats SEC(".maps");
extern struct pid_set pid_filter SEC(".maps");
extern struct cgroup_set cgroup_filter SEC(".maps");

/* Settings: frozen before loading, so the verifier drops what they switch off. */
extern const volatile __u32 ring_bytes; /* of one ring */
extern const volatile __u32 ring_mask;	/* number of rings, a power of two, minus one */
extern const volatile __u32 space_mask; /* entries of `spaces`, a power of two, minus one */
extern const volatile __u32
	thread_bytes; /* size of a task's kernel stack, where no helper finds its registers */
extern const volatile bool kernel_stacks;
extern const volatile bool unwind_rules; /* else user stacks are walked by frame pointer alone */
extern const volatile bool filter_pids;
extern const volatile bool filter_cgroups;
extern const volatile bool copy_all_stacks; /* for tests: each sample carries its stack */

/* Set by user space before it waits; unset by whoever wakes it for a process that is new. */
extern volatile bool reader_sleeps;

/* Of `cpu`; of no CPU: NULL. */
static __always_inline struct scratch *scratch_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&scratches, &cpu);
}

#endif
