// SPDX-License-Identifier: Apache-2.0
#include "store/retain.h"

static bool is_too_old(int64_t until_ns, int64_t now_ns, uint64_t max_age_ns)
{
	return max_age_ns && until_ns < now_ns &&
	       (uint64_t)now_ns - (uint64_t)until_ns > max_age_ns;
}

size_t retain_choose(struct retain_block *blocks, size_t cnt, int64_t now_ns,
		     const struct retain_limits *limits)
{
	uint64_t bytes = 0;
	size_t dropped = 0;

	for (size_t i = 0; i < cnt; i++) {
		blocks[i].drop =
			i + 1 < cnt && is_too_old(blocks[i].until_ns, now_ns, limits->max_age_ns);
		if (!blocks[i].drop && __builtin_add_overflow(bytes, blocks[i].bytes, &bytes))
			bytes = UINT64_MAX;
	}
	for (size_t i = 0; limits->max_bytes && i + 1 < cnt && bytes > limits->max_bytes; i++) {
		if (blocks[i].drop)
			continue;
		blocks[i].drop = true;
		bytes -= blocks[i].bytes < bytes ? blocks[i].bytes : bytes;
	}
	for (size_t i = 0; i < cnt; i++)
		dropped += blocks[i].drop;
	return dropped;
}
