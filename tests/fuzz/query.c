// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* What a backend answers to questions: names, types, series. */
#include "format/query.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	struct query_names names;
	struct query_series series;
	struct err err = {0};
	size_t points = 0;

	must(!query_read_names(bytes, &names, &err) || err.text[0]);
	must(names.cnt <= size);
	for (size_t i = 0; i < names.cnt; i++)
		must(names.items[i].p && names.items[i].len <= size);
	query_names_release(&names);

	err.text[0] = '\0';
	must(!query_read_types(bytes, &names, &err) || err.text[0]);
	must(names.cnt <= size);
	query_names_release(&names);

	err.text[0] = '\0';
	must(!query_read_series(bytes, (struct str){"process", 7}, &series, &err) || err.text[0]);
	for (size_t i = 0; i < series.cnt; i++) {
		must(series.curves[i].value.p);
		for (size_t k = 0; k < series.curves[i].point_cnt; k++, points++)
			must(series.curves[i].points[k].value <= INT64_MAX &&
			     series.curves[i].points[k].at_ms >= 0 &&
			     series.curves[i].points[k].at_ms <= QUERY_MAX_MS);
	}
	must(points <= size);
	query_series_release(&series);
	return 0;
}
