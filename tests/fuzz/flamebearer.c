// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* Flamebearer JSON, as a single one and as either side of a double one. */
#include "format/flamebearer.h"
#include "fuzz/fuzz.h"
#include "model/builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int column = 0; column <= 2; column++) {
		struct flamebearer_opts opts = {.column = column};
		struct flamebearer_report report;
		struct profile *p;
		struct err err = {0};

		if (flamebearer_read((struct str){(const char *)data, size}, &opts, &p, &report,
				     &err)) {
			must(err.text[0]);
			continue;
		}
		must(p->sample_cnt <= report.bars && p->node_cnt <= report.bars + 1);
		must(p->series_cnt == 1 && (p->total || !p->sample_cnt));
		profile_free(p);
	}
	return 0;
}
