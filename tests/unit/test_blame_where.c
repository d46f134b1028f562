// SPDX-License-Identifier: Apache-2.0
#include "blame/where.h"

#include "unit/profiles.h"
#include "unit/tap.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "4a3b6c1e-0000-4000-8000-000000000001"

/* "key=value key=value…" as a series of process x with that weight. */
static void put(struct builder *b, const char *process, const char *labels, uint64_t weight)
{
	struct str pairs[8][2] = {{STR_LIT(LABEL_PROCESS), str_of(process)}};
	struct str rest = str_of(labels), pair;
	uint32_t series, frame, node;
	size_t cnt = 1;

	while (str_split(&rest, ' ', &pair)) {
		if (!pair.len)
			continue;
		str_split(&pair, '=', &pairs[cnt][0]);
		pairs[cnt++][1] = pair;
	}
	must(builder_series(b, pairs, cnt, &series), "series");
	must(builder_frame(b, STR_LIT("f"), STR_LIT("app"), FRAME_USER, &frame), "frame");
	must(builder_stack(b, 0, frame, &node), "stack");
	must(builder_sample(b, series, node, weight, 1), "sample");
}

static struct builder *start(void)
{
	return builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
}

static void is_place(const char *labels, const char *want)
{
	struct builder *b = start();
	struct profile *p;
	struct where w;

	put(b, "x", labels, 5);
	p = seal(b);
	must(where_find(p, STR_LIT(LABEL_PROCESS), STR_LIT("x"), &w), "where");
	if (want)
		is_str(w.cnt ? w.items[0].name.p : "(none)", want, "%s", labels);
	else
		ok(!w.cnt && !w.more, "'%s' is no place", labels);
	where_release(&w);
	profile_free(p);
}

static void test_several(void)
{
	struct builder *b = start();
	struct profile *p;
	struct where w;

	put(b, "x", "unit=a.service", 10);
	put(b, "x", "unit=b.service", 50);
	put(b, "x", "unit=b.service comm=worker", 10);
	put(b, "x", "", 20);
	put(b, "x", "unit=c.service", 6);
	put(b, "x", "unit=d.service", 4);
	put(b, "y", "unit=other.service", 1000);
	p = seal(b);
	must(where_find(p, STR_LIT(LABEL_PROCESS), STR_LIT("x"), &w), "where");
	ok(w.cnt == WHERE_MAX && w.more == 2, "the largest, and how many more");
	is_str(w.items[0].name.p, "b.service", "series of one place are one");
	is_near(w.items[0].share, 0.6, 1e-9, "with its share");
	ok(!w.items[1].name.len && w.items[1].share > 0.19, "what has no place counts as such");
	is_str(w.items[2].name.p, "a.service", "then the next");
	where_release(&w);
	must(where_find(p, STR_LIT("unit"), STR_LIT("c.service"), &w), "where");
	ok(w.cnt == 1 && w.items[0].share > 0.99, "by another label");
	where_release(&w);
	must(where_find(p, STR_LIT(LABEL_PROCESS), STR_LIT("nobody"), &w), "where");
	ok(!w.cnt && !w.more, "nobody is nowhere");
	where_release(&w);
	profile_free(p);
}

int main(void)
{
	is_place("", NULL);
	is_place("comm=worker", NULL);
	is_place("cgroup=/user.slice", "/user.slice");
	is_place("cgroup=/system.slice/x.service unit=x.service", "x.service");
	is_place("cgroup=/docker/" ID " container_id=" ID, "container 0123456789ab");
	is_place("container_id=" ID " pod_uid=" UID, "container 0123456789ab of pod " UID);
	is_place("pod_uid=" UID, "pod " UID);
	is_place("namespace=shop pod=cart-7d9 container=app container_id=" ID, "shop/cart-7d9/app");
	is_place("pod=cart-7d9", "cart-7d9");
	test_several();
	return tap_done();
}
