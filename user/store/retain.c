// SPDX-License-Identifier: Apache-2.0
#include "store/retain.h"

static bool is_too_old(int64_t until_ns, int64_t now_ns, uint64_t max_age_ns)
{
	return max_age_ns && until_ns < now_ns &&
	       (uint64_t)now_ns - (uint64_t)until_ns > max_age_ns;
}

/* Drops the oldest ones, marked or not as said, until the rest fits; returns its bytes. */
static uint64_t shrink(struct retain_block *blocks, size_t cnt, bool marked, uint64_t bytes,
		       uint64_t max_bytes)
{
	for (size_t i = 0; i + 1 < cnt && bytes > max_bytes; i++) {
		if (blocks[i].drop || blocks[i].marked != marked)
			continue;
		blocks[i].drop = true;
		bytes -= blocks[i].bytes < bytes ? blocks[i].bytes : bytes;
	}
	return bytes;
}

size_t retain_choose(struct retain_block *blocks, size_t cnt, int64_t now_ns,
		     const struct retain_limits *limits)
{
	uint64_t bytes = 0;
	size_t dropped = 0;

	for (size_t i = 0; i < cnt; i++) {
		blocks[i].drop = i + 1 < cnt && !blocks[i].marked &&
				 is_too_old(blocks[i].until_ns, now_ns, limits->max_age_ns);
		if (!blocks[i].drop && __builtin_add_overflow(bytes, blocks[i].bytes, &bytes))
			bytes = UINT64_MAX;
	}
	if (limits->max_bytes) {
		bytes = shrink(blocks, cnt, false, bytes, limits->max_bytes);
		(void)shrink(blocks, cnt, true, bytes, limits->max_bytes);
	}
	for (size_t i = 0; i < cnt; i++)
		dropped += blocks[i].drop;
	return dropped;
}
