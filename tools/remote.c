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

static void add_range(struct buf *path, struct time_range range)
{
	if (range.from_ns != INT64_MIN)
		add_time(path, "from", range.from_ns);
	if (range.until_ns != INT64_MAX)
		add_time(path, "until", range.until_ns);
}

static void add_path(struct buf *path, const struct time_range *ranges, size_t cnt)
{
	struct time_range all = cnt ? ranges[0] : TIME_RANGE_ALL;

	for (size_t i = 1; i < cnt; i++) {
		all.from_ns = ranges[i].from_ns < all.from_ns ? ranges[i].from_ns : all.from_ns;
		all.until_ns =
			ranges[i].until_ns > all.until_ns ? ranges[i].until_ns : all.until_ns;
	}
	buf_addstr(path, "/api/v1/profile?format=windowed");
	add_range(path, all);
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

/* GET of `path` of the source, whole; the body is init'ed by the caller. */
static int get(const char *source, const struct buf *path, const char *accept,
	       struct http_answer *answer, struct err *err)
{
	struct http_request request = {.path = path->data, .accept = accept};
	struct target target;
	struct http *http = NULL;
	int r = target_parse(source, &target, err);

	if (!r) {
		target.http.max_answer = MAX_ANSWER;
		if (!target.http.timeout_ns)
			target.http.timeout_ns = TIMEOUT_NS;
		r = http_new(&target.http, &http, err);
	}
	if (!r) {
		http_get(http, &request, NULL, answer);
		r = check_answer(answer, http_name(http), err);
	}
	http_free(http);
	target_release(&target);
	return r;
}

int remote_fetch(struct remote *r, const char *source, const struct time_range *ranges,
		 size_t range_cnt, struct err *err)
{
	struct http_answer answer = {.status = 0};
	struct buf path;
	int result;

	*r = REMOTE_NONE;
	buf_init(&path, 4096);
	buf_init(&answer.body, MAX_ANSWER);
	add_path(&path, ranges, range_cnt);
	result = get(source, &path, "text/plain", &answer, err);
	if (!result &&
	    (!answer.body.len || !memmem(answer.body.data, answer.body.len, "# window ", 9)))
		result = err_set(err, ENODATA, "%s: no window there", source);
	if (!result)
		result = keep(r, buf_str(&answer.body), err);
	buf_release(&answer.body);
	buf_release(&path);
	return result;
}

int remote_incidents(const char *source, const char *name, struct time_range range,
		     const char *format, struct buf *out, struct err *err)
{
	struct http_answer answer = {.status = 0};
	struct buf path;
	int r;

	buf_init(&path, 4096);
	buf_init(&answer.body, MAX_ANSWER);
	buf_addf(&path, "/api/v1/incidents?format=%s", format);
	if (name)
		http_add_param(&path, "name", str_of(name));
	add_range(&path, range);
	r = buf_error(&path) ? err_set(err, EINVAL, "'%s': too long a name", name)
			     : get(source, &path, "*/*", &answer, err);
	if (!r)
		buf_add(out, answer.body.data, answer.body.len);
	buf_release(&answer.body);
	buf_release(&path);
	return r;
}

int remote_list(const char *source, bool windows, struct time_range range, struct buf *out,
		struct err *err)
{
	struct http_answer answer = {.status = 0};
	struct buf path;
	int r;

	buf_init(&path, 4096);
	buf_init(&answer.body, MAX_ANSWER);
	buf_addstr(&path, windows ? "/api/v1/windows" : "/api/v1/series");
	if (windows)
		add_range(&path, range);
	r = get(source, &path, "application/json", &answer, err);
	if (!r)
		buf_add(out, answer.body.data, answer.body.len);
	buf_release(&answer.body);
	buf_release(&path);
	return r;
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
