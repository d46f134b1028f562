// SPDX-License-Identifier: Apache-2.0
#include "model/entity.h"

#include "unit/profiles.h"
#include "unit/tap.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* One label "key=value" after the other, with blanks between. */
static void is_entity(const char *keys, const char *labels, const char *want)
{
	struct str pairs[8][2], rest = str_of(labels), pair;
	struct buf name;
	size_t cnt = 0;

	while (str_split(&rest, ' ', &pair)) {
		if (!str_split(&pair, '=', &pairs[cnt][0]))
			continue;
		pairs[cnt++][1] = pair;
	}
	buf_init(&name, 4096);
	entity_add_name(&name, (const struct str(*)[2])pairs, cnt, str_of(keys));
	is_str(name.data, want, "%s of %s", keys, labels);
	buf_release(&name);
}

static void test_label(void)
{
	struct profile *p = profile_of(PROFILE_NANOSECONDS, 10, "x;main;f 5\nx;main;g 6\ny;h 7");
	struct str keys = STR_LIT("process,container_id");
	struct profile *q;

	must(entity_label(p, keys, &q), "label");
	ok(q->series_cnt == p->series_cnt && q->sample_cnt == p->sample_cnt, "the same series");
	ok(q->total == p->total && q->total_cnt == p->total_cnt && q->length_ns == p->length_ns &&
		   q->capacity_ns == p->capacity_ns && q->window_cnt == p->window_cnt,
	   "and numbers");
	ok(str_eq(profile_label(q, 0, keys), STR_LIT("x")) &&
		   str_eq(profile_label(q, 1, keys), STR_LIT("y")),
	   "with a label more");
	ok(str_eq(profile_label(q, 0, STR_LIT(LABEL_PROCESS)), STR_LIT("x")), "the old one stays");
	profile_free(p);
	profile_free(q);
}

int main(void)
{
	ok(!entity_is_derived(STR_LIT("process")) && !entity_is_derived(STR_LIT("cgroup")) &&
		   entity_is_derived(STR_LIT("pod")) && entity_is_derived(STR_LIT("a,b")),
	   "which are more than a label");
	is_entity("pod", "pod=cart-7d9f8b6c5-x2x4z", "cart");
	is_entity("pod", "pod=shop-cart-7d9f8b6c5d-x2x4z", "shop-cart");
	is_entity("pod", "pod=node-exporter-x7k2p", "node-exporter");
	is_entity("pod", "pod=report-28391040-x7k2p", "report");
	is_entity("pod", "pod=postgres-0", "postgres");
	is_entity("pod", "pod=postgres-12", "postgres");
	is_entity("pod", "pod=my-nginx", "my-nginx");
	is_entity("pod", "pod=api-v2", "api-v2");
	is_entity("pod", "pod=x2x4z", "x2x4z");
	is_entity("pod", "pod=-x2x4z", "-x2x4z");
	is_entity("pod", "process=x", "[no pod]");
	is_entity("comm", "comm=worker-17", "worker");
	is_entity("comm", "comm=kworker/0:1", "kworker");
	is_entity("comm", "comm=pool-1-thread-7", "pool-1-thread");
	is_entity("comm", "comm=python3.11", "python3.11");
	is_entity("comm", "comm=17", "17");
	is_entity("process,container_id", "process=app container_id=" ID,
		  "app in container 0123456789ab");
	is_entity("process,container_id", "process=app unit=x.service", "app");
	is_entity("process,container_id", "container_id=" ID,
		  "[no process] in container 0123456789ab");
	is_entity("pod,container", "pod=cart-7d9f8b6c5-x2x4z container=web", "cart in web");
	test_label();
	return tap_done();
}
