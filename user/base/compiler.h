/* SPDX-License-Identifier: Apache-2.0 */
/* compiler.h - the few attributes and macros that every file may use. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check	     __attribute__((warn_unused_result))
#define printf_like(fmt, va) __attribute__((format(printf, fmt, va)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define NSEC_PER_SEC UINT64_C(1000000000)

/* A run of bytes that somebody else owns: not NUL-terminated, not trusted to be UTF-8. */
struct str {
	const char *p;
	size_t len;
};

#define STR_LIT(s) ((struct str){s, sizeof(s) - 1})

#endif
