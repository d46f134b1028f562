// SPDX-License-Identifier: Apache-2.0
#include "model/matcher.h"

#include <errno.h>

#include "base/text.h"
#include "unit/profiles.h"
#include "unit/tap.h"

static const struct str nginx[][2] = {
	{STR_LIT("process"), STR_LIT("nginx")},
	{STR_LIT("cgroup"), STR_LIT("/system.slice/nginx.service")},
	{STR_LIT("odd"), STR_LIT("a=b!=c")},
};

/* Whether the series is accepted by all terms; both ways of asking must agree. */
static bool accepts(const char *const *terms)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	struct matcher *m = matcher_new();
	struct profile *p;
	uint32_t id;
	bool in_profile, bare;

	must(builder_series(b, nginx, ARRAY_SIZE(nginx), &id), "series");
	p = seal(b);
	for (; *terms; terms++)
		must(matcher_add(m, str_of(*terms), NULL), *terms);
	in_profile = matcher_accepts(m, p, id);
	bare = matcher_accepts_labels(m, nginx, ARRAY_SIZE(nginx));
	if (in_profile != bare)
		printf("# the two disagree\n");
	profile_free(p);
	matcher_free(m);
	return in_profile && bare;
}

#define ACCEPTS(...) accepts((const char *const[]){__VA_ARGS__, NULL})

static void test_terms(void)
{
	ok(ACCEPTS(NULL), "no term accepts all");
	ok(ACCEPTS("process=nginx"), "equal");
	ok(!ACCEPTS("process=ngin") && !ACCEPTS("process=nginxx") && !ACCEPTS("process="),
	   "whole values only");
	ok(!ACCEPTS("process!=nginx") && ACCEPTS("process!=other"), "not equal");
	ok(ACCEPTS("process=nginx", "cgroup=/system.slice/nginx.service"), "all must hold");
	ok(!ACCEPTS("process=nginx", "cgroup=/"), "…all of them");
	ok(ACCEPTS("pod="), "a label that is missing is empty");
	ok(ACCEPTS("pod!=x") && !ACCEPTS("pod=x") && !ACCEPTS("pod!="), "…and nothing else");
	ok(ACCEPTS("odd=a=b!=c"), "the first = counts, the others are part of the value");
	ok(!ACCEPTS("Process=nginx") && !ACCEPTS("proces=nginx"), "keys are whole, too");
}

static void test_bad(void)
{
	static const char *const bad[] = {"", "process", "=x", "!=x", "="};
	struct matcher *m = matcher_new();
	struct err err;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		is_i64(matcher_add(m, str_of(bad[i]), &err), -EINVAL, "'%s' is refused", bad[i]);
		ok(strstr(err.text, "key=value"), "…and told what is wanted");
	}
	ok(matcher_accepts_labels(m, nginx, 1), "what was refused does not count");
	for (int i = 0; i < 1000 && !r; i++)
		r = matcher_add(m, STR_LIT("a!=b"), &err);
	is_i64(r, -E2BIG, "there is a ceiling");
	matcher_free(m);
	matcher_free(NULL);
	ok(matcher_accepts_labels(NULL, nginx, 1), "no matcher accepts all");
}

int main(void)
{
	test_terms();
	test_bad();
	return tap_done();
}
