// SPDX-License-Identifier: Apache-2.0

#include "meta/cgroup.h"

#include <string.h>

#include "base/text.h"

#define CONTAINER_ID_LEN 64
#define ECS_TASK_LEN	 32

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool starts_with(struct str s, struct str prefix)
{
	return s.len >= prefix.len && !memcmp(s.p, prefix.p, prefix.len);
}

static bool ends_with(struct str s, struct str suffix)
{
	return s.len >= suffix.len && !memcmp(s.p + s.len - suffix.len, suffix.p, suffix.len);
}

/* Length of the run of hexadecimal digits at `at`. */
static size_t hex_run(struct str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && is_hex(s.p[at + n]))
		n++;
	return n;
}

static bool is_end(struct str s, size_t at)
{
	return at == s.len || s.p[at] == '/' || s.p[at] == '.';
}

/* Length of the container id at `at`, 0 when there is none. */
static size_t container_len(struct str path, size_t at)
{
	size_t n = hex_run(path, at);

	if (n == ECS_TASK_LEN && at + n < path.len && path.p[at + n] == '-') {
		size_t digits = n + 1;

		while (at + digits < path.len && is_digit(path.p[at + digits]))
			digits++;
		return digits > n + 1 && is_end(path, at + digits) ? digits : 0;
	}
	return n == CONTAINER_ID_LEN && is_end(path, at + n) ? n : 0;
}

static bool has_monitor(struct str path)
{
	struct str segment;

	while (str_split(&path, '/', &segment))
		if (starts_with(segment, STR_LIT("crio-conmon-")) ||
		    starts_with(segment, STR_LIT("libpod-conmon-")))
			return true;
	return false;
}

static struct str find_container(struct str path)
{
	if (has_monitor(path))
		return (struct str){"", 0};
	for (size_t at = path.len; at-- > 0;) {
		bool is_start = !at || memchr("/:-", path.p[at - 1], 3);
		size_t n = is_start ? container_len(path, at) : 0;

		if (n)
			return (struct str){path.p + at, n};
	}
	return (struct str){"", 0};
}

/* The uid at `at`, as a UUID or a static pod's hash; 0 or its length. */
static size_t uid_len(struct str path, size_t at)
{
	static const size_t groups[] = {8, 4, 4, 4, 12};
	size_t n = 0;

	if (hex_run(path, at) == 32)
		return is_end(path, at + 32) ? 32 : 0;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (hex_run(path, at + n) != groups[i])
			return 0;
		n += groups[i];
		if (i + 1 == ARRAY_SIZE(groups))
			break;
		if (at + n == path.len || (path.p[at + n] != '-' && path.p[at + n] != '_'))
			return 0;
		n++;
	}
	return is_end(path, at + n) ? n : 0;
}

static void find_pod(struct str path, char uid[POD_UID_LEN + 1])
{
	static const struct str mark = STR_LIT("pod");

	uid[0] = '\0';
	for (size_t at = path.len; at-- > 0;) {
		struct str rest = {path.p + at, path.len - at};
		bool is_start = !at || path.p[at - 1] == '/' || path.p[at - 1] == '-';
		size_t n = is_start && starts_with(rest, mark) ? uid_len(path, at + mark.len) : 0;

		if (!n)
			continue;
		memcpy(uid, rest.p + mark.len, n);
		uid[n] = '\0';
		for (size_t i = 0; i < n; i++)
			if (uid[i] == '_')
				uid[i] = '-';
		return;
	}
}

static struct str find_unit(struct str path)
{
	struct str segment, unit = {"", 0};

	while (str_split(&path, '/', &segment))
		if (ends_with(segment, STR_LIT(".service")) ||
		    ends_with(segment, STR_LIT(".scope")))
			unit = segment;
	return unit;
}

void cgroup_place(struct str path, struct cgroup_place *ret)
{
	ret->container = find_container(path);
	find_pod(path, ret->pod_uid);
	ret->unit = ret->container.len || ret->pod_uid[0] ? (struct str){"", 0} : find_unit(path);
}
