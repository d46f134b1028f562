// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* What a backend answers to a push: status, Retry-After in seconds, body; and a backend as --push names one. */
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "ship/answer.h"
#include "ship/target.h"

#define NOW   ((int64_t)1800000000 * (int64_t)NSEC_PER_SEC)
#define A_DAY ((int64_t)86400 * (int64_t)NSEC_PER_SEC)

static bool is_one_of(int status, const int *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (list[i] == status)
			return true;
	return false;
}

static void judge(struct str status, struct str after, struct str body)
{
	static const int for_good[] = {400, 422};
	struct http_answer answer = {.body = {.data = (char *)body.p, .len = body.len}};
	struct ship_verdict v, again;
	int64_t number;

	if (!num_parse_i64(status, &number) && number >= 100 && number < 1000)
		answer.status = (int)number;
	else
		answer.failure = (enum http_failure)(status.len % (HTTP_FAIL_LOCAL + 1));
	if (!num_parse_i64(after, &number) && number > 0)
		answer.retry_after_ns = (uint64_t)number; /* any: libcurl's number times a second */
	ship_judge(&answer, NOW, &v);
	must(ship_reason_name(v.reason));
	must((v.action == SHIP_DONE) == (v.reason == SHIP_OK));
	must(!v.not_before_ns || (v.not_before_ns >= NOW && v.not_before_ns <= NOW + A_DAY));
	/* a success is a 2xx; only what is refused for good may be dropped */
	must(v.action != SHIP_DONE || answer.status / 100 == 2);
	must(v.action != SHIP_DROP ||
	     is_one_of(answer.status, for_good, sizeof(for_good) / sizeof(*for_good)));
	must(v.action != SHIP_SMALLER || answer.status == 413);
	must(answer.status < 500 || v.action == SHIP_LATER);
	ship_judge(&answer, NOW, &again);
	must(v.action == again.action && v.reason == again.reason &&
	     v.not_before_ns == again.not_before_ns);
}

static void name(struct str text)
{
	char *copy = mem_strndup(text.p, text.len);
	struct target target;
	struct err err = {0};

	must(copy);
	if (target_parse(copy, &target, &err)) {
		must(err.text[0]);
	} else {
		must(target.http.url && *target.http.url);
		must(!target.http.token_file || !target.http.user);
		must(target.http.header_cnt <= TARGET_MAX_HEADERS);
		for (size_t i = 0; i < target.http.header_cnt; i++)
			fuzz_touch(target.http.headers[i], strlen(target.http.headers[i]) + 1);
	}
	target_release(&target);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct str status = fuzz_part(&rest), after = fuzz_part(&rest), body = fuzz_part(&rest);

	judge(status, after, body);
	name(rest);
	return 0;
}
