// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/* What is posted to /api/v1/alerts. */
#include "base/text.h"
#include "format/alerts.h"
#include "fuzz/fuzz.h"

static void check_text(struct str s)
{
	must(s.p && utf8_valid(s) && !memchr(s.p, '\0', s.len));
}

static void check_labels(const struct alert_label *labels, size_t cnt)
{
	must(cnt <= ALERTS_MAX_LABELS);
	for (size_t i = 0; i < cnt; i++) {
		check_text(labels[i].name);
		check_text(labels[i].value);
		must(!i || str_cmp(labels[i - 1].name, labels[i].name) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum alerts_problem problem = ALERTS_FINE;
	struct alerts_message m;
	struct err err = {0};

	if (alerts_read((struct str){(const char *)data, size}, &m, &problem, &err)) {
		must(err.text[0] && problem > ALERTS_FINE && problem < ALERTS_PROBLEM_CNT);
		must(alerts_problem_name(problem));
		return 0;
	}
	must(m.cnt <= ALERTS_MAX && m.cnt <= size);
	check_labels(m.group, m.group_cnt);
	for (size_t i = 0; i < m.cnt; i++) {
		const struct alert *a = &m.alerts[i];

		check_text(a->name);
		check_text(a->fingerprint);
		check_labels(a->labels, a->label_cnt);
		must(a->name.len && a->fingerprint.len && a->fingerprint.len <= 64);
		must(a->starts_ns > 0 && a->starts_ns < INT64_MAX && a->ends_ns > 0);
		must(!a->firing || a->ends_ns == INT64_MAX);
		must(!a->url.len || !memcmp(a->url.p, "http", 4));
		must(a->has_for || !a->for_ns);
	}
	alerts_release(&m);
	return 0;
}
