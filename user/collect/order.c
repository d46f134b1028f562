// SPDX-License-Identifier: Apache-2.0
#include "collect/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The smallest record bounds how many of them max_bytes can hold. */
#define SMALLEST sizeof(struct wire_header)

#define RANK_SAMPLE (UINT64_C(1) << 63)

void order_init(struct order *o, size_t max_bytes)
{
	*o = (struct order){.max_bytes = max_bytes};
}

void order_release(struct order *o)
{
	free(o->entries);
	free(o->data);
	order_init(o, 0);
}

size_t order_cnt(const struct order *o)
{
	return o->cnt;
}

int order_add(struct order *o, const struct wire_header *rec)
{
	struct order_entry *e;
	int r;

	r = mem_grow(&o->data, &o->size, o->used + rec->size, 1, o->max_bytes);
	if (!r)
		r = mem_grow(&o->entries, &o->cap, o->cnt + 1, sizeof(*o->entries),
			     o->max_bytes / SMALLEST + 1);
	if (r)
		return r;
	e = &o->entries[o->cnt++];
	e->time_ns = rec->time_ns;
	e->rank = o->seq++ | (rec->type == WIRE_SAMPLE ? RANK_SAMPLE : 0);
	e->offset = o->used;
	memcpy(o->data + o->used, rec, rec->size);
	o->used += rec->size;
	return 0;
}

static int by_time(const void *pa, const void *pb)
{
	const struct order_entry *a = pa, *b = pb;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int by_offset(const void *pa, const void *pb)
{
	const struct order_entry *a = pa, *b = pb;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static const struct wire_header *record_at(const struct order *o, size_t offset)
{
	return (const struct wire_header *)(const void *)(o->data + offset);
}

/* Forgets the first `gone` entries and closes the gaps that their records leave. */
static void compact(struct order *o, size_t gone)
{
	size_t used = 0;

	if (!gone)
		return;
	o->cnt -= gone;
	memmove(o->entries, o->entries + gone, o->cnt * sizeof(*o->entries));
	qsort(o->entries, o->cnt, sizeof(*o->entries), by_offset);
	for (size_t i = 0; i < o->cnt; i++) {
		struct order_entry *e = &o->entries[i];
		size_t len = record_at(o, e->offset)->size;

		memmove(o->data + used, o->data + e->offset, len);
		e->offset = used;
		used += len;
	}
	o->used = used;
}

int order_deliver(struct order *o, uint64_t until_ns, record_fn fn, void *arg)
{
	size_t i;
	int r = 0;

	if (!o->cnt)
		return 0;
	qsort(o->entries, o->cnt, sizeof(*o->entries), by_time);
	for (i = 0; i < o->cnt && o->entries[i].time_ns < until_ns; i++) {
		r = fn(arg, record_at(o, o->entries[i].offset));
		if (r)
			break;
	}
	compact(o, i);
	return r;
}
