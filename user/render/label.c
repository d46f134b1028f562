// SPDX-License-Identifier: Apache-2.0
#include "render/label.h"

#include "base/text.h"

static size_t char_len(struct str s)
{
	size_t n = utf8_len(s);

	return n ? n : 1; /* a stray byte is shown as one character */
}

struct str label_head(struct str s, size_t chars)
{
	size_t at = 0;

	while (chars-- && at < s.len)
		at += char_len((struct str){s.p + at, s.len - at});
	return (struct str){s.p, at};
}

struct str label_tail(struct str s, size_t chars)
{
	size_t width = text_width(s), at;

	if (width <= chars)
		return s;
	at = label_head(s, width - chars).len;
	return (struct str){s.p + at, s.len - at};
}

bool label_cut(struct str *s, size_t chars)
{
	if (label_head(*s, chars).len == s->len)
		return false;
	*s = label_head(*s, chars ? chars - 1 : 0);
	return true;
}

void label_add(struct buf *b, struct str name, size_t room)
{
	size_t width = text_width(name), head = room > 3 ? (room - 3) * 2 / 3 : 0;

	if (!name.len)
		name = STR_LIT("[no name]");
	if (width <= room || room <= 3) {
		text_add_clean(b, name);
		return;
	}
	text_add_clean(b, label_head(name, head));
	buf_addstr(b, "...");
	text_add_clean(b, label_tail(name, room - 3 - head));
}
