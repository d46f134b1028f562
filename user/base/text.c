// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <string.h>

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t utf8_len(struct str s)
{
	unsigned char c, d;

	if (!s.len)
		return 0;
	c = (unsigned char)s.p[0];
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4 || s.len < 2 || !is_continuation(s.p[1]))
		return 0;
	if (c < 0xe0)
		return 2;
	d = (unsigned char)s.p[1];
	if (s.len < 3 || !is_continuation(s.p[2]) || (c == 0xe0 && d < 0xa0) ||
	    (c == 0xed && d > 0x9f))
		return 0;
	if (c < 0xf0)
		return 3;
	if (s.len < 4 || !is_continuation(s.p[3]) || (c == 0xf0 && d < 0x90) ||
	    (c == 0xf4 && d > 0x8f))
		return 0;
	return 4;
}

bool utf8_valid(struct str s)
{
	while (s.len) {
		size_t n = utf8_len(s);

		if (!n)
			return false;
		s = (struct str){s.p + n, s.len - n};
	}
	return true;
}

/*
 * Code points that act on what stands around them instead of showing something: C0, DEL and C1 move
 * cursors; marks of writing direction and separators of lines reorder or break the line (Unicode
 * 15, Bidi_Control; U+2028, U+2029), so that a name could disguise itself; U+FFFE and U+FFFF are
 * UTF-8 that an XML document cannot hold.
 */
static bool is_active(struct str s, size_t n)
{
	const unsigned char *c = (const unsigned char *)s.p;

	if (n == 1)
		return c[0] < 0x20 || c[0] == 0x7f;
	if (n == 2) /* U+0080..9F; U+061C */
		return (c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xd8 && c[1] == 0x9c);
	if (n != 3)
		return false;
	if (c[0] == 0xef)
		return c[1] == 0xbf && c[2] >= 0xbe;
	if (c[0] != 0xe2)
		return false;
	/* U+200E..200F, U+2028..202E; U+2066..2069 */
	return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
	       (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

/* One printable code point at s, or U+FFFD for what is not one; how many bytes it took. */
static size_t clean_char(struct str s, struct str *ret)
{
	size_t n = utf8_len(s);

	if (!n || is_active(s, n)) {
		*ret = STR_LIT("\xef\xbf\xbd");
		return n ? n : 1;
	}
	*ret = (struct str){s.p, n};
	return n;
}

void text_add_clean(struct buf *b, struct str s)
{
	while (s.len) {
		struct str c;
		size_t n = clean_char(s, &c);

		buf_add(b, c.p, c.len);
		s = (struct str){s.p + n, s.len - n};
	}
}

static const char *xml_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void text_add_xml(struct buf *b, struct str s)
{
	while (s.len) {
		const char *entity = xml_entity(s.p[0]);
		struct str c;
		size_t n = clean_char(s, &c);

		if (entity)
			buf_addstr(b, entity);
		else
			buf_add(b, c.p, c.len);
		s = (struct str){s.p + n, s.len - n};
	}
}

size_t text_width(struct str s)
{
	size_t width = 0;

	while (s.len) {
		struct str c;
		size_t n = clean_char(s, &c);

		width++;
		s = (struct str){s.p + n, s.len - n};
	}
	return width;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return (a.len > b.len) - (a.len < b.len);
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

struct str str_of(const char *s)
{
	return (struct str){s, strlen(s)};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.len && is_blank(s.p[0]))
		s = (struct str){s.p + 1, s.len - 1};
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

bool str_split(struct str *rest, char sep, struct str *ret_part)
{
	const char *at;

	if (!rest->p)
		return false;
	at = rest->len ? memchr(rest->p, sep, rest->len) : NULL;
	if (at) {
		*ret_part = (struct str){rest->p, (size_t)(at - rest->p)};
		*rest = (struct str){at + 1, rest->len - ret_part->len - 1};
	} else {
		*ret_part = *rest;
		*rest = (struct str){NULL, 0};
	}
	return true;
}
