// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4400 */
/*
 * One perf record of the kernel. Its size field is set to what the input has, unless the input
 * says 0xffff there: else nearly all inputs would fail at it.
 */
#include <errno.h>

#include "collect/taskrecord.h"
#include "fuzz/fuzz.h"

#define SIZE_AT 6 /* struct perf_event_header: type, misc, size */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct taskrecord rec;
	uint8_t *copy = malloc(size ? size : 1);
	int r;

	must(copy);
	if (size)
		memcpy(copy, data, size);
	if (size >= SIZE_AT + 2 && (copy[SIZE_AT] != 0xff || copy[SIZE_AT + 1] != 0xff)) {
		copy[SIZE_AT] = (uint8_t)size;
		copy[SIZE_AT + 1] = (uint8_t)(size >> 8);
	}
	memset(&rec, 0xa5, sizeof(rec));
	r = taskrecord_decode(copy, size, &rec);
	must(r == 0 || r == 1 || r == -EBADMSG);
	if (r == 1) {
		must(rec.h.size <= sizeof(rec) - offsetof(struct taskrecord, h));
		must(wire_check(&rec.h, rec.h.size));
		must(!rec.lost);
	}
	if (r == 1 && rec.h.type == WIRE_COMM)
		must(!rec.comm.comm[WIRE_COMM_LEN - 1]);
	if (r == 1 && rec.h.type == WIRE_MMAP)
		must(!memchr(rec.mmap.path, 0, rec.mmap.path_len));
	free(copy);
	return 0;
}
