// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* Output of perf script: what is taken adds up, and moments belong to samples. */
#include "format/perfscript.h"
#include "format/sniff.h"
#include "fuzz/fuzz.h"
#include "model/builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	static const struct perfscript_opts opts = {.max_rejected = 1, .moments = true};
	struct perfscript_report report;
	struct profile *p;
	struct err err = {0};
	struct buf b;

	must(sniff_name(sniff(text)));
	if (perfscript_read(text, &opts, &p, &report, &err)) {
		must(err.text[0]);
		return 0;
	}
	must(report.samples + report.rejects.cnt <= report.lines);
	must(p->total_cnt <= report.samples && profile_timed_cnt(p) <= p->total_cnt);
	for (size_t i = 0; i < p->moment_cnt; i++)
		must(p->moments[i].sample < p->sample_cnt);
	buf_init(&b, 1 << 20);
	perfscript_report_add(&b, &report);
	must(!buf_error(&b));
	buf_release(&b);
	profile_free(p);
	return 0;
}
