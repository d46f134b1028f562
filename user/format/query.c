// SPDX-License-Identifier: Apache-2.0
#include "format/query.h"

#include <errno.h>
#include <math.h>

#include "base/text.h"
#include "query.pb-c.h"

#define MAX_ANSWER ((size_t)1 << 30)

static ProtobufCBinaryData bytes_of(struct str s)
{
	return (ProtobufCBinaryData){.len = s.len, .data = (uint8_t *)s.p};
}

static int pack(const ProtobufCMessage *message, struct buf *out)
{
	char *room = buf_reserve(out, protobuf_c_message_get_packed_size(message));

	if (room)
		buf_commit(out, protobuf_c_message_pack(message, (uint8_t *)room));
	return buf_error(out);
}

int query_add_types(const struct query *q, struct buf *out)
{
	Query__TypesRequest m = QUERY__TYPES_REQUEST__INIT;

	m.start = q->start_ms;
	m.end = q->end_ms;
	return pack(&m.base, out);
}

int query_add_names(const struct query *q, struct buf *out)
{
	Query__NamesRequest m = QUERY__NAMES_REQUEST__INIT;
	ProtobufCBinaryData selector = bytes_of(q->selector);

	m.start = q->start_ms;
	m.end = q->end_ms;
	m.matchers = &selector;
	m.n_matchers = q->selector.len > 0;
	return pack(&m.base, out);
}

int query_add_values(const struct query *q, struct buf *out)
{
	Query__ValuesRequest m = QUERY__VALUES_REQUEST__INIT;
	ProtobufCBinaryData selector = bytes_of(q->selector);

	m.name = bytes_of(q->label);
	m.start = q->start_ms;
	m.end = q->end_ms;
	m.matchers = &selector;
	m.n_matchers = q->selector.len > 0;
	return pack(&m.base, out);
}

int query_add_merge(const struct query *q, struct buf *out)
{
	Query__MergeRequest m = QUERY__MERGE_REQUEST__INIT;

	m.profile_type = bytes_of(q->type);
	m.label_selector = bytes_of(q->selector);
	m.start = q->start_ms;
	m.end = q->end_ms;
	return pack(&m.base, out);
}

int query_add_series(const struct query *q, struct buf *out)
{
	Query__SeriesRequest m = QUERY__SERIES_REQUEST__INIT;
	ProtobufCBinaryData label = bytes_of(q->label);

	m.profile_type = bytes_of(q->type);
	m.label_selector = bytes_of(q->selector);
	m.start = q->start_ms;
	m.end = q->end_ms;
	m.group_by = &label;
	m.n_group_by = q->label.len > 0;
	m.step = q->step_s;
	return pack(&m.base, out);
}

/* ---- answers ---- */

static void *alloc_fn(void *arena, size_t len)
{
	return arena_alloc(arena, len);
}

static void free_fn(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

static int unpack(const ProtobufCMessageDescriptor *type, struct str bytes, struct arena *arena,
		  const char *what, void *ret_message, struct err *err)
{
	ProtobufCAllocator allocator = {alloc_fn, free_fn, arena};
	ProtobufCMessage *m;

	arena_init(arena, MAX_ANSWER);
	m = protobuf_c_message_unpack(type, &allocator, bytes.len, (const uint8_t *)bytes.p);
	if (!m && arena->full)
		return err_set(err, EFBIG, "%s of %zu bytes decode to more than %zu MiB", what,
			       bytes.len, MAX_ANSWER >> 20);
	if (!m)
		return err_set(err, EINVAL, "%zu bytes that are no %s", bytes.len, what);
	*(ProtobufCMessage **)ret_message = m;
	return 0;
}

static struct str str_from(ProtobufCBinaryData d)
{
	return d.len ? (struct str){(const char *)d.data, d.len} : (struct str){"", 0};
}

int query_read_types(struct str bytes, struct query_names *ret, struct err *err)
{
	Query__TypesAnswer *m;
	int r;

	*ret = (struct query_names){.items = NULL};
	r = unpack(&query__types_answer__descriptor, bytes, &ret->arena, "profile types", &m, err);
	if (r)
		return r;
	ret->items = arena_zalloc(&ret->arena, m->n_profile_types + 1, sizeof(*ret->items));
	if (!ret->items)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < m->n_profile_types; i++)
		ret->items[ret->cnt++] = str_from(m->profile_types[i]->id);
	return 0;
}

int query_read_names(struct str bytes, struct query_names *ret, struct err *err)
{
	Query__NamesAnswer *m;
	int r;

	*ret = (struct query_names){.items = NULL};
	r = unpack(&query__names_answer__descriptor, bytes, &ret->arena, "names", &m, err);
	if (r)
		return r;
	ret->items = arena_zalloc(&ret->arena, m->n_names + 1, sizeof(*ret->items));
	if (!ret->items)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < m->n_names; i++)
		ret->items[ret->cnt++] = str_from(m->names[i]);
	return 0;
}

void query_names_release(struct query_names *n)
{
	arena_release(&n->arena);
	*n = (struct query_names){.items = NULL};
}

static int read_curve(const Query__Series *in, struct str label, struct arena *arena,
		      struct query_curve *ret)
{
	*ret = (struct query_curve){.value = {"", 0}};
	for (size_t i = 0; i < in->n_labels; i++)
		if (label.len && str_eq(str_from(in->labels[i]->name), label))
			ret->value = str_from(in->labels[i]->value);
	ret->points = arena_zalloc(arena, in->n_points + 1, sizeof(*ret->points));
	if (!ret->points)
		return -ENOMEM;
	for (size_t i = 0; i < in->n_points; i++) {
		double value = in->points[i]->value;
		int64_t at_ms = in->points[i]->timestamp;

		if (at_ms < 0 || at_ms > QUERY_MAX_MS)
			at_ms = value = 0;
		ret->points[ret->point_cnt++] = (struct query_point){
			.at_ms = at_ms,
			.value = !(value > 0)	   ? 0
				 : value >= 0x1p63 ? INT64_MAX
						   : (uint64_t)llround(value),
		};
	}
	return 0;
}

int query_read_series(struct str bytes, struct str label, struct query_series *ret, struct err *err)
{
	Query__SeriesAnswer *m;
	int r;

	*ret = (struct query_series){.curves = NULL};
	r = unpack(&query__series_answer__descriptor, bytes, &ret->arena, "series", &m, err);
	if (r)
		return r;
	ret->curves = arena_zalloc(&ret->arena, m->n_series + 1, sizeof(*ret->curves));
	if (!ret->curves)
		r = -ENOMEM;
	for (size_t i = 0; !r && i < m->n_series; i++)
		r = read_curve(m->series[i], label, &ret->arena, &ret->curves[ret->cnt++]);
	return r ? err_set(err, r, "out of memory") : 0;
}

void query_series_release(struct query_series *s)
{
	arena_release(&s->arena);
	*s = (struct query_series){.curves = NULL};
}
