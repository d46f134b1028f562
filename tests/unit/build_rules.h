/* SPDX-License-Identifier: Apache-2.0 */
/* build_rules.h - one question to a file that is opened for it. */
#ifndef TESTS_BUILD_RULES_H
#define TESTS_BUILD_RULES_H

#include "elf/rules.h"

static inline int build_rules(const struct elf_file *file, const struct elf_file *debug,
			      uint32_t first_chunk, uint32_t cnt, struct buf *ret)
{
	struct rules *rules;
	int r = rules_new(file, debug, &rules);

	if (r)
		return r;
	r = rules_build(rules, first_chunk, cnt, ret);
	rules_free(rules);
	return r;
}

#endif
