// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "unit/tap.h"

#include "collect/order.h"

#define KEEP_MAX 20000

/* What was handed out: time, type and a mark that shows that the bytes are those that went in. */
struct kept {
	uint64_t time_ns[KEEP_MAX];
	uint16_t type[KEEP_MAX];
	uint32_t mark[KEEP_MAX];
	size_t cnt;
	size_t damaged;
	size_t refuse_at; /* 0 = never; counts from 1 */
};

static int keep(void *arg, const struct wire_header *rec)
{
	const struct wire_task *t = (const struct wire_task *)rec;
	struct kept *k = arg;

	if (k->refuse_at && k->cnt + 1 == k->refuse_at)
		return -ECANCELED;
	k->damaged += !wire_check(rec, rec->size) || t->tid != (t->pid ^ 0x5a5a5a5a);
	k->time_ns[k->cnt] = rec->time_ns;
	k->type[k->cnt] = rec->type;
	k->mark[k->cnt++] = t->pid;
	return 0;
}

/*
 * A task record, or a sample of one frame to vary the sizes (its start_ns lies where a task's pid
 * and tid do).
 */
static int add(struct order *o, uint16_t type, uint64_t time_ns, uint32_t mark)
{
	union {
		struct wire_header h;
		struct wire_task task;
		struct wire_sample sample;
		char room[sizeof(struct wire_sample) + 8];
	} rec;

	memset(&rec, 0, sizeof(rec));
	rec.h.type = type;
	rec.h.time_ns = time_ns;
	rec.h.size =
		type == WIRE_SAMPLE ? sizeof(struct wire_sample) + 8 : sizeof(struct wire_task);
	if (type == WIRE_SAMPLE)
		rec.sample.kernel_cnt = 1;
	rec.task.pid = mark;
	rec.task.tid = mark ^ 0x5a5a5a5a;
	return order_add(o, &rec.h);
}

static void test_small(void)
{
	static struct kept k;
	struct order o;

	order_init(&o, 1 << 16);
	ok(!order_deliver(&o, UINT64_MAX, keep, &k) && !k.cnt, "nothing in, nothing out");
	ok(!add(&o, WIRE_SAMPLE, 30, 1) && !add(&o, WIRE_FORK, 10, 2) &&
		   !add(&o, WIRE_SAMPLE, 20, 3) && !add(&o, WIRE_SAMPLE, 20, 4) &&
		   !add(&o, WIRE_EXIT, 20, 5) && !add(&o, WIRE_EXIT, 20, 6),
	   "records of two rings");
	ok(!order_deliver(&o, 20, keep, &k), "deliver below 20");
	ok(k.cnt == 1 && k.mark[0] == 2, "…only what is older, not what is as old");
	is_u64(order_cnt(&o), 5, "…the rest waits");
	ok(!add(&o, WIRE_EXIT, 25, 7), "one more comes");
	ok(!order_deliver(&o, 30, keep, &k) && k.cnt == 6, "deliver below 30");
	ok(k.mark[1] == 5 && k.mark[2] == 6,
	   "events before samples of the same time, as they came");
	ok(k.mark[3] == 3 && k.mark[4] == 4 && k.mark[5] == 7,
	   "then the samples, then what is later");
	ok(!order_deliver(&o, UINT64_MAX, keep, &k) && k.cnt == 7 && k.mark[6] == 1, "the last");
	is_u64(order_cnt(&o), 0, "empty");
	is_u64(k.damaged, 0, "no record was damaged");
	order_release(&o);
}

static void test_refusal(void)
{
	static struct kept k;
	struct order o;

	order_init(&o, 1 << 16);
	for (uint32_t i = 0; i < 10; i++)
		ok(!add(&o, i % 2 ? WIRE_SAMPLE : WIRE_FORK, 100 - i, i), "add %u", i);
	k.refuse_at = 4;
	is_i64(order_deliver(&o, UINT64_MAX, keep, &k), -ECANCELED,
	       "the taker's refusal comes back");
	is_u64(k.cnt, 3, "after three");
	is_u64(order_cnt(&o), 7, "the refused one and those behind it are kept");
	k.refuse_at = 0;
	ok(!order_deliver(&o, UINT64_MAX, keep, &k) && k.cnt == 10, "and come later");
	ok(k.mark[3] == 6 && k.mark[9] == 0 && !k.damaged, "in order, whole");
	order_release(&o);
}

static void test_ceiling(void)
{
	static struct kept k;
	struct order o;
	uint32_t n = 0;

	order_init(&o, 4096);
	while (n < 1000 && !add(&o, WIRE_FORK, n, n))
		n++;
	is_u64(n, 4096 / sizeof(struct wire_task), "takes what fits");
	is_i64(add(&o, WIRE_FORK, 1, 1), -ENOSPC, "then refuses");
	ok(!order_deliver(&o, UINT64_MAX, keep, &k) && k.cnt == n, "all are delivered");
	ok(!add(&o, WIRE_FORK, 1, 1), "and there is room again");
	order_release(&o);
}

/*
 * Rounds as the collector has them: many rings, each in order, delivered up to a moving point in
 * time.
 */
static void test_rounds(void)
{
	static struct kept k;
	uint64_t next_ns[8] = {0}, random = 88172645463325252U, unordered = 0;
	uint32_t mark = 0;
	struct order o;

	order_init(&o, 1 << 20);
	for (uint64_t round = 1; round <= 50; round++) {
		for (int ring = 0; ring < 8; ring++)
			while (next_ns[ring] < round * 1000) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				next_ns[ring] += random % 200;
				if (add(&o, random & 1024 ? WIRE_SAMPLE : WIRE_FORK, next_ns[ring],
					mark++))
					unordered++;
			}
		if (order_deliver(&o, round * 1000 - 100, keep, &k))
			unordered++;
	}
	unordered += order_deliver(&o, UINT64_MAX, keep, &k) != 0;
	for (size_t i = 1; i < k.cnt; i++)
		unordered += k.time_ns[i] < k.time_ns[i - 1];
	is_u64(unordered, 0, "8 rings, 50 rounds: in order");
	is_u64(k.cnt, mark, "nothing missing, nothing twice (%u records)", mark);
	is_u64(k.damaged, 0, "nothing damaged");
	order_release(&o);
}

int main(void)
{
	test_small();
	test_refusal();
	test_ceiling();
	test_rounds();
	return tap_done();
}
