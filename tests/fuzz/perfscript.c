// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* Output of perf script: what is taken, is told of sample by sample, and adds up. */
#include "format/perfscript.h"
#include "format/sniff.h"
#include "fuzz/fuzz.h"
#include "model/builder.h"

struct sum {
	uint64_t cnt, weight;
	uint32_t max_series, max_node;
};

static void see(void *arg, const struct perfscript_sample *s)
{
	struct sum *sum = arg;

	sum->cnt++;
	if (__builtin_add_overflow(sum->weight, s->weight, &sum->weight))
		sum->weight = UINT64_MAX;
	sum->max_series = s->series > sum->max_series ? s->series : sum->max_series;
	sum->max_node = s->node > sum->max_node ? s->node : sum->max_node;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct sum sum = {0};
	struct perfscript_opts opts = {.max_rejected = 1, .sample = see, .arg = &sum};
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
	must(p->total == sum.weight && sum.cnt <= report.samples);
	must(sum.max_node < p->node_cnt && (!sum.cnt || sum.max_series < p->series_cnt));
	buf_init(&b, 1 << 20);
	perfscript_report_add(&b, &report);
	must(!buf_error(&b));
	buf_release(&b);
	profile_free(p);
	return 0;
}
