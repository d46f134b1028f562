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
#include <culprit/cpu.h>
#include <culprit/unwind_step.h>
#include <culprit/wire.h>

#define FRAME_MASK (STAGE_FRAMES - 1)

_Static_assert(WIRE_MAX_KERNEL_FRAMES + WIRE_MAX_USER_FRAMES < STAGE_FRAMES, "frames fit a record");

/*
 * The stack is read in runs of so many bytes, because a helper call for each word of each frame
 * would cost more than all the rest of a walk. They are whole cache lines.
 */
#define CACHE_LINE   64
#define WINDOW_BYTES 512
#define WINDOW_WORDS (WINDOW_BYTES / 8)
#define WINDOW_BELOW 64 /* of it, below the word for which it was read */

/* A copied stack is read a memory page at a time: what lies behind the stack's end is not there. */
#define COPY_STEP 4096

/* What of a stack goes into the room of a CPU; a deeper one needs a record of its own in the ring. */
#define COPY_NEAR 20480

#define ROOM_BYTES 28672

/* Where a walk is. */
struct unwind_walk {
	struct unwind_state u;
	__u64 space_id;
	__u64 generation; /* of rules that are kept: which address space, and when */

	struct unwind_rule rule; /* of this frame, when it was not among those that are kept */

	/* the span of the last address, since the next one is often in it too */
	__u64 span_start;
	__u64 span_end;
	__u32 span_dir;
	__u32 span_skew;
	__u32 list; /* unit; UNWIND_UNKNOWN: nothing is known of this process */
	__u32 cpu;
	__u32 has_regs;	    /* u.regs are read */
	__u32 record;	    /* where on the stage the sample is */
	__u32 tick;	    /* unwind_tick_of() the sample's time */
	__u32 window_words; /* how many are valid */
	__u64 window_start;
	__u64 window[WINDOW_WORDS] __attribute__((aligned(CACHE_LINE)));
};

/*
 * Rules that were found before, each CPU's own, so that a frame is one cache line instead of the ten
 * or more on the way from its address to its rule. What stays is looked up again after so many ticks,
 * so that its leaf stays in use.
 */
#define RULE_SET_BITS	6
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
 * What was found of a process before. An address space is known until another epoch begins; a
 * cgroup, by the set of them that a task is in, for a second (unwind_tick_of()), since sets come and go.
 */
#define KNOWN_CNT 8

struct known_process { /* a cache line */
	__u64 space_id;
	__u64 css_set;
	__u64 cgroup_id;
	__u32 epoch;
	__u32 list;
	__u32 version;
	__u32 cgroup_tick;
	__u32 pid;
} __attribute__((aligned(CACHE_LINE)));

#define CPU_PAGE 4096

/* All that a CPU has for itself (culprit/cpu.h): a page for what every sample touches first. */
struct cpu {
	union {
		struct {
			struct cpu_shared shared;
			__u64 busy; /* somebody here was interrupted in the middle of using it */
			struct known_process known[KNOWN_CNT];
			struct unwind_walk walk;
		};
		__u8 page[CPU_PAGE];
	};
	struct rule_set sets[1 << RULE_SET_BITS];
	union {
		struct stage stage;
		__u8 pages[CPU_BYTES - CPU_STAGE];
	};
};

_Static_assert(sizeof(struct known_process) == CACHE_LINE, "one each");
_Static_assert(sizeof(struct cpu) == CPU_BYTES, "as user space has it");
_Static_assert(__builtin_offsetof(struct cpu, stage) == CPU_STAGE, "as user space has it");

/*
 * Where a record with a copied stack is put together, because neither the BPF stack (512 bytes) nor a
 * ring reservation (fixed size) will do. The end is for one step of copying that goes over.
 */
struct room {
	struct chunk head;
	__u8 bytes[ROOM_BYTES];
};

_Static_assert(sizeof(struct wire_sample) + STAGE_FRAMES * sizeof(__u64) +
			       sizeof(struct wire_stack) + COPY_NEAR + COPY_STEP <=
		       ROOM_BYTES,
	       "everything fits the room");

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
 * Indexed by the CPU's number, not one of the kernel's per-CPU kind: those lie where nothing else of a
 * sample does. What user space maps is in virtual memory (vmalloc), and that is a good place: when user
 * memory is copied to any other, the kernel first finds out whose it is, at the price of one more page
 * (check_heap_object() in mm/usercopy.c).
 */
struct cpu_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu);
};

struct room_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct room);
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
extern struct cpu_map cpus SEC(".maps");
extern struct room_map rooms SEC(".maps");
extern struct pid_set pid_filter SEC(".maps");
extern struct cgroup_set cgroup_filter SEC(".maps");

/*
 * Settings: frozen before loading, so the verifier drops what they switch off. They are a page too:
 * nobody asks who need not.
 */
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

/* Of a number that is no CPU's: NULL. */
static __always_inline struct cpu *cpu_of(__u32 number)
{
	return bpf_map_lookup_elem(&cpus, &number);
}

/* The record that is being made. */
static __always_inline struct wire_sample *record_of(struct cpu *c)
{
	return (struct wire_sample *)(c->stage.bytes + (c->walk.record & (STAGE_BYTES - 8)));
}

#endif
