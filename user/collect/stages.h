/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stages.h - the samples that wait on the CPUs' stages (culprit/cpu.h), each of them once: now, as a
 * copy, or later, as part of the chunk that is spilled into a ring.
 *
 *	stages_look() ─► all rings are emptied, by stages_take_chunk() ─► stages_take_waiting()
 *
 * The order matters: a chunk is in its ring before a stage tells the number of the next one. So when
 * the rings have been emptied after a look, nothing is missing but what the look has shown on the
 * stages, and what came later. The chunks of a CPU come in their order: one that has not come when the
 * next one does was lost to a full ring, but what had been taken of it before was not.
 *
 * Single thread. Memory: fixed.
 */
#ifndef COLLECT_STAGES_H
#define COLLECT_STAGES_H

#include <culprit/cpu.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct stages;

/*
 * One record: `len` bytes at least of a header, not checked further. 0, or -errno to stop: the record is
 * lost then, and what comes behind it in its chunk.
 */
typedef int (*stages_fn)(void *arg, const void *bytes, size_t len);

/* `cpus` are the cpu_cnt * CPU_BYTES of culprit/cpu.h, mapped: borrowed. 0 or -ENOMEM. */
int must_check stages_new(const void *cpus, uint32_t cpu_cnt, struct stages **ret);
void stages_free(struct stages *st);

/* Notes how far each stage is. */
void stages_look(struct stages *st);

/*
 * Hands out what of a ring's record, `len` bytes, has not been handed out: one that is no chunk as a
 * whole, since whoever gets it finds out. 0 or -errno of fn.
 */
int must_check stages_take_chunk(struct stages *st, const void *bytes, size_t len, stages_fn fn,
				 void *arg);

/*
 * Hands out what the last look has shown on the stages. Sets *ret_spilled if something was spilled
 * meanwhile: it is in the rings. 0 or -errno of fn.
 */
int must_check stages_take_waiting(struct stages *st, stages_fn fn, void *arg, bool *ret_spilled);

/* No program runs any more: chunks that have not come when rings are emptied once more are lost. */
void stages_end(struct stages *st);

uint64_t stages_handed(const struct stages *st); /* records, so far */

/* The counters, summed over CPUs. */
void stages_stat(const struct stages *st, struct kernel_stat *ret);

#endif
