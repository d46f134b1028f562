// SPDX-License-Identifier: Apache-2.0
/*
 * Reading pprof: messages put together by hand, right ones and wrong ones.
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

/* ---- putting messages together by hand ---- */

static void add_tag(struct buf *b, unsigned int field, unsigned int type)
{
	buf_addvarint(b, field << 3 | type);
}

static void add_int(struct buf *b, unsigned int field, int64_t v)
{
	add_tag(b, field, 0);
	buf_addvarint(b, (uint64_t)v);
}

static void add_bytes(struct buf *b, unsigned int field, struct str s)
{
	add_tag(b, field, 2);
	buf_addvarint(b, s.len);
	buf_add(b, s.p, s.len);
}

/* A message of integer fields: pairs of field and value, ended by 0. */
static void add_msg(struct buf *b, unsigned int field, ...)
{
	unsigned int f;
	struct buf in;
	va_list ap;

	buf_init(&in, 4096);
	va_start(ap, field);
	while ((f = va_arg(ap, unsigned int)))
		add_int(&in, f, va_arg(ap, int64_t));
	va_end(ap);
	add_bytes(b, field, buf_str(&in));
	buf_release(&in);
}

#define I(v) ((int64_t)(v))

static void add_strings(struct buf *b, const char *const *strings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_bytes(b, 6, str_of(strings[i]));
}

/* One location with one line of one function in one mapping; strings 1.. are given. */
static const char *const base_strings[] = {"",	    "cpu", "nanoseconds", "samples",
					   "count", "fn",  "/bin/app",	  "ms"};

static void base_tables(struct buf *b)
{
	struct buf loc;

	add_msg(b, 3, 1, I(1), 5, I(6), 0);
	buf_init(&loc, 256);
	add_int(&loc, 1, 1);
	add_int(&loc, 2, 1);
	add_msg(&loc, 4, 1, I(1), 0);
	add_bytes(b, 4, buf_str(&loc));
	buf_release(&loc);
	add_msg(b, 5, 1, I(1), 2, I(5), 0);
	add_strings(b, base_strings, ARRAY_SIZE(base_strings));
}

static struct profile *read_buf(struct buf *b)
{
	struct profile *p = NULL;

	err.text[0] = '\0';
	if (pprof_read(buf_str(b), NULL, &p, &rep, &err))
		p = NULL;
	buf_clear(b);
	return p;
}

static bool refused(struct buf *b, const char *why)
{
	struct profile *p = read_buf(b);

	profile_free(p);
	return !p && strstr(err.text, why);
}

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

/* The reference vector: main -> work, tid 42 as a number, thread_name worker-1 as a string. */
static const char reference[] =
	"0a040801100212160a0202011204b6c6b90e1a040807182a1a04080810091a1208011080808002188080"
	"c002280530063801220d080110011880a0800222020801220d080210011880c08002220208022a060801"
	"100318032a0608021004180432003203637075320b6e616e6f7365636f6e647332046d61696e3204776f"
	"726b320c2f7573722f62696e2f617070320864656164626565663203746964320b7468726561645f6e61"
	"6d653208776f726b65722d31488080a8b1e39fe7cb175080c8afa0255a04080110026092c2e8047001";

static void add_hex(struct buf *b, const char *hex)
{
	int high = -1;

	for (; *hex; hex++) {
		int d = *hex >= '0' && *hex <= '9'   ? *hex - '0'
			: *hex >= 'a' && *hex <= 'f' ? *hex - 'a' + 10
						     : -1;

		if (d < 0)
			continue;
		if (high < 0) {
			high = d;
			continue;
		}
		buf_addch(b, (char)(high << 4 | d));
		high = -1;
	}
}

static void the_reference(void)
{
	struct profile *p;
	struct buf b;

	buf_init(&b, 4096);
	add_hex(&b, reference);
	is_u64(b.len, 209, "the reference vector");
	p = read_buf(&b);
	is_str(folded(p), "worker-1;main;work 3\n", "…reads: root first, thread as the process");
	is_str(rep.type, "cpu/nanoseconds", "its type");
	is_u64(p ? p->unit : 0, PROFILE_NANOSECONDS, "CPU time");
	is_u64(p ? p->total : 0, 30303030, "its value");
	is_u64(p ? p->samples[0].cnt : 0, 3, "three samples, by the period");
	is_i64(p ? p->start_ns : 0, 1700000000000000000, "when");
	is_u64(p ? p->length_ns : 0, 10000000000, "how long");
	is_near(p ? p->hz : 0, 99, 1e-4, "rate");
	is_str(p ? profile_label(p, 0, STR_LIT("tid")).p : NULL, "42", "numeric tid");
	is_str(p ? profile_label(p, 0, STR_LIT("thread_name")).p : NULL, "worker-1",
	       "string label");
	is_str(p ? profile_str(p, p->frames[1].module).p : NULL, "app", "module is the base name");
	profile_free(p);
	buf_release(&b);
}

static void columns(void)
{
	struct profile *p;
	struct buf b;

	buf_init(&b, 4096);
	add_msg(&b, 1, 1, I(3), 2, I(4), 0);
	add_msg(&b, 1, 1, I(1), 2, I(7), 0);
	add_msg(&b, 2, 1, I(1), 2, I(2), 2, I(20), 0);
	base_tables(&b);
	p = read_buf(&b);
	is_u64(p ? p->total : 0, 20000000, "cpu/ms is taken and becomes nanoseconds");
	is_u64(p ? p->total_cnt : 0, 2, "samples/count are the counts");
	is_str(folded(p), "app;fn 2\n", "without labels the first mapping is the process");
	profile_free(p);

	add_msg(&b, 1, 1, I(3), 2, I(4), 0);
	add_msg(&b, 2, 1, I(1), 2, I(7), 0);
	base_tables(&b);
	add_msg(&b, 11, 1, I(1), 2, I(2), 0);
	add_int(&b, 12, 10000000);
	p = read_buf(&b);
	is_u64(p ? p->total : 0, 70000000, "counts and a period in nanoseconds make CPU time");
	is_u64(p ? p->total_cnt : 0, 7, "…and stay counts");
	is_near(p ? p->hz : 0, 100, 1e-9, "…and give the rate");
	profile_free(p);

	add_msg(&b, 1, 1, I(3), 2, I(4), 0);
	add_msg(&b, 2, 1, I(1), 2, I(7), 0);
	base_tables(&b);
	p = read_buf(&b);
	ok(p && p->unit == PROFILE_SAMPLES && p->total == 7, "counts alone stay samples");
	profile_free(p);
	buf_release(&b);
}

static void other_columns(void)
{
	struct profile *p;
	struct buf b;

	buf_init(&b, 4096);
	add_msg(&b, 1, 1, I(5), 2, I(4), 0);
	add_msg(&b, 1, 1, I(3), 2, I(6), 0);
	add_msg(&b, 2, 1, I(1), 2, I(7), 2, I(4096), 0);
	base_tables(&b);
	p = read_buf(&b);
	ok(p && p->unit == PROFILE_SAMPLES && p->total == 4096 && rep.other_unit,
	   "of unknown types the last: %s", rep.type);
	profile_free(p);

	add_msg(&b, 1, 1, I(5), 2, I(4), 0);
	add_msg(&b, 1, 1, I(3), 2, I(6), 0);
	add_msg(&b, 2, 1, I(1), 2, I(7), 2, I(4096), 0);
	add_int(&b, 14, 5);
	base_tables(&b);
	p = read_buf(&b);
	ok(p && p->total == 7 && !rep.other_unit, "unless there is a default type: %s", rep.type);
	profile_free(p);

	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 2, 1, I(1), 2, I(0), 0);
	add_msg(&b, 2, 1, I(1), 2, I(INT64_MAX), 0);
	add_msg(&b, 2, 1, I(1), 2, I(INT64_MAX), 0);
	add_msg(&b, 2, 1, I(1), 2, I(INT64_MAX), 0);
	base_tables(&b);
	p = read_buf(&b);
	ok(p && p->total == UINT64_MAX && rep.zero_samples == 1,
	   "huge values saturate, zero ones go");
	profile_free(p);
	buf_release(&b);
}

/* Inlined functions, locations without a line, kernel mappings, unknown mappings. */
static void locations(void)
{
	static const char *const strings[] = {
		"",	 "cpu",	  "nanoseconds",    "outer",
		"inner", "sysfn", "/lib/libc.so.6", "[kernel.kallsyms]",
		"comm",	 "x;y"};
	struct profile *p;
	struct buf b, loc;

	buf_init(&b, 4096);
	buf_init(&loc, 256);
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	{
		struct buf s;

		buf_init(&s, 256);
		add_bytes(&s, 1,
			  STR_LIT("\x0b\x0a\x0c\x0d")); /* locations 11, 10, 12, 13, packed */
		add_int(&s, 2, 5);
		add_msg(&s, 3, 1, I(8), 2, I(9), 0);
		add_bytes(&b, 2, buf_str(&s));
		buf_release(&s);
	}
	add_msg(&b, 3, 1, I(7), 5, I(6), 0);
	add_msg(&b, 3, 1, I(9), 5, I(7), 0);
	add_int(&loc, 1, 10); /* two lines: inner inlined into outer */
	add_int(&loc, 2, 7);
	add_msg(&loc, 4, 1, I(2), 0);
	add_msg(&loc, 4, 1, I(1), 0);
	add_bytes(&b, 4, buf_str(&loc));
	buf_clear(&loc);
	add_int(&loc, 1, 11);
	add_int(&loc, 2, 9);
	add_msg(&loc, 4, 1, I(3), 0);
	add_bytes(&b, 4, buf_str(&loc));
	add_msg(&b, 4, 1, I(12), 2, I(7), 3, I(0x1234), 0); /* no line */
	add_msg(&b, 4, 1, I(13), 2, I(99), 0);		    /* no line, no such mapping */
	add_msg(&b, 5, 1, I(1), 2, I(3), 0);
	add_msg(&b, 5, 1, I(2), 3, I(4), 0); /* only a system name */
	add_msg(&b, 5, 1, I(3), 2, I(5), 0);
	add_strings(&b, strings, ARRAY_SIZE(strings));
	p = read_buf(&b);
	is_str(folded(p), "x:y;[unknown];[libc.so.6];outer;inner_[i];sysfn_[k] 5\n",
	       "inlined, without lines, in the kernel, of no mapping; the process by comm");
	is_u64(rep.unknown_mappings, 1, "a mapping that is not there is counted");
	profile_free(p);
	buf_release(&loc);
	buf_release(&b);
}

static void defects(void)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	ok(refused(&b, "empty"), "empty: %s", err.text);
	buf_addstr(&b, "a;b 5\n");
	ok(refused(&b, "byte "), "folded text: %s", err.text);
	add_hex(&b, reference);
	b.len -= 20;
	ok(refused(&b, "byte "), "cut off: %s", err.text);
	add_hex(&b, reference);
	add_hex(&b, reference);
	ok(refused(&b, "2 profiles"), "two in one: %s", err.text);

#define DEFECT(what, why) \
	base_tables(&b);  \
	ok(refused(&b, why), "%s: %s", what, err.text)

	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 2, 1, I(1), 2, I(-20), 0);
	DEFECT("negative", "sample 0 has the negative value -20");
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 2, 1, I(5), 2, I(20), 0);
	DEFECT("location that is not there", "sample 0: location 5");
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 2, 1, I(1), 2, I(20), 2, I(3), 0);
	DEFECT("two values for one type", "2 values");
	add_msg(&b, 2, 1, I(1), 2, I(20), 0);
	DEFECT("no type", "no sample type");
	add_msg(&b, 1, 1, I(1), 2, I(77), 0);
	DEFECT("string that is not there", "string number 77");
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 3, 1, I(1), 0);
	DEFECT("mapping twice", "two mappings have the id 1");
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 4, 1, I(0), 0);
	DEFECT("location 0", "has the id 0");
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 5, 1, I(1), 0);
	DEFECT("function twice", "two functions have the id 1");
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_bytes(&b, 4, STR_LIT("\x08\x07\x22\x02\x08\x63")); /* location 7: line of function 99 */
	DEFECT("function that is not there", "function 99 does not exist");
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 5, 1, I(9), 2, I(-1), 0);
	add_bytes(&b, 4, STR_LIT("\x08\x07\x22\x02\x08\x09"));
	DEFECT("negative string", "string number -1");
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_strings(&b, base_strings + 1, 1);
	DEFECT("first string not empty", "empty one");
	buf_release(&b);
}

/* alloc_objects/count, alloc_space/bytes, cpu/nanoseconds; the default is the second. */
static void add_types(struct buf *b, int64_t by_default)
{
	static const char *const more[] = {"alloc_objects", "alloc_space", "bytes"};

	add_msg(b, 1, 1, I(8), 2, I(4), 0);
	add_msg(b, 1, 1, I(9), 2, I(10), 0);
	add_msg(b, 1, 1, I(1), 2, I(2), 0);
	add_msg(b, 2, 1, I(1), 2, I(3), 2, I(4096), 2, I(70), 0);
	add_msg(b, 11, 1, I(1), 2, I(2), 0);
	add_int(b, 12, 1000);
	if (by_default)
		add_int(b, 14, by_default);
	base_tables(b);
	add_strings(b, more, ARRAY_SIZE(more));
}

static void type_is(const char *asked, int64_t by_default, enum profile_unit unit, uint64_t total,
		    const char *type)
{
	struct pprof_read_opts opts = {.type = str_of(asked)};
	struct profile *p = NULL;
	struct buf b;

	buf_init(&b, 4096);
	add_types(&b, by_default);
	ok(!pprof_read(buf_str(&b), &opts, &p, &rep, &err) && p->total == total &&
		   p->unit == unit && !strcmp(rep.type, type),
	   "asked for '%s': %s", asked, type);
	profile_free(p);
	buf_release(&b);
}

static void types(void)
{
	struct pprof_read_opts opts = {.type = STR_LIT("alloc_spac")};
	struct profile *p = NULL;
	struct buf b;

	type_is("", 9, PROFILE_SAMPLES, 4096, "alloc_space/bytes");
	type_is("", 0, PROFILE_NANOSECONDS, 70, "cpu/nanoseconds");
	type_is("cpu", 9, PROFILE_NANOSECONDS, 70, "cpu/nanoseconds");
	type_is("alloc_space/bytes", 0, PROFILE_SAMPLES, 4096, "alloc_space/bytes");
	type_is("alloc_objects", 0, PROFILE_SAMPLES, 3, "alloc_objects/count");
	buf_init(&b, 4096);
	add_types(&b, 0);
	ok(pprof_read(buf_str(&b), &opts, &p, &rep, &err) == -EINVAL &&
		   strstr(err.text, "no sample type 'alloc_spac' in it; there are: "
				    "alloc_objects/count, alloc_space/bytes, cpu/nanoseconds"),
	   "one that is not there: %s", err.text);
	opts.type = STR_LIT("alloc_space/count");
	ok(pprof_read(buf_str(&b), &opts, &p, &rep, &err) == -EINVAL, "nor with that unit");
	buf_release(&b);
}

/* What pprof -diff_base -proto writes: the base's samples are labelled and negative. */
static void add_difference(struct buf *b, int64_t base, int64_t other)
{
	static const char *const more[] = {"pprof::base", "true"};
	struct buf in;

	add_msg(b, 1, 1, I(1), 2, I(2), 0);
	add_msg(b, 2, 1, I(1), 2, I(other), 0);
	buf_init(&in, 256);
	add_int(&in, 1, 1);
	add_int(&in, 2, base);
	add_msg(&in, 3, 1, I(8), 2, I(9), 0);
	add_bytes(b, 2, buf_str(&in));
	buf_release(&in);
	base_tables(b);
	add_strings(b, more, ARRAY_SIZE(more));
}

static void differences(void)
{
	struct pprof_read_opts opts = {.column = 1};
	struct profile *p = NULL;
	struct buf b;

	buf_init(&b, 4096);
	add_difference(&b, -20, 50);
	ok(!pprof_read(buf_str(&b), &opts, &p, &rep, &err) && p->total == 20 && p->sample_cnt == 1,
	   "the base of a difference: %s", err.text);
	ok(p && !profile_label(p, 0, STR_LIT("pprof::base")).len, "…without its mark");
	profile_free(p);
	p = NULL;
	opts.column = 2;
	ok(!pprof_read(buf_str(&b), &opts, &p, &rep, &err) && p->total == 50, "the new side");
	profile_free(p);
	ok(refused(&b, "sample 1 has the negative value -20 (1 of 2 have one)"),
	   "not as one profile: %s", err.text);
	add_difference(&b, 20, 50);
	opts.column = 1;
	ok(pprof_read(buf_str(&b), &opts, &p, &rep, &err) == -EINVAL &&
		   strstr(err.text, "the base of a difference cannot"),
	   "a base that was added: %s", err.text);
	buf_clear(&b);
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	add_msg(&b, 2, 1, I(1), 2, I(20), 0);
	base_tables(&b);
	ok(pprof_read(buf_str(&b), &opts, &p, &rep, &err) == -EINVAL &&
		   strstr(err.text, "no sample has the label"),
	   "no difference: %s", err.text);
	buf_release(&b);
}

static void bombs(void)
{
	struct pprof_read_opts small = {.max_memory = 1 << 20, .gzip.max_bytes = 4 << 20};
	struct profile *p = NULL;
	struct buf b, packed;
	char *room;

	buf_init(&b, 64 << 20);
	buf_init(&packed, 64 << 20);
	for (int i = 0; i < 1000000; i++)
		buf_add(&b, "\x12\0", 2); /* an empty sample: 2 bytes here, a hundred in memory */
	ok(pprof_read(buf_str(&b), &small, &p, &rep, &err) == -EFBIG, "many empty samples: %s",
	   err.text);
	ok(!gzip_deflate(buf_str(&b), &packed), "packed");
	ok(pprof_read(buf_str(&packed), &small, &p, &rep, &err) == -EFBIG, "…no way in either: %s",
	   err.text);
	buf_clear(&b);
	buf_clear(&packed);
	room = buf_reserve(&b, 48 << 20);
	memset(room, 0, 48 << 20);
	buf_commit(&b, 48 << 20);
	ok(!gzip_deflate(buf_str(&b), &packed), "48 MiB of zeros in %zu bytes", packed.len);
	ok(pprof_read(buf_str(&packed), NULL, &p, &rep, &err) == -EFBIG, "too good a ratio: %s",
	   err.text);
	ok(pprof_read(buf_str(&packed), &small, &p, &rep, &err) == -EFBIG, "over the ceiling: %s",
	   err.text);
	buf_release(&b);
	buf_release(&packed);
}

/* Samples of few bytes, each through a location of a thousand inlined frames. */
static void unfolding(size_t samples, size_t lines, size_t repeats)
{
	struct buf b, in;

	buf_init(&b, 64 << 20);
	buf_init(&in, 64 << 20);
	add_msg(&b, 1, 1, I(1), 2, I(2), 0);
	for (size_t i = 0; i < samples; i++) {
		buf_clear(&in);
		for (size_t k = 0; k < repeats; k++)
			add_int(&in, 1, 7);
		add_int(&in, 2, 20);
		add_bytes(&b, 2, buf_str(&in));
	}
	buf_clear(&in);
	add_int(&in, 1, 7);
	for (size_t i = 0; i < lines; i++)
		add_msg(&in, 4, 1, I(1), 0);
	add_bytes(&b, 4, buf_str(&in));
	base_tables(&b);
	ok(refused(&b, repeats > 1 ? "deeper than 65535 frames" : "unfold into more than"),
	   "%zu samples of %zu x %zu frames: %s", samples, repeats, lines, err.text);
	buf_release(&b);
	buf_release(&in);
}

int main(void)
{
	the_reference();
	columns();
	other_columns();
	locations();
	defects();
	types();
	differences();
	bombs();
	unfolding(20000, 1000, 1);
	unfolding(1, 1000, 20000);
	return tap_done();
}
