// SPDX-License-Identifier: Apache-2.0
/* The body of a push against one that a Pyroscope client of another make wrote. */
#include "base/text.h"
#include "format/push.h"
#include "unit/profiles.h"
#include "unit/tap.h"

/* __name__=process_cpu, service_name=demo, one sample "PPROF" with an ID, which is optional. */
static const char golden[] = "0a5e0a170a085f5f6e616d655f5f120b70726f636573735f6370750a140a0c7365727"
			     "66963655f6e616d65120464"
			     "656d6f122d0a055050524f46122437333466643539392d363836352d343139652d393"
			     "437352d3933323736326438"
			     "66343639";

#define ID_BYTES 38 /* tag, length and a UUID */

static unsigned char digit(char c)
{
	return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t unhex(const char *hex, unsigned char *out)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2)
		out[n++] = (unsigned char)(digit(hex[0]) << 4 | digit(hex[1]));
	return n;
}

int main(void)
{
	static const struct push_label labels[] = {
		{STR_LIT("__name__"), STR_LIT("process_cpu")},
		{STR_LIT("service_name"), STR_LIT("demo")},
	};
	const struct push_series one = {labels, ARRAY_SIZE(labels), STR_LIT("PPROF")};
	const struct push_series two[] = {one, {labels, 1, STR_LIT("OTHER")}};
	unsigned char want[256];
	size_t len = unhex(golden, want) - ID_BYTES;
	struct buf out;

	/* without the ID the two messages that hold it are as much shorter */
	want[1] = (unsigned char)(want[1] - ID_BYTES);
	want[2 + 0x19 + 0x16 + 1] = (unsigned char)(want[2 + 0x19 + 0x16 + 1] - ID_BYTES);
	buf_init(&out, 4096);
	ok(!push_encode(&one, 1, &out), "a push is encoded");
	ok(out.len == len && !memcmp(out.data, want, len),
	   "byte for byte as others do, but for the ID");
	buf_clear(&out);
	ok(!push_encode(two, 2, &out), "two series");
	ok(out.len > len && !memcmp(out.data, want, len), "one behind the other");
	buf_clear(&out);
	ok(!push_encode(&one, 0, &out) && !out.len, "none: an empty message");
	buf_release(&out);
	return tap_done();
}
