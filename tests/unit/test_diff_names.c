// SPDX-License-Identifier: Apache-2.0
#include "diff/names.h"

#include "diff/diff.h"
#include "unit/profiles.h"
#include "unit/tap.h"

static const char *applied(struct names_rules rules, const char *name, bool is_label)
{
	static char text[4096];
	struct names n;
	struct str s;

	names_init(&n, &rules);
	s = names_apply(&n, str_of(name), is_label);
	(void)snprintf(text, sizeof(text), "%.*s", (int)s.len, s.p);
	names_release(&n);
	return text;
}

static void test_lambdas(void)
{
	static const char *const table[][2] = {
		{"App$$Lambda$12/0x0000800c.run", "App$$Lambda.run"},
		{"App$$Lambda$147/1503869208.run", "App$$Lambda.run"},
		{"App$$Lambda/0x0000800c.run", "App$$Lambda.run"},
		{"App$$Lambda.0x00007f2ad4.run", "App$$Lambda.run"},
		{"App.lambda$main$3", "App.lambda$main"},
		{"App.lambda$null$12.call", "App.lambda$null.call"},
		{"LambdaForm$MH/0x0000800c00.invoke", "LambdaForm$MH.invoke"},
		{"jdk.internal.reflect.GeneratedMethodAccessor17.invoke",
		 "jdk.internal.reflect.GeneratedMethodAccessor.invoke"},
		{"GeneratedSerializationConstructorAccessor2.newInstance",
		 "GeneratedSerializationConstructorAccessor.newInstance"},
		{"com.sun.proxy.$Proxy42.run", "com.sun.proxy.$Proxy.run"},
		{"main::{lambda(int)#3}::operator()(int) const",
		 "main::{lambda(int)}::operator()(int) const"},
		{"f()::'lambda0'()::operator()()", "f()::'lambda'()::operator()()"},
		{"f(int)::$_12::operator()()", "f(int)::$_::operator()()"},
		{"app::run::{{closure}}", "app::run::{{closure}}"},
		{"app::run::{closure#2}", "app::run::{closure}"},
		{"app::run::{closure#0}::{closure#11}", "app::run::{closure}::{closure}"},
		{"app::run::h0123456789abcdef", "app::run"},
		{"main.f.func1", "main.f.func"},
		{"main.f.func1.2", "main.f.func"},
		{"main.(*T).f.func1.2.3", "main.(*T).f.func"},
		{"main.f.func2.gowrap1", "main.f.func.gowrap"},
		{"main.f.deferwrap2", "main.f.deferwrap"},
		{"parse.llvm.4711", "parse"},
		{"parse.constprop.0.isra.1", "parse"},
		{"parse.part.2.cold", "parse"},
		{"parse.cold", "parse"},
		{"LazyCompile:*get /srv/a.js:12", "LazyCompile:get /srv/a.js:12"},
		{"LazyCompile:~get /srv/a.js:12", "LazyCompile:get /srv/a.js:12"},
		{"JS:^get", "JS:get"},
		{"Foo_bar_0123456789abcdef0123456789abcdef01234567", "Foo_bar"},
		/* names that somebody chose */
		{"main.func1x", "main.func1x"},
		{"md5_0x20", "md5_0x20"},
		{"Foo::~Foo", "Foo::~Foo"},
		{"issue#12", "issue#12"},
		{"std::h", "std::h"},
		{"my.coldness", "my.coldness"},
		{"utf8_decode", "utf8_decode"},
		{"*", "*"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		is_str(applied((struct names_rules){.merge_lambdas = true}, table[i][0], false),
		       table[i][1], "%s", table[i][0]);
	is_str(applied((struct names_rules){0}, "main.f.func1", false), "main.f.func1",
	       "nothing is merged unless asked for");
}

static void test_hex(void)
{
	struct names_rules rules = {.strip_hex = true};

	is_str(applied(rules, "0x7f2a10", false), "0x...", "an address");
	is_str(applied(rules, "f+0x1c at 0xDEAD, x", false), "f+0x... at 0x..., x", "several");
	is_str(applied(rules, "00007f2ad4c01000", false), "0x...", "a bare one");
	is_str(applied(rules, "deadbeef", false), "deadbeef", "a word of hexadecimal letters");
	is_str(applied(rules, "12345", false), "12345", "too short to be one");
	is_str(applied(rules, "0x", false), "0x", "no digits");
	is_str(applied(rules, "0xg", false), "0xg", "nor these");
}

static void test_ids(void)
{
	struct names_rules rules = {.strip_ids = true};

	is_str(applied(rules, "java-1234/1240", true), "java", "process and thread");
	is_str(applied(rules, "java-1234", true), "java", "process");
	is_str(applied(rules, "java-1234", false), "java-1234", "of a frame it is its name");
	is_str(applied(rules, "x/12", true), "x/12", "no process");
	is_str(applied(rules, "-12", true), "-12", "a name remains");
	is_str(applied(rules, "[http-nio-8080 tid=77]", false), "[http-nio-8080]", "a thread");
	is_str(applied(rules, "[tid=77]", false), "[thread]", "a thread without a name");
	is_str(applied(rules, "[main tid=77]", true), "[main]", "as a label");
	is_str(applied(rules, "tid=77]", false), "tid=77]", "none");
}

/* Two runs that differ by what the rules take out are the same. */
static void test_diff(void)
{
	struct profile *a = profile_of(PROFILE_SAMPLES, 0,
				       "java-1/2;[main tid=2];A$$Lambda$1/0x00a1.run;0x7f01 5\n"
				       "java-1/3;[main tid=3];A$$Lambda$2/0x00b1.run;0x7f02 6");
	struct profile *b = profile_of(PROFILE_SAMPLES, 0,
				       "java-8/9;[main tid=9];A$$Lambda$7/0x00c1.run;0x7f03 11");
	struct diff_options opt = {
		.rules = {.strip_hex = true, .merge_lambdas = true, .strip_ids = true}};
	struct diff *d;
	bool changed = false;

	must(diff_new(a, b, &opt, &d), "diff");
	is_u64(d->node_cnt, 5, "one path");
	for (uint32_t n = 0; n < d->node_cnt; n++)
		changed |= diff_delta(d, n) != 0;
	ok(!changed, "and no change");
	is_u64(d->nodes[4].side[DIFF_A].cnt, 11, "counts are added up");
	diff_free(d);
	must(diff_new(a, b, NULL, &d), "diff");
	is_u64(d->node_cnt, 13, "without the rules nothing is the same");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

int main(void)
{
	test_lambdas();
	test_hex();
	test_ids();
	test_diff();
	return tap_done();
}
