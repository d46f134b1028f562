// SPDX-License-Identifier: Apache-2.0
#include "format/incidents.h"

#include <jansson.h>
#include <stdlib.h>

#define MAX_EARLY_S (366.0 * 86400)

static bool get_time(const json_t *object, const char *key, int64_t *ret_ns)
{
	const json_t *v = json_object_get(object, key);

	return json_is_string(v) &&
	       time_parse_rfc3339((struct str){json_string_value(v), json_string_length(v)},
				  ret_ns);
}

static bool get_recurrence(const json_t *v, struct incident_time *ret)
{
	double early_s = json_number_value(json_object_get(v, "early_seconds"));

	*ret = (struct incident_time){
		.open = json_is_true(json_object_get(v, "open")),
		.silent = json_is_true(json_object_get(v, "silent")),
	};
	if (!get_time(v, "from", &ret->range.from_ns) ||
	    !get_time(v, "until", &ret->range.until_ns) || !(early_s >= 0 && early_s < MAX_EARLY_S))
		return false;
	ret->early_ns = (uint64_t)(early_s * 1e9);
	if (ret->range.until_ns == ret->range.from_ns)
		ret->range.until_ns++; /* shorter than what is written of a time */
	return ret->range.until_ns > ret->range.from_ns;
}

static int read_recurrences(const json_t *list, struct incident_time **ret, size_t *ret_cnt,
			    struct err *err)
{
	size_t cnt = json_array_size(list);
	struct incident_time *times = calloc(cnt + 1, sizeof(*times));

	if (!times)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < cnt; i++) {
		if (get_recurrence(json_array_get(list, i), &times[i]))
			continue;
		free(times);
		return err_set(err, EINVAL, "recurrence %zu: no range of time", i);
	}
	*ret = times;
	*ret_cnt = cnt;
	return 0;
}

int incidents_read(struct str json, struct incident_time **ret, size_t *ret_cnt, struct err *err)
{
	json_error_t where;
	json_t *root = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES, &where);
	const json_t *incidents = json_object_get(root, "incidents");
	int r;

	if (!root)
		r = err_set(err, EINVAL, "not JSON: line %d, column %d: %s", where.line,
			    where.column, where.text);
	else if (json_integer_value(json_object_get(root, "version")) != 1 ||
		 !json_is_array(incidents))
		r = err_set(err, EINVAL, "no incidents of an agent (want version 1)");
	else if (!json_array_size(incidents))
		r = err_set(err, ENOENT, "no recurrence in that time");
	else if (json_array_size(incidents) > 1)
		r = err_set(err, EINVAL, "%zu incidents, not one", json_array_size(incidents));
	else
		r = read_recurrences(json_object_get(json_array_get(incidents, 0), "recurrences"),
				     ret, ret_cnt, err);
	json_decref(root);
	return r;
}
