// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max = max_bytes};
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t len)
{
	size_t want;
	char *grown;

	if (b->error)
		return NULL;
	if (len > b->max || b->len > b->max - len) {
		b->error = -ENOSPC;
		return NULL;
	}
	if (b->data && b->len + len < b->cap)
		return b->data + b->len;
	want = b->cap + b->cap / 2 + 64;
	if (want < b->len + len + 1)
		want = b->len + len + 1;
	grown = realloc(b->data, want);
	if (!grown) {
		b->error = -ENOMEM;
		return NULL;
	}
	b->data = grown;
	b->cap = want;
	return b->data + b->len;
}

void buf_commit(struct buf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *p, size_t len)
{
	char *room = buf_reserve(b, len);

	if (!room)
		return;
	if (len)
		memcpy(room, p, len);
	buf_commit(b, len);
}

void buf_addstr(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addch(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *room;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->error = -EINVAL;
		return;
	}
	room = buf_reserve(b, (size_t)n);
	if (!room)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(room, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_commit(b, (size_t)n);
}

void buf_addu64(struct buf *b, uint64_t v)
{
	char digits[20], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

void buf_addvarint(struct buf *b, uint64_t v)
{
	char out[10];
	size_t n = 0;

	do {
		out[n] = (char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
		n++;
	} while (v);
	buf_add(b, out, n);
}

int buf_error(const struct buf *b)
{
	return b->error;
}

struct str buf_str(const struct buf *b)
{
	return (struct str){b->data ? b->data : "", b->len};
}

char *buf_detach(struct buf *b, size_t *ret_len)
{
	char *data;

	buf_add(b, "", 0); /* an empty buffer, too, hands out a string */
	if (b->error)
		return NULL;
	data = b->data;
	if (ret_len)
		*ret_len = b->len;
	*b = (struct buf){.max = b->max};
	return data;
}
