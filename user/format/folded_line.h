/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folded_line.h - the pieces of one line of folded text, without any state: for folded.c and
 * sniff.c. All of them borrow.
 */
#ifndef FORMAT_FOLDED_LINE_H
#define FORMAT_FOLDED_LINE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "model/profile.h"

struct folded_count {
	uint64_t whole;
	uint32_t billionths; /* of a sample, below 10^9; further digits are cut */
	bool saturated;
};

static inline bool folded_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* `#` alone or before a blank; or before anything else, when there is no `;` in the line. */
bool folded_is_comment(struct str line);

/*
 * Splits a line (no newline, no blanks at the end) at its last word. Returns NULL, or the reason
 * why it is no stack, a constant string.
 */
const char *folded_split(struct str line, struct str *ret_stack, struct folded_count *ret_count);

/* The same for lines that end in two counts, of which column 1 or 2 is wanted. */
const char *folded_split_two(struct str line, int column, struct str *ret_stack,
			     struct folded_count *ret_count);

/*
 * Takes the annotations off the end, all there are, unless nothing is left: _[k] kernel, _[i]
 * inlined, _[j] JIT, _[0] interpreted and _[1] compiled by a fast JIT, which are of a JIT too, _[w]
 * of a waker, which says nothing of the kind. *ret_kind (enum frame_kind) is written if one said.
 */
struct str folded_strip_kind(struct str frame, uint32_t *ret_kind);

/* Appends the text with %XX turned into bytes; other percent signs stay. */
void folded_unescape(struct str text, struct buf *out);

/* How many of the first n bytes are equal. */
size_t folded_common_prefix(const char *a, const char *b, size_t n);

/*
 * Takes a byte order mark off; UTF-16 is turned into UTF-8 in `utf8`, which *text then borrows.
 * -EINVAL, naming the byte, for text with NUL bytes: binary.
 */
int must_check folded_decode(struct str *text, struct buf *utf8, struct err *err);

#endif
