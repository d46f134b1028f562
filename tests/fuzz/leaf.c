// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4100 */
/*
 * Leaves of unwind rules. First as a child may hand them out: what passes the check can be looked
 * into at any offset. Then put together from the same bytes, as rows: what is made passes the check.
 */
#include "elf/leaf.h"
#include "elf/rows.h"
#include "fuzz/fuzz.h"

static void look_into(const struct unwind_leaf *leaf, size_t size)
{
	for (uint32_t offset = 0; offset < UNWIND_CHUNK; offset += 13) {
		const struct unwind_rule *rule = leaf_find(leaf, offset);
		size_t at = (size_t)((const char *)rule - (const char *)leaf);

		must(at >= sizeof(*leaf) && at + sizeof(*rule) <= size);
		must(unwind_rule_kind(rule) <= UNWIND_CFA_FP_DEREF);
	}
}

static void check_handed_out(const uint8_t *data, size_t size)
{
	struct unwind_leaf *leaf;

	if (!leaf_is_valid(data, size))
		return;
	leaf = malloc(size);
	must(leaf && size <= UNWIND_LEAF_MAX);
	memcpy(leaf, data, size);
	look_into(leaf, size);
	free(leaf);
}

struct row {
	uint16_t step;
	struct unwind_rule rule;
} __attribute__((packed));

static void check_made(const uint8_t *data, size_t size)
{
	static struct leaf_builder builder;
	uint32_t start = 0, len;
	struct buf out;

	leaf_builder_init(&builder);
	for (; size >= sizeof(struct row); data += sizeof(struct row), size -= sizeof(struct row)) {
		struct row row;
		struct unwind_rule rule;

		memcpy(&row, data, sizeof(row));
		memcpy(&rule, data + sizeof(row.step), sizeof(rule));
		if (unwind_rule_kind(&rule) > UNWIND_CFA_FP_DEREF)
			rule.cfa = 0;
		if (unwind_rule_kind(&rule) == UNWIND_CFA_REG ||
		    unwind_rule_kind(&rule) == UNWIND_CFA_PLT)
			rule.other &= 15;
		(void)leaf_builder_add(&builder, start, &rule);
		start += 1 + row.step % 512;
		if (start >= UNWIND_CHUNK)
			break;
	}
	buf_init(&out, 1 << 16);
	len = leaf_builder_finish(&builder, &out);
	must(!buf_error(&out) && out.len == sizeof(uint32_t) + len && len % 8 == 0);
	must(!len || leaf_is_valid(out.data + sizeof(uint32_t), len));
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_handed_out(data, size);
	check_made(data, size);
	return 0;
}
