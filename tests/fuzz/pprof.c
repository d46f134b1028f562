// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/*
 * A profile that was read and written is the same each time that it is read and written again. Not
 * the first time: what is no UTF-8 is replaced then, which may change the order of labels.
 */
#include "base/text.h"
#include "format/pprof.h"
#include "format/sniff.h"
#include "fuzz/fuzz.h"

static struct profile *read_bytes(struct str bytes)
{
	static const struct pprof_read_opts opts = {
		.gzip = {.max_bytes = 1 << 22},
		.max_memory = 1 << 26,
	};
	struct pprof_report report = {0};
	struct err err = {0};
	struct profile *p;

	if (pprof_read(bytes, &opts, &p, &report, &err)) {
		must(err.text[0]);
		return NULL;
	}
	must(memchr(report.type, 0, sizeof(report.type)));
	return p;
}

/* Reads what was written and writes it again. */
static void write_again(struct str bytes, uint64_t total, struct buf *out)
{
	static const struct pprof_write_opts plain = {.plain = true};
	struct profile *p = read_bytes(bytes);

	must(p && p->total == total);
	must(!pprof_write(p, &plain, out) && sniff(buf_str(out)) == SNIFF_PPROF);
	profile_free(p);
}

static void check_again(const struct profile *p)
{
	static const struct pprof_write_opts plain = {.plain = true};
	struct buf first, second, third;

	buf_init(&first, 1 << 24);
	buf_init(&second, 1 << 24);
	buf_init(&third, 1 << 24);
	must(!pprof_write(p, &plain, &first));
	write_again(buf_str(&first), p->total, &second);
	write_again(buf_str(&second), p->total, &third);
	must(str_eq(buf_str(&second), buf_str(&third)));
	buf_release(&first);
	buf_release(&second);
	buf_release(&third);
}

/* Either side of a difference, and a type by name. */
static void check_others(struct str bytes)
{
	struct pprof_read_opts opts = {.gzip = {.max_bytes = 1 << 22}, .max_memory = 1 << 26};
	struct pprof_report report;
	struct profile *p;
	struct err err;

	for (opts.column = 0; opts.column <= 2; opts.column++) {
		opts.type = opts.column ? STR_LIT("") : STR_LIT("cpu");
		if (pprof_read(bytes, &opts, &p, &report, &err))
			continue;
		must(report.zero_samples <= report.samples);
		profile_free(p);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	struct profile *p = read_bytes(bytes);

	if (p && p->sample_cnt)
		check_again(p);
	profile_free(p);
	check_others(bytes);
	return 0;
}
