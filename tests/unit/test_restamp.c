// SPDX-License-Identifier: Apache-2.0
#include "model/restamp.h"

#include "base/text.h"
#include "model/builder.h"
#include "unit/tap.h"

static struct profile *sample_profile(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct profile *p;
	uint32_t series, frame, node;

	if (!b || builder_process(b, STR_LIT("app"), &series) ||
	    builder_frame(b, STR_LIT("main"), STR_LIT("app"), FRAME_USER, &frame) ||
	    builder_stack(b, 0, frame, &node) || builder_sample(b, series, node, 97, 97) ||
	    builder_process(b, STR_LIT("cron"), &series) || builder_sample(b, series, node, 3, 0))
		exit(99);
	builder_lost(b, LOSS_IMPORT, 5);
	if (builder_seal(b, &p))
		exit(99);
	builder_free(b);
	return p;
}

int main(void)
{
	const struct str labels[][2] = {{STR_LIT("node"), STR_LIT("n1")},
					{STR_LIT("process"), STR_LIT("other")}};
	struct restamp how = {.start_ns = 5,
			      .length_ns = 10 * NSEC_PER_SEC,
			      .cpus = 2,
			      .labels = labels,
			      .label_cnt = 1};
	struct profile *p = sample_profile(), *q;

	ok(!profile_restamp(p, &how, &q), "labels and time, no rate");
	is_u64(q->unit, PROFILE_SAMPLES, "the unit stays");
	is_u64(q->total, 100, "so does the total");
	is_i64(q->start_ns, 5, "start");
	is_u64(q->capacity_ns, 20 * NSEC_PER_SEC, "capacity");
	is_u64(q->lost[LOSS_IMPORT], 5, "losses are kept");
	ok(str_eq(profile_label(q, 0, STR_LIT("node")), STR_LIT("n1")), "the label is there");
	ok(str_eq(profile_label(q, 0, STR_LIT("process")), STR_LIT("app")), "…beside the old one");
	profile_free(q);

	how.hz = 97;
	how.label_cnt = 2;
	ok(!profile_restamp(p, &how, &q), "with a rate");
	is_u64(q->unit, PROFILE_NANOSECONDS, "samples become CPU time");
	is_u64(q->total, 100 * (NSEC_PER_SEC / 97), "one period each");
	is_u64(q->total_cnt, 100, "and are counted");
	is_u64(q->series_cnt, 1, "a label that is given replaces what tells two series apart");
	profile_free(q);
	profile_free(p);
	return tap_done();
}
