// SPDX-License-Identifier: Apache-2.0
/* Output of perf script: the field sets of -F, and what other readers of it get wrong. */
#include "format/perfscript.h"

#include "base/text.h"
#include "format/folded.h"
#include "format/sniff.h"
#include "model/builder.h"
#include "unit/tap.h"

static struct perfscript_report rep;
static struct err err;

static struct profile *read_opts(const char *text, const struct perfscript_opts *opts)
{
	struct profile *p = NULL;

	err.text[0] = '\0';
	return perfscript_read(str_of(text), opts, &p, &rep, &err) ? NULL : p;
}

static const char *folded(struct profile *p)
{
	static const struct folded_style style = {.annotate = true};
	static struct buf out;

	buf_release(&out);
	buf_init(&out, 1 << 26);
	if (!p)
		return err.text;
	if (folded_write(p, &style, &out))
		return NULL;
	profile_free(p);
	buf_add(&out, "", 0);
	return out.data;
}

static const char *canon(const char *text)
{
	return folded(read_opts(text, NULL));
}

static struct str label(const struct profile *p, const char *key)
{
	return profile_label(p, p->samples[0].series, str_of(key));
}

#define FRAMES                                                 \
	"\tffffffff8225fe6b pv_halt+0xb ([kernel.kallsyms])\n" \
	"\t    7f12000d4ad7 read+0x7 (/usr/lib/libc.so.6)\n"   \
	"\t    5555000d4ad7 main+0x107 (/usr/bin/cat (deleted))\n\n"
#define STACK "cat;main;read;pv_halt_[k] "

static void field_sets(void)
{
	static const char *const heads[] = {
		"cat  1234 [001] 13590.382935:    1 cycles:u: \n",
		"cat  1234 [001] 13590.382935123:    1 cycles: \n",
		"cat  1233/1234  [001] 13590.382935: cycles: \n",
		"cat  1233/1234  13590.382935: cycles: \n",
		"cat  1234 13590.382935:    1 cpu/event=0x3c,umask=1/: \n",
		"cat  1234 [001] K     13590.382935: sched:sched_switch: prev_comm=a prev_pid=3\n",
		"cat  1234 [001] cycles: \n",
		"cat  1234 [001] \n",
		"cat  1234 13590.382935: \n",
		"cat  1234 cycles: \n",
		"cat  1234          1 cycles: \n",
		"cat  1234 \n",
		"cat \n",
		"cat 13590.382935: cycles:ppp: \n",
	};
	char text[1024];

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		(void)snprintf(text, sizeof(text), "%s" FRAMES "%s" FRAMES, heads[i], heads[i]);
		is_str(canon(text), STACK "2\n", "%.*s", (int)strlen(heads[i]) - 1, heads[i]);
		ok(sniff(str_of(text)) == SNIFF_PERFSCRIPT, "…told by its contents");
	}
	is_str(canon("# ========\n# captured on: x\n# cmdline : perf record -- sh -c a\n\tb 1\n# "
		     "========\n#\n"
		     "cat  1 [000] 1.000000: cycles: \n" FRAMES),
	       STACK "1\n", "with a header");
	is_str(canon("\n" FRAMES "\n" FRAMES), "[unknown];main;read;pv_halt_[k] 2\n",
	       "-F ip,sym tells of nobody");
	ok(sniff(STR_LIT("\n" FRAMES)) == SNIFF_PERFSCRIPT, "…told by its contents");
	is_str(canon("         cat  1234 [001] 1.000000:  ffffffff8225fe6b halt+0xb "
		     "([kernel.kallsyms])\n"
		     "         cat  1234 [001] 1.100000:      5555000d4ad7 main (/bin/cat)\n"
		     "         cat  1234 [001] 1.200000:      5555000d4ad7 main (/bin/cat)\n"),
	       "cat;halt_[k] 1\ncat;main 2\n", "no call chains: the frame on the same line");
	is_str(canon("cat  1 1.000000: cycles: \n\t    5555000d4ad7 main+0x1 (/bin/cat)\n  a.c:12\n"
		     "\t    5555000d4ad9 start+0x1 (/bin/cat)\n  b.c:1\n\n"),
	       "cat;start;main 1\n", "-F srcline");
	is_str(canon("cat  1 1.000000: cycles: \n main (/bin/cat)\n start (/bin/cat)\n\n"),
	       "cat;start;main 1\n", "-F without ip");
	is_str(canon("cat  1 1.000000: cycles: \n\t    5555000d4ad7\n\t    5555000d4ad7 "
		     "(/bin/cat)\n\n"),
	       "cat;[cat];[unknown] 1\n", "-F without sym");
	is_str(canon("cat  1 1.000000: cycles: \n\ncat  1 1.100000: cycles: \n\n"), "cat 2\n",
	       "samples without a stack");
	is_str(canon("cat  1 1.000000: cycles: \r\n\t    5555000d4ad7 main (/bin/cat)\r\n\r\n"),
	       "cat;main 1\n", "CRLF");
}

/* The name of a thread is up to fifteen bytes of anything. */
static void names_of_threads(void)
{
	static const char *const comms[] = {
		"V8 Worker 2",
		"1 2 3",
		"Chrome_~dThread",
		"tokio-runtime-w",
		":1234",
		"sh;x",
		"a: b",
		"[kworker/0:1]",
		"#1 tool",
		"12",
		"(sd-pam)",
		"kworker/0:1H-kb",
	};
	static const char *const rests[] = {
		"  77 [001] 13590.382935:    1 cycles:u: \n",
		"  77/78   13590.382935: cycles: \n",
		"  77 [001] cycles: \n",
		"  77 cycles: \n",
		"  77          1 cycles: \n",
	};
	struct str want[3] = {STR_LIT(""), STR_LIT("77"), STR_LIT("77")};
	char text[1024];

	for (size_t i = 0; i < ARRAY_SIZE(comms); i++) {
		size_t good = 0;

		for (size_t k = 0; k < ARRAY_SIZE(rests); k++) {
			struct profile *p;

			(void)snprintf(text, sizeof(text), "%s%s" FRAMES, comms[i], rests[k]);
			p = read_opts(text, NULL);
			want[0] = str_of(comms[i]);
			want[1] = k == 1 ? STR_LIT("78") : STR_LIT("77");
			want[2] = k == 1 ? STR_LIT("77") : STR_LIT("");
			if (p && p->sample_cnt == 1 && str_eq(label(p, "comm"), want[0]) &&
			    str_eq(label(p, "process"), want[0]) &&
			    str_eq(label(p, "tid"), want[1]) && str_eq(label(p, "pid"), want[2]))
				good++;
			else
				printf("# %.*s\n", (int)(strchr(text, 10) - text), text);
			profile_free(p);
		}
		is_u64(good, ARRAY_SIZE(rests), "thread '%s'", comms[i]);
	}
}

static const char *frame(const char *line)
{
	static char text[4096];

	(void)snprintf(text, sizeof(text), "p 1 1.000000: cycles: \n%s\n\n", line);
	return canon(text);
}

static void frames(void)
{
	is_str(frame("\t 5555 f(int, std::less<char (*)(int)>) const+0x1c (/usr/lib/libx.so)"),
	       "p;f(int, std::less<char (*)(int)>) const 1\n", "brackets and blanks of C++");
	is_str(frame("\t 5555 std::ptr<a>::operator->() const+0x1 (/usr/lib/libx.so)"),
	       "p;std::ptr<a>::operator->() const 1\n", "an arrow of C++");
	is_str(frame("\t 5555 operator()() (/tmp/a (b) c (deleted))"), "p;operator()() 1\n",
	       "brackets in the path");
	is_str(frame("\t 5555 [unknown] (/tmp/x (deleted))"), "p;[x] 1\n", "no symbol: the file");
	is_str(frame("\t 5555 [unknown] (/memfd:doublemapper (deleted))"),
	       "p;[memfd:doublemapper] 1\n", "a file of memory");
	is_str(frame("\t 5555 [unknown] ([unknown])"), "p;[unknown] 1\n",
	       "neither symbol nor file");
	is_str(frame("\tffffffffa0001000 [unknown] ([unknown])"), "p;[kernel]_[k] 1\n",
	       "of the kernel, by its address");
	is_str(frame("\tffffffffa0001000 nft_do_chain+0x1 ([nf_tables])"), "p;nft_do_chain_[k] 1\n",
	       "a module of the kernel");
	is_str(frame("\t 7ffe00001000 __vdso_gettimeofday+0x1 ([vdso])"),
	       "p;__vdso_gettimeofday 1\n", "the vDSO is user code");
	is_str(frame("\t 5555 Ljava/lang/String;::hash->Lfoo;::bar->Lfoo;::baz+0x20 "
		     "(/tmp/perf-77.map)"),
	       "p;Ljava/lang/String:::hash_[j];Lfoo:::bar_[i];Lfoo:::baz_[i] 1\n",
	       "inlined by a JIT, the outer one first");
	is_str(frame("\t 5555 LazyCompile:*run /app/x.js:10 (/tmp/perf-77.map)"),
	       "p;LazyCompile:*run /app/x.js:10_[j] 1\n", "JavaScript");
	is_str(frame("\t 5555 [unknown] (//anon)"), "p;[jit]_[j] 1\n", "code without a file");
	is_str(frame("\t 5555 small (inlined)\n\t 5555 medium (inlined)\n\t 5555 big+0x5 (/bin/x)"),
	       "p;big;medium_[i];small_[i] 1\n", "inlined frames");
	is_str(frame("\t 5555 a+b+0x5 (/bin/x)"), "p;a+b 1\n", "a plus in a name");
	is_str(frame("\t 5555 (/bin/x)"), "p;[x] 1\n", "-F ip,dso");
	is_str(frame("\t 5555 \xff\xfe<&> (/bin/x)"), "p;\xff\xfe<&> 1\n",
	       "bytes that are no UTF-8");
}

/* As deep as is kept, and deeper; a name with as many arrows is no way to spend a day. */
static void deep(void)
{
	static const struct perfscript_opts lax = {.max_rejected = 0.7};
	struct profile *p;
	struct buf b;

	for (int n = 5000; n <= 70000; n += 65000) {
		buf_init(&b, 1 << 24);
		buf_addstr(&b, "p 1 1.000000: cycles: \n");
		for (int i = 0; i < n; i++)
			buf_addf(&b, "\t %x f%d (/bin/x)\n", 0x5000 + i % 10, i % 10);
		buf_addstr(&b, "\nq 1 1.000000: cycles: \n\t 5555 a");
		for (int i = 0; i < n; i++)
			buf_addstr(&b, "->a");
		buf_addstr(&b,
			   " (/tmp/perf-1.map)\n\nr 1 1.000000: cycles: \n\t 5555 a (/bin/x)\n\n");
		p = read_opts(b.data, &lax);
		ok(p && rep.samples + rep.rejects.cnt == 3 &&
			   rep.rejects.cnt == (n > 65535 ? 2 : 0) && p->total == rep.samples,
		   "%d frames are %s", n, n > 65535 ? "rejected" : "read");
		profile_free(p);
		buf_release(&b);
	}
}

static void modules(void)
{
	struct profile *p = read_opts("p 1 1.000000: cycles: \n\t 5555 small (inlined)\n"
				      "\t 5555 big+0x5 (/usr/lib/libx.so.1)\n\n",
				      NULL);

	ok(p && p->node_cnt == 3, "two frames");
	for (uint32_t i = 1; p && i < p->frame_cnt; i++)
		ok(str_eq(profile_str(p, p->frames[i].module), STR_LIT("libx.so.1")),
		   "an inlined frame is in the module of its caller");
	profile_free(p);
}

static void events(void)
{
	static const char text[] = "p 1 1.000000:    3 instructions:u: \n\t 5555 a (/bin/x)\n\n"
				   "p 1 1.000000:  700 cycles:u: \n\t 5555 b (/bin/x)\n\n"
				   "p 1 1.500000: 1000 cpu-clock:pppH: \n\t 5555 c (/bin/x)\n\n"
				   "p 1 2.000000:  300 cycles:u: \n\t 5555 b (/bin/x)\n\n";
	struct perfscript_opts opts = {.event = STR_LIT("cpu-clock")};
	struct profile *p = read_opts(text, NULL);
	struct buf b;

	ok(p && p->unit == PROFILE_SAMPLES && p->total == 1000 && p->total_cnt == 2,
	   "cycles are taken first, by their period");
	is_u64(p ? p->length_ns : 0, NSEC_PER_SEC, "as long as from the first to the last");
	profile_free(p);
	buf_init(&b, 4096);
	perfscript_report_add(&b, &rep);
	is_str(b.data,
	       "shows event cycles:u; there are also instructions:u (1 samples), cpu-clock:pppH "
	       "(1 samples) (--type EVENT), weighs by the period of cycles:u, which is no CPU "
	       "time: "
	       "shown as samples",
	       "the others are named");
	buf_release(&b);
	p = read_opts(text, &opts);
	ok(p && p->unit == PROFILE_NANOSECONDS && p->total == 1000 && p->hz == 1e6,
	   "by name without its modifier; its period is a time");
	profile_free(p);
	opts.event = STR_LIT("cycles:u");
	is_str(folded(read_opts(text, &opts)), "p;b 1000\n", "with its modifier");
	opts.event = STR_LIT("page-faults");
	is_str(folded(read_opts(text, &opts)),
	       "no event 'page-faults' in it; there are: "
	       "instructions:u, cycles:u, cpu-clock:pppH",
	       "one that is not there");
	is_str(canon("p 1 1.000000: sched:sched_switch: prev_comm=x prev_pid=7 ==> next_pid=0\n"
		     "\tffffffff80000001 a ([kernel.kallsyms])\n\n"
		     "p 1 1.000000: sched:sched_wakeup: comm=y\n"
		     "\tffffffff80000001 b ([kernel.kallsyms])\n\n"),
	       "p;a_[k] 1\n", "tracepoints: the first one");
}

static void header_words(void)
{
	struct profile *p = read_opts(
		"# nrcpus online : 2\n# event : name = cpu-clock, , id = { 8448 }, type = 1, "
		"{ sample_period, sample_freq } = 100, disabled = 1, freq = 1\n#\n"
		"p 1 1.000000: cpu-clock: \n\t 5555 a (/bin/x)\n\n"
		"p 1 2.000000: cpu-clock: \n\t 5555 a (/bin/x)\n\n",
		NULL);

	ok(p && p->unit == PROFILE_NANOSECONDS && p->total == 20000000 && p->hz == 100,
	   "no period, but the header has the rate");
	ok(p && p->cpus == 2 && p->length_ns == 1010000000 && p->capacity_ns == 2020000000,
	   "the header has the CPUs");
	profile_free(p);
}

static void losses(void)
{
	struct profile *p = read_opts("p 1 1.000000: cycles: \n\t 5555 a (/bin/x)\n\n"
				      "p 1 [000] 1.500000: PERF_RECORD_LOST lost 12\n"
				      "p 1 [000] 1.500000: PERF_RECORD_COMM: p:1/1\n"
				      "PERF_RECORD_MMAP2 1/1: [0x1(0x2)] r-xp /x\n"
				      "p 1 2.000000: cycles: \n\t 5555 a (/bin/x)\n\n",
				      NULL);

	ok(p && p->total == 2 && p->lost[LOSS_IMPORT] == 12 && !rep.rejects.cnt,
	   "what perf lost is lost, other records are none");
	profile_free(p);
}

static void rejected(void)
{
	struct perfscript_opts lax = {.max_rejected = 0.5}, none = {.max_rejected = -1};
	static char many[300 * 64];
	size_t at = 0;
	struct profile *p;

	for (int i = 0; i < 200; i++)
		at += (size_t)snprintf(many + at, sizeof(many) - at,
				       "p 1 %d.000000: cycles: \n\t 5555 a (/bin/x)\n\n", i);
	(void)snprintf(many + at, sizeof(many) - at, "what is this\n");
	p = read_opts(many, NULL);
	ok(p && rep.rejects.cnt == 1 && rep.rejects.first[0].line == 601 &&
		   p->lost[LOSS_LINES_REJECTED] == 1,
	   "one in two hundred is counted and named");
	profile_free(p);
	ok(!read_opts(many, &none) && strstr(err.text, "at most 0 % may be"), "unless none may be");
	is_str(canon("p 1 1.000000: cycles: \n\t 5555 a (/bin/x)\n\nrubbish; and more of that, up "
		     "to the last of bytes\n"),
	       "line 4: neither a sample nor a frame: 'rubbish; and more of that, up to the las…'; "
	       "1 of 2 "
	       "lines are no output of perf script, at most 1 % may be (--max-rejects)",
	       "too many are an error");
	is_str(folded(read_opts("p 1 1.000000: cycles: \n\t 5555 a (/bin/x)\n\nrubbish\n", &lax)),
	       "p;a 1\n", "as many as one likes");
	is_str(canon("rubbish\n"), "no sample in it: want what 'perf script' prints",
	       "nothing else");
	is_str(canon(""), "no sample in it: want what 'perf script' prints", "an empty text");
}

static void times(void)
{
	static const char text[] = "q 2 5.000000001: 10 cpu-clock: \n\t 5555 a (/bin/x)\n\n"
				   "p 1 3.250000000: 10 cpu-clock: \n\t 5555 b (/bin/x)\n\n"
				   "q 2 6.039999999: 10 cpu-clock: \n\t 5555 a (/bin/x)\n\n"
				   "q 2 6.020000000: 10 cpu-clock: \n\t 5555 a (/bin/x)\n\n";
	struct perfscript_opts opts = {.moments = true};
	struct profile *p = read_opts(text, &opts);
	const struct moment *m = p ? p->moments : NULL;

	ok(p && p->moment_cnt == 3 && profile_timed_cnt(p) == p->total_cnt,
	   "each sample has its time");
	ok(m && m[0].at_ns == 3240000000 && m[1].at_ns == 5000000000 && m[2].at_ns == 6020000000,
	   "in steps, by time");
	ok(m && m[1].sample == m[2].sample && m[0].sample != m[1].sample && m[2].cnt == 2 &&
		   m[2].weight == 20 &&
		   str_eq(profile_label(p, p->samples[m[0].sample].series, STR_LIT("process")),
			  STR_LIT("p")),
	   "by the numbers of the profile");
	profile_free(p);
	p = read_opts(text, NULL);
	ok(p && !p->moment_cnt, "unless nobody wants to know");
	profile_free(p);
}

int main(void)
{
	field_sets();
	names_of_threads();
	frames();
	modules();
	deep();
	events();
	header_words();
	losses();
	rejected();
	times();
	return tap_done();
}
