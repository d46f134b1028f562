/* SPDX-License-Identifier: Apache-2.0 */
/*
 * taskrecord.h - from a perf record of the kernel to a wire record. A pure function over bytes.
 *
 * Layouts: perf_event_open(2), "MMAP layout". The events are opened with sample_id_all and
 * PERF_SAMPLE_TIME alone, so that each record ends with eight bytes of time stamp (taskevents.c).
 */
#ifndef COLLECT_TASKRECORD_H
#define COLLECT_TASKRECORD_H

#include "base/compiler.h"
#include "model/record.h"

struct taskrecord {
	uint64_t lost; /* events that the kernel says it dropped here */
	union {
		struct wire_header h;
		struct wire_mmap mmap;
		struct wire_comm comm;
		struct wire_task task;
		char room[sizeof(struct wire_mmap) + WIRE_MAX_PATH + 8];
	};
};

/*
 * Takes apart the `len` bytes of one perf record, header included. Returns 1 when *ret holds a wire
 * record (which then passes wire_check()); 0 when the record is of no interest, or only says what
 * was lost (ret->lost); -EBADMSG when it does not hold what its type demands. The bytes may be
 * anything.
 */
int must_check taskrecord_decode(const void *bytes, size_t len, struct taskrecord *ret);

#endif
