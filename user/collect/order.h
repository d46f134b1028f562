/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.h - one stream in order of time out of many that each are.
 *
 * Records are copied in as the rings are emptied, one ring after the other; then everything older
 * than a point in time goes out sorted, the rest waits for the next round. Records of the same time
 * go out task events first, then as they came in. Memory is bounded: at the ceiling order_add()
 * refuses, and the caller counts.
 */
#ifndef COLLECT_ORDER_H
#define COLLECT_ORDER_H

#include "base/compiler.h"
#include "model/record.h"

struct order_entry {
	uint64_t time_ns;
	uint64_t rank; /* breaks ties */
	size_t offset; /* into data */
};

struct order {
	struct order_entry *entries; /* private, as are the others */
	size_t cnt, cap;
	uint8_t *data;
	size_t used, size;
	size_t max_bytes;
	uint64_t seq;
};

void order_init(struct order *o, size_t max_bytes); /* allocates nothing */
void order_release(struct order *o);
size_t order_cnt(const struct order *o); /* records that wait */

/* Copies a record that has passed wire_check(). 0; -ENOSPC at the ceiling; -ENOMEM. */
int must_check order_add(struct order *o, const struct wire_header *rec);

/*
 * Hands out, in order, all records with a time below until_ns. 0, or what `fn` returned if not 0:
 * that record and all behind it then stay. `fn` must not call back into this order.
 */
int must_check order_deliver(struct order *o, uint64_t until_ns, record_fn fn, void *arg);

#endif
