// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "elf/demangle.h"
#include "unit/tap.h"

static char out[DEMANGLE_MAX_OUT];

static const char *readable(const char *name)
{
	size_t len;

	memset(out, 'x', sizeof(out));
	len = demangle(str_of(name), out);
	return len < sizeof(out) && strlen(out) == len ? out : "(length is wrong)";
}

static void test_cpp(void)
{
	is_str(readable("_ZNSt6vectorIiSaIiEE9push_backERKi"),
	       "std::vector<int, std::allocator<int> >::push_back", "C++ method of a template");
	is_str(readable("_ZN3foo3barEv"), "foo::bar", "C++ function");
	is_str(readable("_Z3barIiEvT_"), "bar<int>",
	       "C++ template function, without its return type");
	is_str(readable("_ZN3FooC1Ev"), "Foo::Foo", "constructor");
	is_str(readable("_ZN3FoolsERKS_"), "Foo::operator<<", "operator");
	is_str(readable("_ZTV3Foo"), "vtable for Foo", "special name");
	is_str(readable("_ZN12_GLOBAL__N_13fooEv"), "(anonymous namespace)::foo",
	       "anonymous namespace");
	is_str(readable("_ZZ4mainENKUlvE_clEv"), "main::{lambda()#1}::operator()", "lambda");
	is_str(readable("_ZN3foo3barEv.cold"), "foo::bar",
	       "the clone of a function is the function");
}

static void test_rust(void)
{
	is_str(readable("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"),
	       "core::fmt::Write::write_fmt", "Rust legacy name, its hash removed");
	is_str(readable("_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt"
			"17h0123456789abcdefE"),
	       "<alloc::string::String as core::fmt::Display>::fmt",
	       "Rust legacy name with escapes");
	is_str(readable("_RNvC6_123foo3bar"), "123foo::bar", "Rust v0 name");
	is_str(readable("_RNvNtCs1234_7mycrate3foo3bar"), "mycrate::foo::bar",
	       "Rust v0 name with a crate disambiguator");
	is_str(readable("_RNvMsr_NtCs3ssYzQotkvD_3std4pathNtB5_7PathBuf3newCs15kBYyAo9fc_7mycrate"),
	       "<std::path::PathBuf>::new", "Rust v0 method");
	is_str(readable("_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y"),
	       "utf8_idents::"
	       "\xe1\x83\xa1\xe1\x83\x90\xe1\x83\xad\xe1\x83\x9b\xe1\x83\x94\xe1\x83\x9a"
	       "\xe1\x83\x90\xe1\x83\x93_"
	       "\xe1\x83\x92\xe1\x83\x94\xe1\x83\x9b\xe1\x83\xa0\xe1\x83\x98"
	       "\xe1\x83\x94\xe1\x83\x9a\xe1\x83\x98_"
	       "\xe1\x83\xa1\xe1\x83\x90\xe1\x83\x93\xe1\x83\x98"
	       "\xe1\x83\x9a\xe1\x83\x98",
	       "Rust v0 identifier in punycode");
}

static void test_plain(void)
{
	static const char *const names[] = {"main",   "write",
					    "_start", "__libc_start_main",
					    "",	      "a",
					    "_",      "_Z",
					    "_R",     "_ZN",
					    "_ZNSt",  "_ZN9",
					    "_RNv",   "runtime.mallocgc",
					    "Z3foov"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		is_str(readable(names[i]), names[i], "'%s' is not mangled", names[i]);
	is_u64(demangle((struct str){"_Z3\0oov", 7}, out), 7, "a NUL within does not end the name");
}

/* Each parameter is a pair of the one before: n levels stand for 2^n words. */
static void test_bombs(void)
{
	char name[2048];
	size_t len, got;

	/* S_ is f, S0_ is A, S1_ is a, S2_ is A<a, a>, S3_ is A<S2_, S2_>, … */
	len = (size_t)snprintf(name, sizeof(name), "_Z1fI1AI1aS1_E");
	for (int i = 2; i < 34; i++) {
		char c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i];

		len += (size_t)snprintf(name + len, sizeof(name) - len, "S0_IS%c_S%c_E", c, c);
	}
	len += (size_t)snprintf(name + len, sizeof(name) - len, "EvT_");
	got = demangle((struct str){name, len}, out);
	is_u64(got, sizeof(out) - 1, "a C++ name that doubles is cut");
	is_str(out + got - 3, "...", "and says so");

	len = (size_t)snprintf(name, sizeof(name), "_RIC0");
	for (int i = 0; i < 60; i++)
		len += (size_t)snprintf(name + len, sizeof(name) - len, "T");
	len += (size_t)snprintf(name + len, sizeof(name) - len, "u");
	for (int i = 59; i >= 0; i--) {
		/*
		 * the inner tuple starts at 5 + i + 1 - 2 ("_R" does not count); base 62 is one
		 * less, "_" is 0
		 */
		int at = 5 + i + 1 - 2 - 1;

		len += (size_t)snprintf(
			name + len, sizeof(name) - len, "B%c_E",
			"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[at % 62]);
	}
	len += (size_t)snprintf(name + len, sizeof(name) - len, "E");
	got = demangle((struct str){name, len}, out);
	is_u64(got, sizeof(out) - 1, "a Rust name that doubles is cut");
	is_str(out + got - 3, "...", "and says so");
}

static void test_long(void)
{
	static char name[DEMANGLE_MAX_IN + 100];
	size_t got;

	memset(name, 'N', sizeof(name));
	memcpy(name, "_Z", 2);
	got = demangle((struct str){name, sizeof(name)}, out);
	is_u64(got, DEMANGLE_MAX_OUT - 1, "a name over the ceiling is cut");
	is_str(out + got - 3, "...", "and says so");
	got = demangle((struct str){name, DEMANGLE_MAX_IN}, out);
	ok(!memcmp(out, "_ZNNN", 5), "nesting without end does not exhaust the stack");
	memset(name, 'T', sizeof(name));
	memcpy(name, "_RI", 3);
	got = demangle((struct str){name, DEMANGLE_MAX_IN}, out);
	ok(!memcmp(out, "_RITT", 5), "nor does Rust's");
	memset(name, 'P', sizeof(name));
	memcpy(name, "_Z1f", 4);
	got = demangle((struct str){name, 1000}, out);
	ok(got > 0, "pointers to pointers to pointers");
}

static void test_noise(void)
{
	static const char alphabet[] = "_ZNRSTIELJKPFDBCvijhsu0123456789.$@abc\x80\xff";
	uint64_t state = 42;
	size_t bad = 0;

	for (int i = 0; i < 20000; i++) {
		char name[64];
		size_t len = 2;

		memcpy(name, i & 1 ? "_Z" : "_R", 2);
		while (len < 4 + (size_t)i % 60) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
			name[len++] = alphabet[(state >> 33) % (sizeof(alphabet) - 1)];
		}
		bad += demangle((struct str){name, len}, out) >= sizeof(out);
	}
	is_u64(bad, 0, "20000 random names");
}

int main(void)
{
	test_cpp();
	test_rust();
	test_plain();
	test_bombs();
	test_long();
	test_noise();
	return tap_done();
}
