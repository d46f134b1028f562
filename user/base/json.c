// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

void json_init(struct json *j, struct buf *out, bool pretty)
{
	*j = (struct json){.out = out, .pretty = pretty};
}

static void newline(struct json *j)
{
	if (!j->pretty)
		return;
	buf_addch(j->out, '\n');
	for (unsigned int i = 0; i < j->depth; i++)
		buf_addstr(j->out, "  ");
}

static void quoted(struct json *j, struct str s)
{
	buf_addch(j->out, '"');
	while (s.len) {
		size_t n = utf8_len(s);
		unsigned char c = (unsigned char)s.p[0];

		if (!n)
			buf_addstr(j->out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_addf(j->out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_addf(j->out, "\\u%04x", c);
		else
			buf_add(j->out, s.p, n);
		n = n ? n : 1;
		s = (struct str){s.p + n, s.len - n};
	}
	buf_addch(j->out, '"');
}

/* What stands before any value: comma, line break, key. */
static void lead_in(struct json *j, const char *key)
{
	if (j->depth) {
		if (j->has_items[j->depth])
			buf_addch(j->out, ',');
		j->has_items[j->depth] = true;
		newline(j);
	}
	if (key) {
		quoted(j, str_of(key));
		buf_addstr(j->out, j->pretty ? ": " : ":");
	}
}

static void open_level(struct json *j, const char *key, bool array)
{
	lead_in(j, key);
	buf_addch(j->out, array ? '[' : '{');
	if (j->depth + 1 >= JSON_MAX_DEPTH) {
		j->out->error = -ELOOP;
		return;
	}
	j->depth++;
	j->has_items[j->depth] = false;
	j->in_array[j->depth] = array;
}

void json_object(struct json *j, const char *key)
{
	open_level(j, key, false);
}

void json_array(struct json *j, const char *key)
{
	open_level(j, key, true);
}

void json_end(struct json *j)
{
	bool array = j->in_array[j->depth], had = j->has_items[j->depth];

	if (j->out->error) /* levels that could not be opened are not counted */
		return;
	if (!j->depth) {
		j->out->error = -EINVAL;
		return;
	}
	j->depth--;
	if (had)
		newline(j);
	buf_addch(j->out, array ? ']' : '}');
	if (!j->depth && j->pretty)
		buf_addch(j->out, '\n');
}

void json_str(struct json *j, const char *key, struct str v)
{
	lead_in(j, key);
	quoted(j, v);
}

void json_cstr(struct json *j, const char *key, const char *v)
{
	if (v)
		json_str(j, key, str_of(v));
	else
		json_null(j, key);
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	lead_in(j, key);
	buf_addu64(j->out, v);
}

void json_i64(struct json *j, const char *key, int64_t v)
{
	lead_in(j, key);
	buf_addf(j->out, "%" PRId64, v);
}

void json_double(struct json *j, const char *key, double v, int digits)
{
	lead_in(j, key);
	if (isfinite(v))
		num_add_double(j->out, v, digits);
	else
		buf_addstr(j->out, "null");
}

void json_bool(struct json *j, const char *key, bool v)
{
	lead_in(j, key);
	buf_addstr(j->out, v ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	lead_in(j, key);
	buf_addstr(j->out, "null");
}
