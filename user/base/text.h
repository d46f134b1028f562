/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - what may be done with bytes from outside before a person or a parser sees them.
 *
 * Names keep their raw bytes inside; they are escaped once, by whoever writes them out.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"
#include "base/compiler.h"

/* Length in bytes (1-4) of the valid UTF-8 sequence at s (RFC 3629: no surrogates, no overlong), 0
 * if none. */
size_t utf8_len(struct str s);

bool utf8_valid(struct str s);

/* Copies; every byte that is not part of valid UTF-8 becomes U+FFFD, every control character
 * (newline, escape) too. */
void text_add_clean(struct buf *b, struct str s);

/* text_add_clean() with & < > " ' as XML entities; for element text and quoted attributes. */
void text_add_xml(struct buf *b, struct str s);

/* How many code points (columns, near enough) the cleaned text takes. */
size_t text_width(struct str s);

int str_cmp(struct str a, struct str b); /* bytewise, shorter first: <0, 0, >0 */
bool str_eq(struct str a, struct str b);
struct str str_of(const char *s);  /* borrows */
struct str str_trim(struct str s); /* blanks, tabs, CR, LF at both ends */

/* Cuts the text before the first `sep` off *rest (whole rest if there is none). False when *rest is
 * used up (p == NULL). */
bool str_split(struct str *rest, char sep, struct str *ret_part);

#endif
