// SPDX-License-Identifier: Apache-2.0
#include "elf/leaf.h"

#include <string.h>

#include "elf/rows.h"

static const struct unwind_rule none;

void leaf_builder_init(struct leaf_builder *b)
{
	b->row_cnt = 0;
	b->rule_cnt = 0;
	b->is_full = false;
}

static uint32_t rules_at(uint32_t rows)
{
	return (uint32_t)((sizeof(struct unwind_leaf) + 3 * (size_t)rows + 7) & ~(size_t)7);
}

static bool fits(uint32_t rows, uint32_t rules)
{
	return rows <= LEAF_MAX_ROWS && rules <= LEAF_MAX_RULES &&
	       rules_at(rows) + rules * sizeof(struct unwind_rule) <= UNWIND_LEAF_MAX;
}

/* Where a rule is in the palette; rule_cnt when it is not. Lately used ones come back soonest. */
static uint32_t find_rule(const struct leaf_builder *b, const struct unwind_rule *rule)
{
	for (uint32_t i = b->rule_cnt; i; i--)
		if (unwind_rule_equal(&b->rules[i - 1], rule))
			return i - 1;
	return b->rule_cnt;
}

bool leaf_builder_add(struct leaf_builder *b, uint32_t start, const struct unwind_rule *rule)
{
	uint32_t which;

	if (b->is_full)
		return false;
	if (b->row_cnt && unwind_rule_equal(&b->rules[b->which[b->row_cnt - 1]], rule))
		return true;
	which = find_rule(b, rule);
	/* One more row, and one more rule, stay free for the NONE of a leaf that is full. */
	if (!fits(b->row_cnt + 2, b->rule_cnt + (which == b->rule_cnt) + 1)) {
		b->is_full = true;
		rule = &none;
		which = find_rule(b, rule);
	}
	b->rules[which] = *rule;
	if (which == b->rule_cnt)
		b->rule_cnt++;
	b->starts[b->row_cnt] = (uint16_t)start;
	b->which[b->row_cnt++] = (uint8_t)which;
	return !b->is_full;
}

static void add_u32(struct buf *out, uint32_t v)
{
	const uint8_t bytes[] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
				 (uint8_t)(v >> 24)};

	buf_add(out, bytes, sizeof(bytes));
}

uint32_t leaf_builder_finish(const struct leaf_builder *b, struct buf *out)
{
	static const uint8_t zeros[8];
	struct unwind_leaf head = {
		.row_cnt = (uint16_t)b->row_cnt,
		.rule_cnt = (uint16_t)b->rule_cnt,
		.rules_at = (uint16_t)rules_at(b->row_cnt),
	};
	size_t size = head.rules_at + b->rule_cnt * sizeof(struct unwind_rule);

	if (!b->row_cnt || (b->row_cnt == 1 && unwind_rule_equal(&b->rules[0], &none)))
		size = 0;
	add_u32(out, (uint32_t)size);
	if (!size)
		return 0;
	buf_add(out, &head, sizeof(head));
	buf_add(out, b->starts, b->row_cnt * sizeof(b->starts[0]));
	buf_add(out, b->which, b->row_cnt);
	buf_add(out, zeros, head.rules_at - sizeof(head) - 3 * (size_t)b->row_cnt);
	buf_add(out, b->rules, b->rule_cnt * sizeof(b->rules[0]));
	return (uint32_t)size;
}

static bool rule_is_valid(const struct unwind_rule *rule)
{
	switch (unwind_rule_kind(rule)) {
	case UNWIND_CFA_NONE:
	case UNWIND_CFA_END:
	case UNWIND_CFA_SP:
	case UNWIND_CFA_FP:
	case UNWIND_CFA_SIGNAL:
	case UNWIND_CFA_SP_DEREF:
	case UNWIND_CFA_FP_DEREF:
		return true;
	case UNWIND_CFA_REG:
		return rule->other >= 0 && rule->other < 32;
	case UNWIND_CFA_PLT:
		return rule->other >= 0 && rule->other < 16;
	default:
		return false;
	}
}

static bool rows_are_valid(const struct unwind_leaf *head, const uint8_t *starts,
			   const uint8_t *which)
{
	uint16_t last = 0, start;

	for (uint32_t i = 0; i < head->row_cnt; i++) {
		memcpy(&start, starts + i * sizeof(start), sizeof(start));
		if (i ? start <= last || start >= UNWIND_CHUNK : start != 0)
			return false;
		if (which[i] >= head->rule_cnt)
			return false;
		last = start;
	}
	return true;
}

bool leaf_is_valid(const void *leaf, size_t size)
{
	const uint8_t *p = leaf;
	struct unwind_leaf head;

	if (size < sizeof(head) || size > UNWIND_LEAF_MAX || size % 8)
		return false;
	memcpy(&head, p, sizeof(head));
	if (!head.row_cnt || !head.rule_cnt || head.rule_cnt > LEAF_MAX_RULES || head.used)
		return false;
	if (head.rules_at != rules_at(head.row_cnt) ||
	    head.rules_at + head.rule_cnt * sizeof(struct unwind_rule) != size)
		return false;
	for (uint32_t i = 0; i < head.rule_cnt; i++) {
		struct unwind_rule rule;

		memcpy(&rule, p + head.rules_at + i * sizeof(rule), sizeof(rule));
		if (!rule_is_valid(&rule))
			return false;
	}
	return rows_are_valid(&head, p + sizeof(head), p + sizeof(head) + 2 * (size_t)head.row_cnt);
}

const struct unwind_rule *leaf_find(const struct unwind_leaf *leaf, uint32_t offset)
{
	const uint16_t *starts = (const uint16_t *)(leaf + 1);
	const uint8_t *which = (const uint8_t *)(starts + leaf->row_cnt);
	const uint8_t *rules = (const uint8_t *)leaf + leaf->rules_at;
	uint32_t begin = 0, end = leaf->row_cnt;

	/* The row at `begin` starts at or before the offset, the one at `end` behind it. */
	while (end - begin > 1) {
		uint32_t mid = begin + (end - begin) / 2;

		if (starts[mid] <= offset)
			begin = mid;
		else
			end = mid;
	}
	return (const struct unwind_rule *)(const void *)rules + which[begin];
}
