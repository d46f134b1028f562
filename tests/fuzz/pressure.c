// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=512 */
/* What is understood means the same when it is written as the kernel writes it. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "proc/pressure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t ns = 1, again;
	struct buf b;
	int r = pressure_parse((struct str){(const char *)data, size}, &ns);

	must(r <= 0 && (!r || ns == 1));
	if (r)
		return 0;
	must(ns % 1000 == 0);
	buf_init(&b, 256);
	buf_addf(&b, "some avg10=0.00 avg60=0.00 avg300=0.00 total=%" PRIu64 "\nfull total=1\n",
		 ns / 1000);
	must(!pressure_parse(buf_str(&b), &again) && again == ns);
	buf_release(&b);
	return 0;
}
