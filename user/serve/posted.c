// SPDX-License-Identifier: Apache-2.0
#include "serve/posted.h"

#include <errno.h>

void posted_init(struct posted *p, size_t max, uint64_t now_ns)
{
	*p = (struct posted){.max = max, .until_ns = now_ns + POSTED_MAX_NS};
	buf_init(&p->body, max);
}

void posted_release(struct posted *p)
{
	buf_release(&p->body);
}

bool posted_add(struct posted *p, struct str piece, uint64_t now_ns)
{
	p->bytes += piece.len;
	if (p->bytes > p->max)
		buf_release(&p->body);
	else
		buf_add(&p->body, piece.p, piece.len);
	return now_ns <= p->until_ns && p->bytes / POSTED_PATIENCE <= p->max;
}

int posted_check(const struct posted *p)
{
	if (p->bytes > p->max)
		return -E2BIG;
	return buf_error(&p->body) ? -ENOMEM : 0;
}
