// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "ship/answer.h"
#include "ship/backoff.h"
#include "ship/shipper.h"
#include "ship/target.h"
#include "unit/profiles.h"
#include "unit/tap.h"

#define NOW ((int64_t)1800000000 * (int64_t)NSEC_PER_SEC) /* 2027-01-15T08:00:00Z */

static const struct {
	int status;
	const char *body;
	enum ship_action action;
	enum ship_reason reason;
	int64_t wait_s; /* not_before, from NOW */
} cases[] = {
	{200, "{}", SHIP_DONE, SHIP_OK, 0},
	{204, "", SHIP_DONE, SHIP_OK, 0},
	{400, "{\"code\":\"invalid_argument\",\"message\":\"no sample_type\"}", SHIP_DROP,
	 SHIP_INVALID, 0},
	{400, "profile with labels '{}' is outside of ingestion window (profile timestamp: …",
	 SHIP_DROP, SHIP_TOO_OLD, 0},
	{422, "", SHIP_DROP, SHIP_INVALID, 0},
	{200, " <!DOCTYPE html><title>Login</title>", SHIP_MISCONFIGURED, SHIP_WRONG_URL, 0},
	{400, "<html><head><title>400 The SSL certificate error</title></head>", SHIP_MISCONFIGURED,
	 SHIP_TLS, 0},
	{400, "<html><title>400 The plain HTTP request was sent to HTTPS port</title>",
	 SHIP_MISCONFIGURED, SHIP_WRONG_URL, 0},
	{401, "no org id", SHIP_MISCONFIGURED, SHIP_UNAUTHORIZED, 0},
	{403, "", SHIP_MISCONFIGURED, SHIP_UNAUTHORIZED, 0},
	{407, "", SHIP_MISCONFIGURED, SHIP_UNAUTHORIZED, 0},
	{404, "page not found", SHIP_MISCONFIGURED, SHIP_WRONG_URL, 0},
	{405, "", SHIP_MISCONFIGURED, SHIP_WRONG_URL, 0},
	{415, "", SHIP_MISCONFIGURED, SHIP_WRONG_URL, 0},
	{302, "", SHIP_MISCONFIGURED, SHIP_WRONG_URL, 0},
	{413, "", SHIP_SMALLER, SHIP_TOO_LARGE, 0},
	{429, "push rate limit (4 MiB) exceeded while adding 2 MiB", SHIP_LATER, SHIP_RATE_LIMIT,
	 0},
	{429, "limit of 1 GB/month reached, next reset at 2027-01-15T09:00:00Z", SHIP_LATER,
	 SHIP_QUOTA, 3600},
	{429, "limit of 1 GB/month reached, next reset at 2027-01-15T09:00:00Z.", SHIP_LATER,
	 SHIP_QUOTA, 3600},
	{429, "limit reached, next reset at 2027-02-15T09:00:00Z", SHIP_LATER, SHIP_QUOTA, 86400},
	{429, "limit reached, next reset at some time", SHIP_LATER, SHIP_QUOTA, 0},
	{429, "limit reached, next reset at 2020-01-01T00:00:00Z", SHIP_LATER, SHIP_QUOTA, 0},
	{429, "limit reached, next reset at ", SHIP_LATER, SHIP_QUOTA, 0},
	{408, "", SHIP_LATER, SHIP_TIMEOUT, 0},
	{499, "", SHIP_LATER, SHIP_SERVER, 0},
	{500, "runtime error", SHIP_LATER, SHIP_SERVER, 0},
	{502, "", SHIP_LATER, SHIP_SERVER, 0},
	{503, "", SHIP_LATER, SHIP_SERVER, 0},
	{504, "", SHIP_LATER, SHIP_TIMEOUT, 0},
};

static void test_statuses(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_answer answer = {.status = cases[i].status};
		struct ship_verdict v;

		buf_init(&answer.body, 4096);
		buf_addstr(&answer.body, cases[i].body);
		ship_judge(&answer, NOW, &v);
		ok(v.action == cases[i].action && v.reason == cases[i].reason, "%d %.40s: %s",
		   cases[i].status, cases[i].body, ship_reason_name(v.reason));
		ok(cases[i].wait_s
			   ? v.not_before_ns == NOW + cases[i].wait_s * (int64_t)NSEC_PER_SEC
			   : !v.not_before_ns,
		   "…and when it may be tried again");
		buf_release(&answer.body);
	}
}

static void test_failures(void)
{
	struct http_answer answer = {.failure = HTTP_FAIL_CONNECT};
	struct ship_verdict v;

	ship_judge(&answer, NOW, &v);
	ok(v.action == SHIP_LATER && v.reason == SHIP_CONNECT, "nobody answers: later");
	answer.failure = HTTP_FAIL_TLS;
	ship_judge(&answer, NOW, &v);
	ok(v.action == SHIP_MISCONFIGURED && v.reason == SHIP_TLS,
	   "a bad certificate: somebody must look");
	answer = (struct http_answer){.status = 503, .retry_after_ns = 30 * NSEC_PER_SEC};
	ship_judge(&answer, NOW, &v);
	ok(v.not_before_ns == NOW + 30 * (int64_t)NSEC_PER_SEC, "Retry-After is heeded");
	answer.retry_after_ns = UINT64_MAX;
	ship_judge(&answer, NOW, &v);
	ok(v.not_before_ns == NOW + 86400 * (int64_t)NSEC_PER_SEC, "for a day at most");
	for (int r = 0; r < SHIP_REASON_CNT; r++)
		if (!ship_reason_name((enum ship_reason)r))
			ok(false, "reason %d has no name", r);
	ok(!ship_reason_name(SHIP_REASON_CNT), "there are no more reasons");
}

static void test_backoff(void)
{
	struct backoff b = {.min_ns = 500, .max_ns = 300000, .seed = 7}, other = b;
	uint64_t want = 500;
	bool fits = true, differs = false;

	other.seed = 8;
	for (int i = 0; i < 80; i++) {
		uint64_t wait = backoff_next(&b);

		fits &= wait <= want && wait >= want / 2;
		differs |= wait != backoff_next(&other);
		want = want * 2 < b.max_ns ? want * 2 : b.max_ns;
	}
	ok(fits, "waits double up to the ceiling, half of them left to chance");
	ok(differs, "two agents do not come in step");
	backoff_reset(&b);
	ok(backoff_next(&b) <= 500, "after a success it begins again");
}

static bool parses(const char *text)
{
	struct target t;
	struct err err = {{0}};
	int r = target_parse(text, &t, &err);

	target_release(&t);
	if (r && !*err.text)
		return true; /* an error without words is none */
	return !r;
}

static bool labels(const char *text)
{
	struct push_label label;

	return !shipper_parse_label(text, &label, NULL);
}

static bool opens(const char *tenant, const char *header)
{
	const struct http_opts opts = {.url = "http://h:1",
				       .tenant = tenant,
				       .headers = &header,
				       .header_cnt = header ? 1 : 0};
	struct http *h = NULL;
	int r = http_new(&opts, &h, NULL);

	http_free(h);
	return !r;
}

/* What a server would refuse whatever was in the request. */
static void test_own_words(void)
{
	char name[152];

	memset(name, 'a', sizeof(name));
	name[151] = '\0';
	ok(!opens(name, NULL) && opens(name + 1, NULL), "a tenant of 150 letters, and one more");
	ok(opens("a-b_c.d*e'f(g)!1|x", NULL), "signs of a tenant");
	ok(!opens("", NULL) && !opens("a/b", NULL) && !opens("a b", NULL) && !opens("ä", NULL) &&
		   !opens("..", NULL) && !opens("a\nb", NULL),
	   "others");
	ok(opens(NULL, "X-Team: a") && opens(NULL, "Host: h") && opens(NULL, "X-Accept: a"),
	   "headers of one's own");
	ok(!opens(NULL, "Accept: ;;") && !opens(NULL, "content-type: text/plain") &&
		   !opens(NULL, "Content-Length: 3") && !opens(NULL, "Transfer-Encoding: x"),
	   "those that each request has");
	ok(labels("cluster=a") && labels("_x=a") && labels("__delta__=false"), "labels");
	ok(!labels("__name__=wall") && !labels("__profile_type__=x") && !labels("__session_id__=1"),
	   "labels that are a backend's own");
}

static void test_target(void)
{
	struct target t;
	struct err err = {{0}};

	must(target_parse("https://h:1/x%2Fy,tenant=a%2Cb%25,header=X-A: b=c,timeout=5s,"
			  "cert-file=/c,key-file=/k,token-file=/t,ca-file=/ca",
			  &t, &err),
	     err.text);
	is_str(t.http.url, "https://h:1/x%2Fy", "a URL keeps its own escapes");
	is_str(t.http.tenant, "a,b%", "a comma and a per cent sign in a value");
	ok(t.http.header_cnt == 1 && !strcmp(t.http.headers[0], "X-A: b=c"), "a header");
	ok(t.http.timeout_ns == 5 * NSEC_PER_SEC, "a time");
	ok(!strcmp(t.http.cert_file, "/c") && !strcmp(t.http.key_file, "/k") &&
		   !strcmp(t.http.token_file, "/t") && !strcmp(t.http.ca_file, "/ca"),
	   "files");
	target_release(&t);
	ok(!parses("") && !parses(",a=b"), "a URL comes first");
	ok(!parses("http://h,nothing") && !parses("http://h,nothing=1"), "unknown settings");
	ok(!parses("http://h,timeout=0s") && !parses("http://h,timeout=x"), "a time that is none");
	ok(!parses("http://h,token-file=/t,user=u"), "two ways to log in");
	ok(!parses("http://h,password-file=/p") && !parses("http://h,cert-file=/c"), "half a pair");
	ok(parses("http://h,user=u,password-file=/p"), "basic authentication");
}

int main(void)
{
	test_statuses();
	test_failures();
	test_backoff();
	test_target();
	test_own_words();
	return tap_done();
}
