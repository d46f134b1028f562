// SPDX-License-Identifier: Apache-2.0
#include "format/pprof_scan.h"

#include <inttypes.h>

#include "base/reader.h"

enum wire_type {
	VARINT = 0,
	FIXED64 = 1,
	BYTES = 2,
	FIXED32 = 5,
};

/* Fields of a message: its name, and what their contents are. */
struct shape {
	const char *name;
	const struct shape *fields[16]; /* NULL: not a message */
};

static const struct shape value_type = {"value type", {0}};
static const struct shape label = {"label", {0}};
static const struct shape line = {"line", {0}};
static const struct shape sample = {"sample", {[3] = &label}};
static const struct shape mapping = {"mapping", {0}};
static const struct shape location = {"location", {[4] = &line}};
static const struct shape function = {"function", {0}};
static const struct shape profile = {"profile",
				     {[1] = &value_type,
				      [2] = &sample,
				      [3] = &mapping,
				      [4] = &location,
				      [5] = &function,
				      [11] = &value_type}};

#define FIELD_TIME_NANOS 9

struct scan {
	const uint8_t *start;
	struct reader r;
	unsigned int time_cnt;
	struct err *err;
};

static size_t at(const struct scan *s)
{
	return (size_t)(s->r.p - s->start);
}

/* The contents of one field; *ret_len is set for BYTES, which are not skipped. */
static bool skip_value(struct scan *s, unsigned int type, uint64_t *ret_len)
{
	switch (type) {
	case VARINT:
		(void)reader_varint(&s->r);
		return true;
	case FIXED64:
		(void)reader_u64(&s->r);
		return true;
	case FIXED32:
		(void)reader_u32(&s->r);
		return true;
	case BYTES:
		*ret_len = reader_varint(&s->r);
		return true;
	default:
		return false;
	}
}

/* Messages nest three deep at most, as the shapes do. */
static int scan_message(struct scan *s, const struct shape *shape, size_t end)
{
	while (at(s) < end) {
		size_t begin = at(s);
		uint64_t tag = reader_varint(&s->r), len = 0;
		const struct shape *inner = NULL;
		int r;

		if (!s->r.failed && (!(tag >> 3) || !skip_value(s, tag & 7, &len)))
			return err_set(s->err, EINVAL, "byte %zu: no field of a pprof %s", begin,
				       shape->name);
		if (s->r.failed || at(s) > end || len > end - at(s))
			return err_set(s->err, EINVAL,
				       "byte %zu: the %s is cut off (field %" PRIu64
				       " wants more bytes than there are)",
				       begin, shape->name, tag >> 3);
		if (tag >> 3 < ARRAY_SIZE(shape->fields))
			inner = shape->fields[tag >> 3];
		if (inner && (tag & 7) != BYTES)
			return err_set(s->err, EINVAL, "byte %zu: no %s", begin, inner->name);
		s->time_cnt += shape == &profile && tag >> 3 == FIELD_TIME_NANOS;
		if (inner) {
			r = scan_message(s, inner, at(s) + len);
			if (r)
				return r;
		} else if (len) {
			(void)reader_bytes(&s->r, len);
		}
	}
	return 0;
}

int pprof_scan(struct str bytes, struct err *err)
{
	struct scan s = {.start = (const uint8_t *)bytes.p, .err = err};
	int r;

	reader_init(&s.r, bytes.p, bytes.len);
	r = scan_message(&s, &profile, bytes.len);
	if (!r && s.time_cnt > 1)
		r = err_set(err, EINVAL, "%u profiles one behind the other, want one", s.time_cnt);
	return r;
}
