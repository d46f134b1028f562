// SPDX-License-Identifier: Apache-2.0
#include "serve/posted.h"

#include <errno.h>

#include "unit/tap.h"

static void test_whole(void)
{
	struct posted p;

	posted_init(&p, 8, 1000);
	ok(!posted_check(&p) && !buf_str(&p.body).len, "nothing yet");
	ok(posted_add(&p, STR_LIT("{\"a\""), 1000) && posted_add(&p, STR_LIT(":1}"), 2000),
	   "two pieces");
	ok(!posted_check(&p), "as much as it may hold");
	is_str(p.body.data, "{\"a\":1}", "put together");
	posted_release(&p);
}

static void test_too_large(void)
{
	struct posted p;
	unsigned int pieces = 0;

	posted_init(&p, 8, 0);
	ok(posted_add(&p, STR_LIT("12345678"), 0) && !posted_check(&p), "the limit");
	ok(posted_add(&p, STR_LIT("9"), 0), "one more is read");
	is_i64(posted_check(&p), -E2BIG, "and refused");
	ok(!p.body.data, "what was kept is let go of");
	while (pieces < 1000 && posted_add(&p, STR_LIT("12345678"), 0))
		pieces++;
	is_u64(pieces, POSTED_PATIENCE, "patience ends");
	is_i64(posted_check(&p), -E2BIG, "it stays too large");
	posted_release(&p);
}

static void test_slow(void)
{
	struct posted p;

	posted_init(&p, 100, 5);
	ok(posted_add(&p, STR_LIT("a"), 5 + POSTED_MAX_NS), "in time");
	ok(!posted_add(&p, STR_LIT("b"), 6 + POSTED_MAX_NS), "one byte now and then is not enough");
	posted_release(&p);
}

int main(void)
{
	test_whole();
	test_too_large();
	test_slow();
	return tap_done();
}
