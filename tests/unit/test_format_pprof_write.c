// SPDX-License-Identifier: Apache-2.0
/*
 * Writing pprof. With a directory as argument nothing is tested: sample files are written there,
 * and beside each a list of what must be in it, for tests/interop/pprof.t.
 */
#include "format/pprof.h"

#include "base/fs.h"
#include "base/text.h"
#include "format/folded.h"
#include "format/pprof_scan.h"
#include "model/builder.h"
#include "unit/tap.h"

static struct pprof_report rep;
static struct err err;

static const char *folded(const struct profile *p)
{
	static const struct folded_style style = {.annotate = true};
	static struct buf out;

	buf_release(&out);
	buf_init(&out, 1 << 22);
	if (!p || folded_write(p, &style, &out))
		return NULL;
	buf_add(&out, "", 0);
	return out.data;
}

/* ---- writing ---- */

static uint64_t rnd;

static uint32_t next(uint32_t below)
{
	rnd = rnd * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rnd >> 33) % below;
}

static struct profile *random_profile(uint64_t seed, enum profile_unit unit, int samples)
{
	static const char *const names[] = {
		"main", "", "work", "f\xff", "std::map<int, char*>", "do_syscall_64", "ü"};
	static const char *const modules[] = {"nginx", "libc.so.6", "[kernel]", "", "[vdso]"};
	static const char *const processes[] = {"nginx", "python3 server.py", "[kworker]",
						"a\x80z"};
	struct builder *b = builder_new(&builder_limits_window, unit);
	struct profile *p = NULL;
	int r = 0;

	rnd = seed;
	for (int i = 0; i < samples; i++) {
		uint32_t series = 0, node = 0, frame = 0, m;
		uint64_t cnt = 1 + next(100);
		struct str labels[][2] = {
			{STR_LIT("process"), str_of(processes[next(4)])},
			{STR_LIT("cgroup"), next(2) ? STR_LIT("/sys/a") : STR_LIT("")},
			{STR_LIT("pid"), next(2) ? STR_LIT("0") : STR_LIT("")}};

		r |= builder_series(b, (const struct str(*)[2])labels, 3, &series);
		for (uint32_t k = next(8); k; k--) {
			m = next(5);
			r |= builder_frame(b, str_of(names[next(7)]), str_of(modules[m]),
					   m == 2 ? FRAME_KERNEL : FRAME_USER, &frame);
			r |= builder_stack(b, node, frame, &node);
		}
		r |= builder_sample(b, series, node, unit == PROFILE_SAMPLES ? cnt : cnt * 10309278,
				    cnt);
	}
	builder_window(b, 1700000000250000000, 10000000000, 4, 97);
	builder_lost(b, LOSS_RING_FULL, 7);
	builder_lost(b, LOSS_NO_SYMBOL, 3);
	r |= builder_seal(b, &p);
	builder_free(b);
	return r ? NULL : p;
}

static void round_trips(void)
{
	int same = 0, facts = 0, rounds = 40;
	struct profile *p, *q;
	struct buf one, two;

	buf_init(&one, 1 << 24);
	buf_init(&two, 1 << 24);
	for (int i = 0; i < rounds; i++) {
		enum profile_unit unit = i % 2 ? PROFILE_SAMPLES : PROFILE_NANOSECONDS;
		struct pprof_write_opts opts = {.plain = i % 3 == 0};

		p = random_profile((uint64_t)i, unit, 200);
		q = NULL;
		buf_clear(&one);
		buf_clear(&two);
		if (!pprof_write(p, &opts, &one) &&
		    !pprof_read(buf_str(&one), NULL, &q, &rep, &err) &&
		    !pprof_write(q, &opts, &two))
			same += str_eq(buf_str(&one), buf_str(&two));
		else
			printf("# %s\n", err.text);
		facts += q && q->total == p->total && q->total_cnt == p->total_cnt &&
			 q->unit == unit && q->start_ns == p->start_ns &&
			 q->length_ns == p->length_ns && q->cpus == 4 &&
			 q->capacity_ns == p->capacity_ns && q->hz == 97 && q->window_cnt == 1 &&
			 !memcmp(q->lost, p->lost, sizeof(p->lost));
		profile_free(p);
		profile_free(q);
	}
	is_u64(same, rounds, "write, read, write gives the same bytes");
	is_u64(facts, rounds, "totals, counts, time, CPUs, rate and losses come back");

	p = random_profile(1, PROFILE_NANOSECONDS, 300);
	q = NULL;
	buf_clear(&one);
	ok(!pprof_write(p, NULL, &one) && gzip_is(buf_str(&one)), "gzip is the default");
	ok(!pprof_read(buf_str(&one), NULL, &q, &rep, &err) && rep.zero_samples == 0,
	   "no zero samples");
	is_str(rep.type, "cpu/nanoseconds", "cpu is the default type");
	profile_free(q);
	profile_free(p);
	buf_release(&one);
	buf_release(&two);
}

static void pushes(void)
{
	struct pprof_write_opts opts = {
		.for_push = true, .plain = true, .main_binary = STR_LIT("mainbin")};
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	uint32_t series = 0;
	struct profile *p = NULL, *q = NULL;
	struct buf out;
	int r;

	r = builder_process(b, STR_LIT("secretproc"), &series);
	r |= builder_sample(b, series, 0, 1000, 1);
	r |= builder_seal(b, &p);
	buf_init(&out, 1 << 20);
	r |= pprof_write(p, &opts, &out);
	ok(!r && !memmem(out.data, out.len, "secretproc", 10),
	   "a pushed profile has no string labels");
	ok(!r && !memmem(out.data, out.len, "count", 5), "…and one type");
	ok(!r && memmem(out.data, out.len, "[unknown]", 9), "…and no stack without a function");
	ok(!pprof_scan(buf_str(&out), &err), "…and a sound shape");
	r = pprof_read(buf_str(&out), NULL, &q, &rep, &err);
	is_str(folded(q), "mainbin 1000\n", "…the main binary first");
	profile_free(p);
	profile_free(q);
	builder_free(b);
	buf_release(&out);
}

/* Truncations and flipped bits, fixed seeds: an answer or an error in words, never a crash. */
/* Of a text above 64 KiB a backend keeps the end, and names of templates are alike there. */
static void long_name(bool for_push, size_t want)
{
	struct pprof_write_opts opts = {.for_push = for_push, .plain = true};
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	uint32_t series = 0, frame = 0, node = 0;
	struct profile *p = NULL, *q = NULL;
	struct str name = {NULL, 0};
	struct buf text, out;
	int r;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 35000; i++)
		buf_addstr(&text, "é");
	r = builder_process(b, STR_LIT("p"), &series);
	r |= builder_frame(b, buf_str(&text), STR_LIT("m"), FRAME_USER, &frame);
	r |= builder_stack(b, 0, frame, &node);
	r |= builder_sample(b, series, node, 1000, 1);
	r |= builder_seal(b, &p);
	buf_init(&out, 1 << 20);
	r |= pprof_write(p, &opts, &out);
	r |= pprof_read(buf_str(&out), NULL, &q, NULL, &err);
	for (uint32_t i = 0; !r && i < q->frame_cnt; i++)
		if (profile_str(q, q->frames[i].name).len > name.len)
			name = profile_str(q, q->frames[i].name);
	ok(!r && name.len == want && utf8_valid(name) && !memcmp(name.p, text.data, want),
	   "a name of 70000 bytes is written with %zu", name.len);
	profile_free(p);
	profile_free(q);
	builder_free(b);
	buf_release(&text);
	buf_release(&out);
}

static void hostile(void)
{
	struct profile *p = random_profile(3, PROFILE_NANOSECONDS, 100), *q;
	struct pprof_write_opts opts = {0};
	int silent = 0, read = 0;
	struct buf file, copy;

	buf_init(&file, 1 << 22);
	buf_init(&copy, 1 << 22);
	for (int plain = 0; plain < 2; plain++) {
		opts.plain = plain;
		buf_clear(&file);
		if (pprof_write(p, &opts, &file))
			silent++;
		for (size_t len = 0; len < file.len; len += 1 + len / 50) {
			q = NULL;
			err.text[0] = '\0';
			if (!pprof_read((struct str){file.data, len}, NULL, &q, NULL, &err))
				read++;
			else
				silent += !err.text[0];
			profile_free(q);
		}
		for (int i = 0; i < 2000; i++) {
			buf_clear(&copy);
			buf_add(&copy, file.data, file.len);
			for (uint32_t k = 1 + next(4); k; k--)
				copy.data[next((uint32_t)copy.len)] ^= (char)(1 << next(8));
			q = NULL;
			err.text[0] = '\0';
			if (!pprof_read(buf_str(&copy), NULL, &q, NULL, &err))
				read++;
			else
				silent += !err.text[0];
			profile_free(q);
		}
	}
	is_u64(silent, 0, "damaged files give an error in words (%d were readable)", read);
	profile_free(p);
	buf_release(&file);
	buf_release(&copy);
}

/* ---- files for other programs ---- */

static int put_file(const char *dir, const char *name, struct str data)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (fs_write(path, data, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	return 0;
}

/* `name` as .pb.gz and as .tot: types, total of each, number of samples. */
static int put_sample(const char *dir, const char *name, const struct profile *p,
		      const struct pprof_write_opts *opts)
{
	struct buf out, tot;
	char file[64];
	int r;

	buf_init(&out, 1 << 26);
	buf_init(&tot, 4096);
	r = pprof_write(p, opts, &out);
	snprintf(file, sizeof(file), "%s.pb.gz", name);
	r = r ? r : put_file(dir, file, buf_str(&out));
	buf_addf(&tot, "samples %zu\nweight %" PRIu64 "\ncount %" PRIu64 "\nunit %d\n",
		 p->sample_cnt, p->total, p->total_cnt, (int)p->unit);
	snprintf(file, sizeof(file), "%s.tot", name);
	r = r ? r : put_file(dir, file, buf_str(&tot));
	buf_release(&out);
	buf_release(&tot);
	return r;
}

static int put_files(const char *dir)
{
	struct pprof_write_opts push = {.for_push = true, .main_binary = STR_LIT("nginx")};
	struct profile *time = random_profile(11, PROFILE_NANOSECONDS, 500);
	struct profile *samples = random_profile(12, PROFILE_SAMPLES, 500);
	struct profile *empty = random_profile(13, PROFILE_NANOSECONDS, 0);
	int r;

	r = put_sample(dir, "time", time, NULL) || put_sample(dir, "samples", samples, NULL) ||
	    put_sample(dir, "push", time, &push) || put_sample(dir, "empty", empty, NULL);
	profile_free(time);
	profile_free(samples);
	profile_free(empty);
	return r;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return put_files(argv[1]);
	round_trips();
	pushes();
	long_name(true, 65534);
	long_name(false, 70000);
	hostile();
	return tap_done();
}
