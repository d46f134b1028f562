/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stage.bpf.h - the way of a record from a CPU's stage to a ring (culprit/cpu.h).
 *
 *	record_of() ─► it is made ─► stage_commit() ─► spill(), when the stage is full
 *
 * What is committed may be read by user space at any time. It is overwritten when the number of the
 * chunk has changed, not before: both are in one word. BPF has no store that is ordered behind others
 * (before 6.15), so on arm64 the word may be seen some 100 ns before the record: user space empties the
 * rings between looking at the word and reading the record.
 */
#ifndef BPF_STAGE_BPF_H
#define BPF_STAGE_BPF_H

#include "maps.bpf.h"
#include "stat.bpf.h"

#define RECORD_BYTES (sizeof(struct wire_sample) + STAGE_FRAMES * sizeof(__u64))

static __always_inline __u32 record_size(const struct wire_sample *s)
{
	__u32 frames = (s->kernel_cnt + s->user_cnt) & FRAME_MASK;

	return sizeof(*s) + frames * sizeof(s->pcs[0]);
}

static __always_inline void *ring_of(__u32 cpu)
{
	__u32 index = cpu & ring_mask;

	return bpf_map_lookup_elem(&rings, &index);
}

/*
 * What waits on the stage becomes a chunk in the ring, or is lost. User space comes by itself; it is
 * woken when the ring fills up before that.
 */
static __noinline int spill(struct cpu *c, __u32 cpu)
{
	struct kernel_stat *st = &c->shared.stat;
	struct stage *stage = &c->stage;
	__u32 number = st->stage >> 32, len = st->stage;
	void *ring = ring_of(cpu);
	__u64 wakeup = BPF_RB_NO_WAKEUP;

	if (!ring || len > sizeof(stage->bytes))
		return 0;
	if (bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > ring_bytes / 4)
		wakeup = BPF_RB_FORCE_WAKEUP;
	stage->head = (struct chunk){.cpu = cpu, .number = number, .len = len};
	if (bpf_ringbuf_output(ring, stage, sizeof(stage->head) + len, wakeup))
		st->lost[LOSS_RING_FULL] += st->staged;
	barrier();
	st->staged = 0;
	st->stage = (__u64)(number + 1) << 32;
	barrier();
	return 0;
}

static __always_inline void stage_commit(struct cpu *c, __u32 cpu, __u32 size)
{
	struct kernel_stat *st = &c->shared.stat;

	st->staged++;
	barrier();
	st->stage += size;
	if ((__u32)st->stage >= STAGE_BYTES)
		spill(c, cpu);
}

#endif
