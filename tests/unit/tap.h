/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.h - the test protocol: one program per module, one line per check, a plan at the end.
 *
 *	int main(void)
 *	{
 *		ok(idmap_cnt(&m) == 0, "a new map is empty");
 *		is_u64(v, 42, "…the value is there");
 *		is_str(buf.data, "a;b 1\n", "folded line");
 *		return tap_done();
 *	}
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_run, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool tap_line(bool passed, const char *fmt,
								   ...)
{
	va_list ap;

	printf("%sok %d - ", passed ? "" : "not ", ++tap_run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	tap_failed += !passed;
	return passed;
}

/* A check; returns whether it held. */
#define ok(cond, ...)                                                       \
	({                                                                  \
		bool tap_held = (cond);                                     \
		if (!tap_line(tap_held, __VA_ARGS__))                       \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
		tap_held;                                                   \
	})

#define is_u64(got, want, ...)                                                                     \
	({                                                                                         \
		uint64_t tap_got = (uint64_t)(got), tap_want = (uint64_t)(want);                   \
		if (!tap_line(tap_got == tap_want, __VA_ARGS__))                                   \
			printf("# %s:%d: got %" PRIu64 ", want %" PRIu64 "\n", __FILE__, __LINE__, \
			       tap_got, tap_want);                                                 \
		tap_got == tap_want;                                                               \
	})

#define is_i64(got, want, ...)                                                                     \
	({                                                                                         \
		int64_t tap_got = (int64_t)(got), tap_want = (int64_t)(want);                      \
		if (!tap_line(tap_got == tap_want, __VA_ARGS__))                                   \
			printf("# %s:%d: got %" PRId64 ", want %" PRId64 "\n", __FILE__, __LINE__, \
			       tap_got, tap_want);                                                 \
		tap_got == tap_want;                                                               \
	})

#define is_near(got, want, slack, ...)                                                          \
	({                                                                                      \
		double tap_got = (got), tap_want = (want);                                      \
		bool tap_held = tap_got - tap_want <= (slack) && tap_want - tap_got <= (slack); \
		if (!tap_line(tap_held, __VA_ARGS__))                                           \
			printf("# %s:%d: got %.9g, want %.9g\n", __FILE__, __LINE__, tap_got,   \
			       tap_want);                                                       \
		tap_held;                                                                       \
	})

#define is_str(got, want, ...)                                                       \
	({                                                                           \
		const char *tap_got = (got), *tap_want = (want);                     \
		bool tap_held = tap_got && !strcmp(tap_got, tap_want);               \
		if (!tap_line(tap_held, __VA_ARGS__))                                \
			printf("# %s:%d: got '%s', want '%s'\n", __FILE__, __LINE__, \
			       tap_got ? tap_got : "(null)", tap_want);              \
		tap_held;                                                            \
	})

/* Says why checks are left out; the count appears in the output of prove. */
#define tap_skip(why) printf("ok %d # SKIP %s\n", ++tap_run, why)

__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed ? 1 : 0;
}

#endif
