// SPDX-License-Identifier: Apache-2.0
#include "proc/pressure.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

#define TEXT                                                       \
	"some avg10=0.00 avg60=7.12 avg300=2.40 total=418365882\n" \
	"full avg10=14.60 avg60=5.81 avg300=1.92 total=108400610\n"

static void test_parse(void)
{
	static const struct {
		const char *text;
		int error;
		uint64_t ns;
	} cases[] = {
		{TEXT, 0, 418365882000},
		{"some total=1\n", 0, 1000},
		{"full total=2\nsome avg10=0.00 total=3", 0, 3000},
		{"some total=0", 0, 0},
		{"some total=18446744073709551 later=9\n", 0, 18446744073709551000U},
		{"some total=18446744073709552\n", -EBADMSG, 0},
		{"some total=99999999999999999999999\n", -EBADMSG, 0},
		{"some total=-1\n", -EBADMSG, 0},
		{"some total=\n", -EBADMSG, 0},
		{"some total=1.5\n", -EBADMSG, 0},
		{"some subtotal=1\n", -EBADMSG, 0},
		{"some\n", -EBADMSG, 0},
		{"full avg10=0.00 total=5\n", -EBADMSG, 0},
		{"something total=5\n", -EBADMSG, 0},
		{"", -EBADMSG, 0},
		{"\n\n\n", -EBADMSG, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 42;
		int r = pressure_parse(str_of(cases[i].text), &ns);

		ok(r == cases[i].error && ns == (r ? 42 : cases[i].ns), "text %zu: %d, %llu", i, r,
		   (unsigned long long)ns);
	}
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(tmpdir_at(name), "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		exit(99);
}

static void test_files(void)
{
	uint64_t ns[PRESSURE_CNT] = {1, 1, 1};
	struct pressure_files f;

	tmpdir_make();
	pressure_open(&f, tmpdir);
	is_u64(pressure_read(&f, ns), 0, "a kernel without");
	ok(f.error[PRESSURE_CPU] == -ENOENT && strstr(pressure_why_not(-ENOENT), "psi=1") &&
		   !*pressure_why_not(0),
	   "…says why");
	pressure_close(&f);
	if (mkdir(tmpdir_at("pressure"), 0700))
		exit(99);
	put("pressure/cpu", TEXT);
	put("pressure/memory", "no sense\n");
	pressure_open(&f, tmpdir);
	is_u64(pressure_read(&f, ns), 1 << PRESSURE_CPU, "one of three can be read");
	is_u64(ns[PRESSURE_CPU], 418365882000, "…in nanoseconds");
	ok(ns[PRESSURE_IO] == 1 && ns[PRESSURE_MEMORY] == 1, "…the others are left alone");
	is_i64(f.error[PRESSURE_IO], -ENOENT, "one is missing");
	is_i64(f.error[PRESSURE_MEMORY], -EBADMSG, "one makes no sense");
	put("pressure/cpu", "some total=7\n");
	is_u64(pressure_read(&f, ns), 1 << PRESSURE_CPU, "read anew");
	is_u64(ns[PRESSURE_CPU], 7000, "…it says what it says now");
	pressure_close(&f);
	is_u64(pressure_read(&f, ns), 0, "closed");
	ok(tmpdir_remove(), "cleaned up");
}

/* The kernel is the oracle: two readings of it agree with the clock. */
static void test_kernel(void)
{
	uint64_t before[PRESSURE_CNT], after[PRESSURE_CNT];
	struct pressure_files f;
	uint32_t known;

	pressure_open(&f, "/proc");
	known = pressure_read(&f, before);
	if (!known) {
		tap_skip(pressure_why_not(f.error[PRESSURE_CPU]));
		pressure_close(&f);
		return;
	}
	(void)usleep(200000);
	ok(pressure_read(&f, after) == known && after[PRESSURE_CPU] >= before[PRESSURE_CPU] &&
		   after[PRESSURE_IO] >= before[PRESSURE_IO],
	   "this kernel's totals grow");
	pressure_close(&f);
}

int main(void)
{
	test_parse();
	test_files();
	test_kernel();
	return tap_done();
}
