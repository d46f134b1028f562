/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num.h - numbers from and to text. Whole strings only, no locale, no surprise: no leading blank,
 * no sign unless said, no octal, no trailing rubbish, overflow is an error (-ERANGE), anything else
 * that is wrong -EINVAL.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/buf.h"
#include "base/compiler.h"

int must_check num_parse_u64(struct str s, uint64_t *ret);
int must_check num_parse_i64(struct str s, int64_t *ret);  /* an optional '-' */
int must_check num_parse_hex(struct str s, uint64_t *ret); /* no 0x */
int must_check
num_parse_double(struct str s, double *ret); /* decimal, finite; optional '-', fraction, exponent */

/* "64MiB", "1.5G" (= GiB), "4096". */
int must_check num_parse_bytes(struct str s, uint64_t *ret);

/*
 * Decimal seconds with up to nine digits of fraction ("1700000000.25") as nanoseconds, exactly,
 * without going through a double. Optional '-'.
 */
int must_check num_parse_seconds(struct str s, int64_t *ret_ns);

/* The shortest decimal form that keeps `digits` significant digits (at most 20), with an exponent
 * below 1e-9 and from 1e40 on; "0" for anything not finite. Never "-0". */
void num_add_double(struct buf *b, double v, int digits);

/* Nanoseconds as decimal seconds without needless zeros: 1700000000.25. */
void num_add_seconds(struct buf *b, int64_t ns);

#endif
