// SPDX-License-Identifier: Apache-2.0
#include "format/folded_line.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool folded_is_comment(struct str line)
{
	if (line.p[0] != '#')
		return false;
	return line.len == 1 || folded_is_blank(line.p[1]) || !memchr(line.p, ';', line.len);
}

/* Digits, then perhaps a point and more digits. */
static bool parse_count(struct str word, struct folded_count *ret)
{
	struct folded_count c = {0};
	uint32_t unit = 100000000;
	size_t i = 0;

	for (; i < word.len && is_digit(word.p[i]); i++)
		if (__builtin_mul_overflow(c.whole, 10, &c.whole) ||
		    __builtin_add_overflow(c.whole, (uint64_t)(word.p[i] - '0'), &c.whole))
			c.saturated = true;
	if (!i)
		return false;
	if (i < word.len && word.p[i] == '.')
		for (i++; i < word.len && is_digit(word.p[i]); i++, unit /= 10)
			c.billionths += unit * (uint32_t)(word.p[i] - '0');
	if (i < word.len)
		return false;
	if (c.saturated)
		c.whole = UINT64_MAX;
	*ret = c;
	return true;
}

static const char *explain(struct str word)
{
	bool negative = word.len > 1 && word.p[0] == '-';

	if (negative && (is_digit(word.p[1]) || word.p[1] == '.'))
		return "negative count";
	if (is_digit(word.p[0]) || word.p[0] == '.' || word.p[0] == '+')
		return "the count is not a plain number";
	return "no count at the end";
}

const char *folded_split(struct str line, struct str *ret_stack, struct folded_count *ret_count)
{
	size_t at = line.len;
	struct str word;

	while (at && !folded_is_blank(line.p[at - 1]))
		at--;
	word = (struct str){line.p + at, line.len - at};
	if (!at && parse_count(word, ret_count))
		return "a number without a stack";
	if (!at)
		return "no count at the end";
	if (!parse_count(word, ret_count))
		return explain(word);
	while (at && folded_is_blank(line.p[at - 1]))
		at--;
	if (!at)
		return "a number without a stack";
	*ret_stack = (struct str){line.p, at};
	return NULL;
}

const char *folded_split_two(struct str line, int column, struct str *ret_stack,
			     struct folded_count *ret_count)
{
	struct folded_count count[2];
	struct str rest, stack;
	const char *reason = folded_split(line, &rest, &count[1]);

	if (!reason && folded_split(rest, &stack, &count[0]))
		reason = "one count, want two";
	if (reason)
		return reason;
	*ret_stack = stack;
	*ret_count = count[column - 1];
	return NULL;
}

struct str folded_strip_kind(struct str frame, uint32_t *ret_kind)
{
	while (frame.len > 4 && frame.p[frame.len - 1] == ']' && frame.p[frame.len - 3] == '[' &&
	       frame.p[frame.len - 4] == '_') {
		switch (frame.p[frame.len - 2]) {
		case 'k':
			*ret_kind = FRAME_KERNEL;
			break;
		case 'i':
			*ret_kind = FRAME_INLINED;
			break;
		case 'j':
		case '0':
		case '1':
			*ret_kind = FRAME_JIT;
			break;
		case 'w':
			break;
		default:
			return frame;
		}
		frame.len -= 4;
	}
	return frame;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void folded_unescape(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		int high = -1, low = -1;

		if (text.p[i] == '%' && text.len - i > 2) {
			high = hex_digit(text.p[i + 1]);
			low = hex_digit(text.p[i + 2]);
		}
		if (high < 0 || low < 0) {
			buf_addch(out, text.p[i]);
			continue;
		}
		buf_addch(out, (char)(high << 4 | low));
		i += 2;
	}
}

size_t folded_common_prefix(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	for (; i + 32 <= n; i += 32) {
		uint64_t x[4], y[4];

		memcpy(x, a + i, 32);
		memcpy(y, b + i, 32);
		if ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]))
			break;
	}
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

static void add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addch(b, (char)c);
	} else if (c < 0x800) {
		buf_addch(b, (char)(0xc0 | c >> 6));
		buf_addch(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_addch(b, (char)(0xe0 | c >> 12));
		buf_addch(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addch(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addch(b, (char)(0xf0 | c >> 18));
		buf_addch(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_addch(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addch(b, (char)(0x80 | (c & 0x3f)));
	}
}

static uint32_t unit16(const char *p, bool big)
{
	unsigned char a = (unsigned char)p[0], b = (unsigned char)p[1];

	return big ? (uint32_t)a << 8 | b : (uint32_t)b << 8 | a;
}

/* Halves of surrogate pairs that stand alone become U+FFFD, an odd byte at the end is dropped. */
static void from_utf16(struct str text, bool big, struct buf *out)
{
	for (size_t i = 0; i + 2 <= text.len; i += 2) {
		uint32_t c = unit16(text.p + i, big), low;

		if (c >= 0xd800 && c < 0xdc00 && i + 4 <= text.len) {
			low = unit16(text.p + i + 2, big);
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		add_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	}
}

int folded_decode(struct str *text, struct buf *utf8, struct err *err)
{
	size_t skipped = 0;
	const char *nul;
	int r;

	if (text->len >= 2 &&
	    (!memcmp(text->p, "\xff\xfe", 2) || !memcmp(text->p, "\xfe\xff", 2))) {
		from_utf16((struct str){text->p + 2, text->len - 2}, text->p[0] == '\xfe', utf8);
		r = buf_error(utf8);
		if (r)
			return err_set(err, r, "out of memory");
		*text = buf_str(utf8);
	} else if (text->len >= 3 && !memcmp(text->p, "\xef\xbb\xbf", 3)) {
		skipped = 3;
		*text = (struct str){text->p + 3, text->len - 3};
	}
	nul = text->len ? memchr(text->p, '\0', text->len) : NULL;
	if (nul)
		return err_set(err, EINVAL, "byte %zu: a NUL byte: binary data, want folded text",
			       (size_t)(nul - text->p) + skipped);
	return 0;
}
