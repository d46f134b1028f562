// SPDX-License-Identifier: Apache-2.0
#include "format/incidents.h"

#include <stdlib.h>

#include "base/text.h"
#include "unit/tap.h"

static const char one[] =
	"{\"version\":1,\"incidents\":[{\"name\":\"slow\",\"recurrences\":["
	"{\"from\":\"2026-08-20T12:00:00Z\",\"until\":\"2026-08-20T12:01:00.500Z\",\"open\":false,"
	"\"silent\":false,\"early_seconds\":0,\"sources\":[\"mark\"],\"alerts\":[]},"
	"{\"from\":\"2026-08-20T13:00:00Z\",\"until\":\"2026-08-20T13:00:00Z\",\"open\":true,"
	"\"silent\":true,\"early_seconds\":600.5,\"sources\":[],\"alerts\":[{}]}]}]}";

static void refuses(const char *json, int want, const char *words)
{
	struct incident_time *times;
	struct err err = {""};
	size_t cnt;
	int r = incidents_read(str_of(json), &times, &cnt, &err);

	if (!r)
		free(times);
	ok(r == want && strstr(err.text, words), "%d: %s", r, err.text);
}

static void test_read(void)
{
	struct incident_time *t = NULL;
	struct err err = {""};
	size_t cnt = 0;

	if (!ok(!incidents_read(str_of(one), &t, &cnt, &err) && cnt == 2, "read: %s", err.text))
		return;
	is_i64(t[0].range.from_ns, INT64_C(1787227200000000000), "start");
	is_i64(t[0].range.until_ns, INT64_C(1787227260500000000), "end");
	ok(!t[0].open && !t[0].silent && !t[0].early_ns, "over");
	ok(t[1].open && t[1].silent && t[1].early_ns == UINT64_C(600500000000), "open and silent");
	is_i64(t[1].range.until_ns - t[1].range.from_ns, 1, "never empty");
	free(t);
}

int main(void)
{
	test_read();
	refuses("", -EINVAL, "not JSON");
	refuses("[]", -EINVAL, "no incidents of an agent");
	refuses("{\"version\":2,\"incidents\":[]}", -EINVAL, "want version 1");
	refuses("{\"version\":1,\"incidents\":{}}", -EINVAL, "no incidents of an agent");
	refuses("{\"version\":1,\"incidents\":[]}", -ENOENT, "no recurrence");
	refuses("{\"version\":1,\"incidents\":[{},{}]}", -EINVAL, "2 incidents, not one");
	refuses("{\"version\":1,\"incidents\":[{\"recurrences\":[{}]}]}", -EINVAL,
		"recurrence 0: no range");
	refuses("{\"version\":1,\"incidents\":[{\"recurrences\":[{\"from\":\"2026-08-20T12:00:"
		"01Z\","
		"\"until\":\"2026-08-20T12:00:00Z\"}]}]}",
		-EINVAL, "recurrence 0: no range");
	refuses("{\"version\":1,\"incidents\":[{\"recurrences\":[{\"from\":\"2026-08-20T12:00:"
		"00Z\","
		"\"until\":\"2026-08-20T12:00:01Z\",\"early_seconds\":-1}]}]}",
		-EINVAL, "recurrence 0: no range");
	return tap_done();
}
