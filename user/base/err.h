/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - what went wrong, in words that a person can act on.
 *
 * Functions return 0 or a negative errno. Those whose failure a person will read take a `struct err
 * *` besides and leave one line in it: which file, line or byte, what was expected, what to do. The
 * library never prints; tools/ prints the line once. Passing NULL is allowed everywhere: the words
 * are then dropped.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>

#include "base/compiler.h"

struct err {
	char text[1024]; /* NUL-terminated, no newline, control characters replaced */
};

/* Formats the message; returns -|code|, so that `return err_set(err, EINVAL, …)` is one line. */
int err_set(struct err *err, int code, const char *fmt, ...) printf_like(3, 4);

/* Puts "<text>: " before the message that is there; returns -|code|. */
int err_prefix(struct err *err, int code, const char *fmt, ...) printf_like(3, 4);

#endif
