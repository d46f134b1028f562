// SPDX-License-Identifier: Apache-2.0
#include "model/entity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/builder.h"

#define SHORT_ID 12 /* digits of a container's id that people know it by */
#define MAX_NAME (1U << 20)

/* What Kubernetes makes random suffixes of: no vowels, so that no words come out. */
#define SUFFIX_LETTERS "bcdfghjklmnpqrstvwxz2456789"
#define DIGITS	       "0123456789"

/* Length of the last part of s, behind `separators`, when all of it is of that alphabet; else 0. */
static size_t tail_of(struct str s, const char *separators, const char *alphabet)
{
	size_t n = 0;

	while (n < s.len && strchr(alphabet, s.p[s.len - n - 1]) && s.p[s.len - n - 1])
		n++;
	return n && n < s.len - 1 && s.p[s.len - n - 1] && strchr(separators, s.p[s.len - n - 1])
		       ? n
		       : 0;
}

static struct str without(struct str s, size_t tail)
{
	return (struct str){s.p, s.len - tail - 1};
}

static struct str pod_owner(struct str s)
{
	size_t n = tail_of(s, "-", SUFFIX_LETTERS);

	if (n == 5) {
		s = without(s, n);
		n = tail_of(s, "-", SUFFIX_LETTERS); /* of a ReplicaSet */
		if (n < 6 || n > 10) {
			n = tail_of(s, "-", DIGITS); /* when a CronJob was due */
			n = n >= 8 ? n : 0;
		}
		return n ? without(s, n) : s;
	}
	n = tail_of(s, "-", DIGITS); /* of a StatefulSet */
	return n && n <= 5 ? without(s, n) : s;
}

static struct str without_numbers(struct str s)
{
	size_t n;

	while ((n = tail_of(s, "-_:#/", DIGITS)))
		s = without(s, n);
	return s;
}

static struct str stable(struct str key, struct str value)
{
	if (str_eq(key, STR_LIT("pod")))
		return pod_owner(value);
	if (str_eq(key, STR_LIT(LABEL_COMM)))
		return without_numbers(value);
	if (str_eq(key, STR_LIT(LABEL_CONTAINER_ID)) && value.len > SHORT_ID)
		value.len = SHORT_ID;
	return value;
}

bool entity_is_derived(struct str keys)
{
	return memchr(keys.p, ',', keys.len) || str_eq(keys, STR_LIT("pod")) ||
	       str_eq(keys, STR_LIT(LABEL_COMM));
}

void entity_add_name(struct buf *out, const struct str (*labels)[2], size_t cnt, struct str keys)
{
	bool first = true;
	struct str key;

	while (str_split(&keys, ',', &key)) {
		struct str value = {NULL, 0};

		for (size_t i = 0; i < cnt; i++)
			if (str_eq(labels[i][0], key))
				value = labels[i][1];
		value = value.len ? stable(key, value) : value;
		if (value.len) {
			buf_addstr(out, first ? "" : " in ");
			if (!first && str_eq(key, STR_LIT(LABEL_CONTAINER_ID)))
				buf_addstr(out, "container ");
			buf_add(out, value.p, value.len);
		} else if (first) {
			buf_addf(out, "[no %.*s]", (int)key.len, key.p);
		}
		first = false;
	}
}

static int add_series(struct builder *b, const struct profile *p, uint32_t number, struct str keys,
		      uint32_t *ret)
{
	const struct series *s = &p->series[number];
	struct str labels[BUILDER_MAX_LABELS][2];
	size_t cnt = 0;
	struct buf name;
	int r;

	if (s->label_cnt >= BUILDER_MAX_LABELS)
		return -ENOSPC;
	for (uint32_t i = 0; i < s->label_cnt; i++, cnt++) {
		labels[cnt][0] = profile_str(p, p->labels[s->first_label + i].key);
		labels[cnt][1] = profile_str(p, p->labels[s->first_label + i].value);
	}
	buf_init(&name, MAX_NAME);
	entity_add_name(&name, (const struct str(*)[2])labels, cnt, keys);
	r = buf_error(&name);
	labels[cnt][0] = keys; /* the last one of a key counts */
	labels[cnt++][1] = buf_str(&name);
	if (!r)
		r = builder_series(b, (const struct str(*)[2])labels, cnt, ret);
	buf_release(&name);
	return r;
}

static int copy(const struct profile *p, struct str keys, struct builder *b, uint32_t *nodes)
{
	uint32_t frame, series = 0;
	int r = 0;

	for (uint32_t i = 1; !r && i < p->node_cnt; i++) {
		r = builder_copy_frame(b, p, p->nodes[i].frame, &frame);
		if (!r)
			r = builder_stack(b, nodes[p->nodes[i].parent], frame, &nodes[i]);
	}
	for (size_t i = 0; !r && i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		if (!i || s->series != p->samples[i - 1].series)
			r = add_series(b, p, s->series, keys, &series);
		if (!r)
			r = builder_sample(b, series, nodes[s->node], s->weight, s->cnt);
	}
	if (!r)
		builder_add_header(b, p);
	return r;
}

int entity_label(const struct profile *p, struct str keys, struct profile **ret)
{
	struct builder *b = builder_new(&builder_limits_file, p->unit);
	uint32_t *nodes = calloc((size_t)p->node_cnt + 1, sizeof(*nodes));
	int r = b && nodes ? copy(p, keys, b, nodes) : -ENOMEM;

	if (!r)
		r = builder_seal(b, ret);
	builder_free(b);
	free(nodes);
	return r;
}
