/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * cpu.h - what a CPU has for itself, in a BPF map that user space maps: its counters, what its samples
 * work on, and the stage where they wait on their way to a ring.
 *
 * A sample comes at cold translation buffers: each page that it touches for the first time costs as
 * much as several frames, in a virtual machine some 500 ns. So what every sample needs is in few pages,
 * those of one value. And a ring is three pages more: so a CPU puts its records one behind the other on
 * its stage, and spills what is there into a ring as one chunk when the stage is full. User space does
 * not wait for that: whenever it empties the rings it takes what is on the stages too, and remembers
 * how much of the next chunk it has seen (collect/stages.h).
 *
 * Not persisted: both sides are always of one build.
 */
#ifndef CULPRIT_CPU_H
#define CULPRIT_CPU_H

#include <culprit/stat.h>
#include <culprit/wire.h>

/* A stage is full when so much of it is in use; what its last record has more than that fits too. */
#define STAGE_BYTES 4096

/* More than a stack can have: an index that is masked by 0xff stays inside. */
#define STAGE_FRAMES 256

/* What a record in a ring is: its head, then `len` bytes of records. */
struct chunk {
	__u32 cpu;
	__u32 number; /* of those that this CPU has spilled; unless it is apart */
	__u32 len;
	__u32 is_apart; /* never was on a stage */
};

struct stage {
	struct chunk head; /* filled in when it is spilled */
	__u8 bytes[STAGE_BYTES + sizeof(struct wire_sample) + STAGE_FRAMES * sizeof(__u64)];
};

/* How a CPU's value begins. Behind that are the BPF programs' own things, and at CPU_STAGE its stage. */
struct cpu_shared {
	struct kernel_stat stat; /* written by the programs */
	/* …and by user space: */
	__u32 epoch;	  /* another one whenever `spaces` has changed */
	__u32 is_unusual; /* there is a filter, or all stacks are copied */
};

#define CPU_STAGE 8192
#define CPU_BYTES 16384

#endif
