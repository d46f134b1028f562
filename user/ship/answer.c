// SPDX-License-Identifier: Apache-2.0
#include "ship/answer.h"

#include <string.h>

#include "base/text.h"
#include "base/times.h"

#define MAX_WAIT_NS (24 * 3600 * NSEC_PER_SEC) /* of what a server may ask for */

static const char *const names[SHIP_REASON_CNT] = {
	[SHIP_OK] = "ok",
	[SHIP_INVALID] = "invalid",
	[SHIP_TOO_OLD] = "too_old",
	[SHIP_UNAUTHORIZED] = "unauthorized",
	[SHIP_WRONG_URL] = "wrong_url",
	[SHIP_TOO_LARGE] = "too_large",
	[SHIP_RATE_LIMIT] = "rate_limit",
	[SHIP_QUOTA] = "quota",
	[SHIP_SERVER] = "server",
	[SHIP_TIMEOUT] = "timeout",
	[SHIP_CONNECT] = "connect",
	[SHIP_TLS] = "tls",
	[SHIP_BROKEN] = "broken",
	[SHIP_LOCAL] = "local",
};

const char *ship_reason_name(enum ship_reason reason)
{
	return (unsigned int)reason < SHIP_REASON_CNT ? names[reason] : NULL;
}

static bool says(struct str body, const char *words)
{
	return body.len && memmem(body.p, body.len, words, strlen(words));
}

/* The time behind "next reset at", 0 when there is none to be read. */
static int64_t reset_time(struct str body, int64_t now_ns)
{
	static const char mark[] = "next reset at ";
	const char *at = body.len ? memmem(body.p, body.len, mark, sizeof(mark) - 1) : NULL;
	struct str time;
	int64_t ns;

	if (!at)
		return 0;
	time.p = at + sizeof(mark) - 1;
	time.len = 0;
	while (time.p + time.len < body.p + body.len &&
	       strchr("0123456789-+:.TZ", time.p[time.len]) && time.p[time.len])
		time.len++;
	while (time.len && time.p[time.len - 1] == '.') /* the end of a sentence */
		time.len--;
	return time_parse(time, now_ns, &ns, NULL) || ns < now_ns ? 0 : ns;
}

static void judge_failure(const struct http_answer *answer, struct ship_verdict *v)
{
	static const enum ship_reason reasons[] = {
		[HTTP_FAIL_NONE] = SHIP_BROKEN,	    [HTTP_FAIL_CONNECT] = SHIP_CONNECT,
		[HTTP_FAIL_TIMEOUT] = SHIP_TIMEOUT, [HTTP_FAIL_TLS] = SHIP_TLS,
		[HTTP_FAIL_BROKEN] = SHIP_BROKEN,   [HTTP_FAIL_LOCAL] = SHIP_LOCAL,
	};

	v->action = answer->failure == HTTP_FAIL_TLS || answer->failure == HTTP_FAIL_LOCAL
			    ? SHIP_MISCONFIGURED
			    : SHIP_LATER;
	v->reason = reasons[answer->failure];
}

static void judge_429(struct str body, int64_t now_ns, struct ship_verdict *v)
{
	int64_t reset_ns = reset_time(body, now_ns);

	v->action = SHIP_LATER;
	v->reason = says(body, "next reset at") ? SHIP_QUOTA : SHIP_RATE_LIMIT;
	if (reset_ns > v->not_before_ns)
		v->not_before_ns = reset_ns;
}

/* A page for people: a proxy, a portal or a login said that, and no backend saw the push. */
static bool is_page(struct str body)
{
	return str_trim(body).len && *str_trim(body).p == '<';
}

static void judge_status(int status, struct str body, int64_t now_ns, struct ship_verdict *v)
{
	bool is_for_pushes = !is_page(body);

	if (status >= 200 && status < 300 && is_for_pushes) {
		*v = (struct ship_verdict){.action = SHIP_DONE, .reason = SHIP_OK};
	} else if ((status == 400 || status == 422) && is_for_pushes) {
		v->action = SHIP_DROP;
		v->reason = says(body, "out of bounds") || says(body, "too old") ||
					    says(body, "too new") || says(body, "ingestion window")
				    ? SHIP_TOO_OLD
				    : SHIP_INVALID;
	} else if (status == 401 || status == 403 || status == 407) {
		v->action = SHIP_MISCONFIGURED;
		v->reason = SHIP_UNAUTHORIZED;
	} else if (status == 413) {
		v->action = SHIP_SMALLER;
		v->reason = SHIP_TOO_LARGE;
	} else if (status == 429) {
		judge_429(body, now_ns, v);
	} else if (status == 408 || status == 409 || status == 499 || status >= 500) {
		v->action = SHIP_LATER;
		v->reason = status == 408 || status == 504 ? SHIP_TIMEOUT : SHIP_SERVER;
	} else { /* 404, 405, 415, a redirect, a page: nobody there who knows a push */
		v->action = SHIP_MISCONFIGURED;
		v->reason = says(body, "SSL certificate") ? SHIP_TLS : SHIP_WRONG_URL;
	}
}

void ship_judge(const struct http_answer *answer, int64_t now_ns, struct ship_verdict *ret)
{
	struct ship_verdict v = {.action = SHIP_LATER, .reason = SHIP_SERVER};

	if (answer->retry_after_ns)
		v.not_before_ns = now_ns + (int64_t)(answer->retry_after_ns > MAX_WAIT_NS
							     ? MAX_WAIT_NS
							     : answer->retry_after_ns);
	if (!answer->status)
		judge_failure(answer, &v);
	else
		judge_status(answer->status, buf_str(&answer->body), now_ns, &v);
	if (v.not_before_ns > now_ns + (int64_t)MAX_WAIT_NS)
		v.not_before_ns = now_ns + (int64_t)MAX_WAIT_NS;
	*ret = v;
}

void ship_quote(const struct http_answer *answer, char *out, size_t size)
{
	struct buf clean;
	size_t len;

	buf_init(&clean, (size_t)4 << 20);
	text_add_clean(&clean, str_trim(buf_str(&answer->body)));
	len = clean.len < size ? clean.len : size - 1;
	while (len && len < clean.len && ((unsigned char)clean.data[len] & 0xc0) == 0x80)
		len--; /* not within a character */
	if (len)
		memcpy(out, clean.data, len);
	out[len] = '\0';
	buf_release(&clean);
}
