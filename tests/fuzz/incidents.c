// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/* What an agent answers to a question for its log of incidents. */
#include <stdlib.h>

#include "format/incidents.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct incident_time *times = NULL;
	struct err err = {0};
	size_t cnt = 0;

	if (incidents_read((struct str){(const char *)data, size}, &times, &cnt, &err)) {
		must(err.text[0]);
		return 0;
	}
	must(cnt <= size);
	for (size_t i = 0; i < cnt; i++)
		must(times[i].range.from_ns < times[i].range.until_ns);
	free(times);
	return 0;
}
