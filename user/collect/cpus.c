// SPDX-License-Identifier: Apache-2.0
#include "collect/cpus.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#define ONLINE_PATH "/sys/devices/system/cpu/online"

void cpu_list_init(struct cpu_list *l)
{
	*l = (struct cpu_list){0};
}

void cpu_list_release(struct cpu_list *l)
{
	free(l->ids);
	cpu_list_init(l);
}

bool cpu_list_equal(const struct cpu_list *a, const struct cpu_list *b)
{
	return a->cnt == b->cnt && (!a->cnt || !memcmp(a->ids, b->ids, a->cnt * sizeof(*a->ids)));
}

bool cpu_list_has(const struct cpu_list *l, uint32_t cpu)
{
	for (size_t i = 0; i < l->cnt; i++)
		if (l->ids[i] == cpu)
			return true;
	return false;
}

static int parse_cpu(struct str s, uint64_t *ret)
{
	uint64_t v;
	int r = num_parse_u64(s, &v);

	if (r || v >= CPU_MAX)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* "3" or "0-3"; must lie above what is there already. */
static int add_range(struct cpu_list *l, struct str range)
{
	uint64_t first, last;
	struct str part;
	int r;

	if (!str_split(&range, '-', &part) || parse_cpu(part, &first))
		return -EINVAL;
	last = first;
	if (range.p && parse_cpu(range, &last))
		return -EINVAL;
	if (last < first || (l->cnt && l->ids[l->cnt - 1] >= first))
		return -EINVAL;
	r = mem_grow(&l->ids, &l->cap, l->cnt + (last - first) + 1, sizeof(*l->ids), CPU_MAX);
	if (r)
		return r;
	for (; first <= last; first++)
		l->ids[l->cnt++] = (uint32_t)first;
	return 0;
}

int cpu_list_parse(struct cpu_list *l, struct str text)
{
	struct cpu_list fresh;
	struct str range;
	int r = -EINVAL; /* for an empty list */

	cpu_list_init(&fresh);
	text = str_trim(text);
	while (text.len && str_split(&text, ',', &range)) {
		r = add_range(&fresh, range);
		if (r)
			break;
		if (text.p && !text.len) /* a comma at the end */
			r = -EINVAL;
	}
	if (r) {
		cpu_list_release(&fresh);
		return r;
	}
	cpu_list_release(l);
	*l = fresh;
	return 0;
}

int cpu_list_read_online(struct cpu_list *l, struct err *err)
{
	struct buf text;
	int r;

	buf_init(&text, 64 << 10);
	r = fs_read(ONLINE_PATH, &text, err);
	if (!r) {
		r = cpu_list_parse(l, buf_str(&text));
		if (r)
			err_set(err, r, "%s: not a list of CPUs such as 0-3,8", ONLINE_PATH);
	}
	buf_release(&text);
	return r;
}
