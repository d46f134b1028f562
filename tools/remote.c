// SPDX-License-Identifier: Apache-2.0
#include "remote.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "ship/http.h"
#include "ship/target.h"

#define MAX_ANSWER ((size_t)2 << 30)
#define TIMEOUT_NS (120 * NSEC_PER_SEC)

bool remote_is(const char *source)
{
	return !strncmp(source, "http://", 7) || !strncmp(source, "https://", 8);
}

static void add_time(struct buf *path, const char *name, int64_t ns)
{
	struct buf text;

	buf_init(&text, 64);
	time_add(&text, ns);
	http_add_param(path, name, buf_str(&text));
	buf_release(&text);
}

static void add_path(struct buf *path, const struct time_range *ranges, size_t cnt)
{
	int64_t from_ns = cnt ? INT64_MAX : INT64_MIN, until_ns = cnt ? INT64_MIN : INT64_MAX;

	for (size_t i = 0; i < cnt; i++) {
		from_ns = ranges[i].from_ns < from_ns ? ranges[i].from_ns : from_ns;
		until_ns = ranges[i].until_ns > until_ns ? ranges[i].until_ns : until_ns;
	}
	buf_addstr(path, "/api/v1/profile?format=windowed");
	if (from_ns != INT64_MIN)
		add_time(path, "from", from_ns);
	if (until_ns != INT64_MAX)
		add_time(path, "until", until_ns);
}

static int check_answer(const struct http_answer *answer, const char *name, struct err *err)
{
	struct str said = str_trim(buf_str(&answer->body));

	if (!answer->status)
		return err_set(err, EIO, "%s", answer->why.text);
	if (answer->status != 200)
		return err_set(err, EIO, "%s: answered %d: %.*s", name, answer->status,
			       (int)(said.len < 300 ? said.len : 300), said.p);
	if (answer->cut)
		return err_set(err, EFBIG, "%s: more than %zu MiB; take a shorter range", name,
			       MAX_ANSWER >> 20);
	if (!said.len || !memmem(said.p, said.len, "# window ", 9))
		return err_set(err, ENODATA, "%s: no window there", name);
	return 0;
}

/* Into a file that nobody else sees. */
static int keep(struct remote *r, struct str bytes, struct err *err)
{
	r->fd = memfd_create("culprit-remote", MFD_CLOEXEC);
	for (size_t at = 0; r->fd >= 0 && at < bytes.len;) {
		ssize_t n = write(r->fd, bytes.p + at, bytes.len - at);

		if (n < 0)
			return err_set(err, errno, "no memory for a profile: %s", strerror(errno));
		at += (size_t)n;
	}
	if (r->fd < 0)
		return err_set(err, errno, "no memory for a profile: %s", strerror(errno));
	(void)snprintf(r->path, sizeof(r->path), "/proc/self/fd/%d", r->fd);
	return 0;
}

int remote_fetch(struct remote *r, const char *source, const struct time_range *ranges,
		 size_t range_cnt, struct err *err)
{
	struct http_request request = {.accept = "text/plain"};
	struct http_answer answer = {.status = 0};
	struct target target;
	struct http *http = NULL;
	struct buf path;
	int result;

	*r = REMOTE_NONE;
	buf_init(&path, 4096);
	buf_init(&answer.body, MAX_ANSWER);
	result = target_parse(source, &target, err);
	if (!result) {
		target.http.max_answer = MAX_ANSWER;
		if (!target.http.timeout_ns)
			target.http.timeout_ns = TIMEOUT_NS;
		result = http_new(&target.http, &http, err);
	}
	if (!result) {
		add_path(&path, ranges, range_cnt);
		request.path = path.data;
		http_get(http, &request, NULL, &answer);
		result = check_answer(&answer, http_name(http), err);
	}
	if (!result)
		result = keep(r, buf_str(&answer.body), err);
	http_free(http);
	target_release(&target);
	buf_release(&answer.body);
	buf_release(&path);
	return result;
}

void remote_release(struct remote *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	*r = REMOTE_NONE;
}

int remote_explain(const char *source, int result, struct err *err)
{
	return result ? err_prefix(err, result, "%s", source) : 0;
}
