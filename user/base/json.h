/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - a streaming JSON writer over a buf: it keeps the commas and the quotes right.
 *
 * `key` is NULL inside arrays and at the top. Strings from outside are cleaned to valid UTF-8;
 * numbers are never NaN or infinite (they become null). Errors are those of the buf, and two of its
 * own that stick there: -ELOOP for more than JSON_MAX_DEPTH levels, -EINVAL for an end too many.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/compiler.h"

#define JSON_MAX_DEPTH 64

struct json {
	struct buf *out; /* borrowed */
	unsigned int depth;
	bool pretty;
	bool has_items[JSON_MAX_DEPTH];
	bool in_array[JSON_MAX_DEPTH];
};

/* `pretty`: one member a line, two blanks of indent; otherwise no white space at all. */
void json_init(struct json *j, struct buf *out, bool pretty);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j); /* closes the innermost object or array */
void json_str(struct json *j, const char *key, struct str v);
void json_cstr(struct json *j, const char *key, const char *v); /* NULL writes null */
void json_u64(struct json *j, const char *key, uint64_t v);
void json_i64(struct json *j, const char *key, int64_t v);
void json_double(struct json *j, const char *key, double v, int digits); /* significant digits */
void json_bool(struct json *j, const char *key, bool v);
void json_null(struct json *j, const char *key);

#endif
