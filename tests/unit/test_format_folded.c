// SPDX-License-Identifier: Apache-2.0
/* Folded text: every corner that readers of it have been reported to get wrong, one by one. */
#include "format/folded.h"

#include "base/text.h"
#include "model/builder.h"
#include "unit/tap.h"

static struct folded_report rep;
static struct err err;

static struct profile *read_opts(struct str text, const struct folded_opts *opts)
{
	struct profile *p = NULL;

	err.text[0] = '\0';
	if (folded_read(text, opts, &p, &rep, &err))
		return NULL;
	return p;
}

static struct profile *read_text(const char *text)
{
	return read_opts(str_of(text), NULL);
}

/* Reads, writes: what the text means in its one canonical form. NULL when it is refused. */
static const char *canon_style(struct str text, const struct folded_style *style)
{
	static struct buf out;
	struct profile *p = read_opts(text, NULL);

	buf_release(&out);
	buf_init(&out, 1 << 26);
	if (!p)
		return NULL;
	if (folded_write(p, style, &out))
		return NULL;
	profile_free(p);
	buf_add(&out, "", 0);
	return out.data;
}

static const char *canon(const char *text)
{
	return canon_style(str_of(text), NULL);
}

static const char *annotated(const char *text)
{
	static const struct folded_style style = {.annotate = true};

	return canon_style(str_of(text), &style);
}

static bool refused(const char *text, const char *why)
{
	struct profile *p = read_text(text);

	profile_free(p);
	return !p && strstr(err.text, why);
}

static void lines(void)
{
	is_str(canon("p;a;b 5\n"), "p;a;b 5\n", "a line");
	is_str(canon("p;a;b 5"), "p;a;b 5\n", "no newline at the end");
	is_str(canon("p;a;b 5\r\np;c 1\r\n"), "p;a;b 5\np;c 1\n", "CRLF");
	is_str(canon("p;a;b\t5\n"), "p;a;b 5\n", "TAB before the count");
	is_str(canon("p;a;b   5  \t\n"), "p;a;b 5\n", "several blanks, blanks behind the count");
	is_str(canon("\n\n  \np;a 1\n\r\n\n"), "p;a 1\n", "blank lines");
	is_u64(rep.lines, 6, "lines are counted");
	is_u64(rep.rejects.cnt, 0, "blank ones are not rejected");
	is_str(canon("\xef\xbb\xbfp;a 1\n"), "p;a 1\n", "UTF-8 byte order mark");
	is_str(canon_style((struct str){"\xff\xfep\0;\0\xe9\0 \0"
					"1\0\r\0\n\0",
					16},
			   NULL),
	       "p;\xc3\xa9 1\n", "UTF-16, little endian");
	is_str(canon_style((struct str){"\xfe\xff\0p\0;\xd8\x3d\xde\x00\xdc\x00\0 \0"
					"7",
					16},
			   NULL),
	       "p;\xf0\x9f\x98\x80\xef\xbf\xbd 7\n", "UTF-16, big endian, a pair and half a pair");
	is_str(canon("p;a b 5\np;operator new(unsigned long) 2\n"),
	       "p;a b 5\np;operator new(unsigned long) 2\n", "blanks in frames");
	is_str(canon("p;worker 3 10\n"), "p;worker 3 10\n",
	       "a frame that ends in a number: one count");
	is_str(canon("p;quote\"'<&> 3\n"), "p;quote\"'<&> 3\n", "quotes and brackets");
	is_str(canon("p;a\xff\xc3(\x80 3\n"), "p;a\xff\xc3(\x80 3\n", "no UTF-8: bytes stay");
	is_str(canon("proc 4\n"), "proc 4\n", "a process without a stack");
}

static void comments(void)
{
	is_str(canon("# austin: 3.3.0\n# interval: 100\np;a 1\n# duration: 37\n"), "p;a 1\n",
	       "headers and footers, also those that end in a number");
	is_str(canon("#interval: 100\n#\np;a 1\n"), "p;a 1\n", "without a blank");
	is_str(canon("#!shebang;a 1\n"), ":!shebang;a 1\n",
	       "a process that begins with # is data, and written so that it stays data");
	is_str(canon("# window size was 10\np;a 1\n"), "p;a 1\n",
	       "a remark about windows is no window");
	is_u64(rep.window_cnt, 0, "…none is counted");
}

static void counts(void)
{
	struct profile *p;

	is_str(canon("p;a 20.\np;b 20.0\n"), "p;a 20\np;b 20\n", "20. and 20.0 are whole");
	is_u64(rep.fractions, 0, "…and no fraction");
	is_str(canon("p;a 1.5\np;b 1.5\np;c 1.5\np;d 1.5\n"), "p;a 2\np;b 1\np;c 2\np;d 1\n",
	       "fractions: each running total is right to half a sample");
	is_u64(rep.fractions, 4, "…and counted");
	p = read_text("p;a 0.3\np;b 0.3\np;c 0.3\np;d 0.3\np;e 0.3\np;f 0.3\np;g 0.3\np;h 0.3\np;i "
		      "0.3\np;j 0.3\n");
	is_u64(p ? p->total : 0, 3, "many small fractions keep their sum");
	profile_free(p);
	is_str(canon("p;a 0\np;b 1\n"), "p;b 1\n", "a zero count adds nothing");
	is_u64(rep.rejects.cnt, 0, "…and is not rejected");
	is_str(canon("p;a 9223372036854775808\n"), "p;a 9223372036854775808\n", "2^63");
	is_str(canon("p;a 99999999999999999999\np;b 1\n"), "p;a 18446744073709551615\np;b 1\n",
	       "beyond 2^64 it stays at the largest number");
	is_u64(rep.saturated, 1, "…and is counted");
	p = read_text("p;a 18446744073709551615\np;b 18446744073709551615\n");
	is_u64(p ? p->total : 0, UINT64_MAX, "totals do not wrap around");
	profile_free(p);
	is_str(canon("p;a 5\np;a 3\np;b 1\np;a 1\n"), "p;a 9\np;b 1\n", "duplicates add");
}

static void rejections(void)
{
	struct folded_opts lax = {.max_rejected = 0.6};
	struct profile *p;
	struct buf b;

	ok(refused("p;a -5\n", "line 1: negative count"), "negative: %s", err.text);
	ok(refused("p;a 1e6\n", "line 1: the count is not a plain number"), "exponent: %s",
	   err.text);
	ok(refused("p;a .5\n", "not a plain number"), "no digit before the point: %s", err.text);
	ok(refused("p;a +5\n", "not a plain number"), "plus: %s", err.text);
	ok(refused("p;a\n", "line 1: no count at the end"), "no count: %s", err.text);
	ok(refused("hello world\n", "no count at the end"), "prose: %s", err.text);
	ok(refused("12\n", "a number without a stack"), "only a number: %s", err.text);
	ok(refused(" 12\n", "a number without a stack"), "a blank and a number: %s", err.text);
	ok(refused("", "empty"), "empty: %s", err.text);
	ok(refused("\n\n", "no stack in it"), "blank: %s", err.text);
	ok(refused("# just a header\n", "no stack in it"), "comments only: %s", err.text);
	ok(refused("p;a 1\np;b 2\nrubbish\n", "line 3"), "more than a hundredth: %s", err.text);
	ok(strstr(err.text, "1 of 3"), "…says how many");
	p = read_opts(STR_LIT("a;b 1\nbad\nc;d 2\nbad 2 x\n"), &lax);
	ok(p && rep.rejects.cnt == 2 && rep.stacks == 2, "the share is the caller's choice");
	is_u64(p ? p->lost[LOSS_LINES_REJECTED] : 0, 2,
	       "rejected lines are in the profile's losses");
	is_u64(rep.rejects.first[1].line, 4, "the report names the lines");
	buf_init(&b, 1 << 16);
	folded_report_add(&b, &rep);
	is_str(b.data,
	       "2 of 4 lines rejected (line 2: no count at the end: 'bad'; line 4: no count at the "
	       "end: 'bad 2 x')",
	       "in words");
	buf_release(&b);
	profile_free(p);
	p = read_opts((struct str){"p;a\0b 5\n", 9}, NULL);
	ok(!p && strstr(err.text, "byte 3: a NUL byte"), "binary: %s", err.text);
}

static void frames(void)
{
	struct profile *p = read_text(";a;;b 10\n");
	char *big = malloc(10300);
	const struct stack_node *n;

	is_u64(p ? p->node_cnt : 0, 4, "empty frames are kept");
	is_str(canon(";a;;b 10\np;; 2\n"), "[unknown];a;;b 10\np;; 2\n",
	       "the process without a name is [unknown], empty frames stay where they are");
	profile_free(p);
	memcpy(big, "p;", 2);
	memset(big + 2, 'x', 10240);
	memcpy(big + 10242, " 7\n", 4);
	is_str(canon(big), big, "a frame of 10 kB");
	free(big);

	p = read_text("p;main;sys_read_[k];inl_[i];jit_[j];w_[w];p_[p];zero_[0];dbl_[k]_[k] 1\n");
	n = &p->nodes[2];
	is_str(profile_str(p, p->frames[n->frame].name).p, "sys_read", "_[k] is taken off");
	is_u64(p->frames[n->frame].kind, FRAME_KERNEL, "…and says kernel");
	is_u64(p->frames[p->nodes[3].frame].kind, FRAME_INLINED, "_[i] inlined");
	is_u64(p->frames[p->nodes[4].frame].kind, FRAME_JIT, "_[j] JIT");
	is_str(profile_str(p, p->frames[p->nodes[5].frame].name).p, "w", "_[w] says nothing");
	is_str(profile_str(p, p->frames[p->nodes[6].frame].name).p, "p_[p]", "others stay");
	is_u64(p->frames[p->nodes[7].frame].kind, FRAME_JIT, "_[0] interpreted: of a JIT");
	is_u64(p->frames[p->nodes[1].frame].kind, FRAME_UNKNOWN, "no mark, no kind");
	profile_free(p);
	is_str(canon("p;f 1\np;f_[k] 2\np;f_[j] 4\n"), "p;f 7\n",
	       "written without marks, stacks that differ in marks only are one");
	is_str(annotated("p;f 1\np;f_[k] 2\np;f_[j] 4\n"), "p;f 1\np;f_[j] 4\np;f_[k] 2\n",
	       "with marks they are not");
}

static void orders(void)
{
	struct folded_opts no_process = {.no_process_frame = true, .process = STR_LIT("app")};
	const struct str extra[][2] = {{STR_LIT("build"), STR_LIT("42")}};
	struct folded_opts labelled = {.labels = extra, .label_cnt = 1};
	struct profile *p;

	is_str(canon("a 5\na-x 3\na;b 4\n"), "a 5\na;b 4\na-x 3\n",
	       "siblings of which one begins like the other stay together");
	is_str(canon("p;z 1\nb;q 1\np;a;c 1\np;a 2\np;a;b 3\n"),
	       "b;q 1\np;a 2\np;a;b 3\np;a;c 1\np;z 1\n", "sorted whatever the order was");
	is_str(canon("p;r;r;r 5\np;f;g;f;g 2\np;r 1\n"), "p;f;g;f;g 2\np;r 1\np;r;r;r 5\n",
	       "recursion, direct and mutual");
	p = read_opts(STR_LIT("a;b 5\n"), &no_process);
	is_u64(p ? p->node_cnt : 0, 3, "without a process frame all frames are the stack");
	is_str(profile_label(p, 0, STR_LIT("process")).p, "app",
	       "…and the process is what was said");
	profile_free(p);
	p = read_opts(STR_LIT("a;b 5\n"), &labelled);
	is_str(p ? profile_label(p, 0, STR_LIT("build")).p : NULL, "42", "more labels");
	profile_free(p);
}

static void deep(void)
{
	static const struct folded_opts lax = {.max_rejected = 0.1};
	struct buf b;
	struct profile *p;

	buf_init(&b, 1 << 22);
	buf_addstr(&b, "p");
	for (int i = 0; i < 5000; i++)
		buf_addf(&b, ";f%d", i % 10);
	buf_addstr(&b, " 3\n");
	is_str(canon(b.data), b.data, "5000 frames");
	buf_clear(&b);
	buf_addstr(&b, "p;a 1\np");
	for (int i = 0; i < 70000; i++)
		buf_addstr(&b, ";f");
	buf_addstr(&b, " 3\np;b 1\np;b 1\np;b 1\np;b 1\np;b 1\np;b 1\np;b 1\np;b 1\np;b 1\n");
	p = read_opts(buf_str(&b), &lax);
	ok(p && rep.rejects.cnt == 1 && rep.rejects.first[0].line == 2,
	   "70000 frames are rejected");
	is_u64(p ? p->total : 0, 10, "…alone");
	profile_free(p);
	buf_release(&b);
}

static void escapes(void)
{
	static const struct folded_style style = {.escape = true, .annotate = true};
	const char *text =
		FOLDED_ESCAPE_LINE "%23 sh;a%3Bb%0A%25;name_[k%5D;x_[k] 5\nsh;tail%20 2\n";
	struct buf b;

	buf_init(&b, 4096);
	buf_addstr(&b, FOLDED_ESCAPE_LINE);
	buf_addstr(&b, canon_style(str_of(text), &style));
	is_str(b.data, text, "percent escapes, there and back");
	buf_release(&b);
	is_str(canon(text), ": sh;a:b %;name_[k];x 5\nsh;tail 2\n",
	       "without them, what a line can hold");
	is_str(canon("p;50%3B 1\n"), "p;50%3B 1\n", "unannounced, a percent sign is one");
	is_str(canon(FOLDED_ESCAPE_LINE "p;50%;%zz;%4 1\n"), "p;50%;%zz;%4 1\n",
	       "and so are broken ones");
}

/*
 * Random profiles through write, read, write: the same bytes. Lines shuffled: still the same bytes.
 */
static void property(void)
{
	static const char
		*const
			names[] =
				{
					"a",	    "a-x",   "b;c",  "w 3", "x\n",   "",
					"\xff\xfe", "f",     "%41",  "#h",  "tail ", "ü",
					"é",	    "f_[z]", "f_[k]"}; /* the last one only with escapes */
	static const struct folded_style styles[] = {
		{0}, {.escape = true}, {.annotate = true}, {.escape = true, .annotate = true}};
	uint64_t rnd = 42;
	int same = 0, all = 0;

	for (int round = 0; round < 200; round++) {
		const struct folded_style *style = &styles[round % 4];
		struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
		struct profile *p = NULL, *q = NULL;
		unsigned int choice = style->escape ? 15 : 14;
		struct buf one, two;
		int r = 0;

		for (int i = 0; i < 50; i++) {
			uint32_t series = 0, node = 0, frame = 0;

			rnd = rnd * 6364136223846793005u + 1442695040888963407u;
			r |= builder_process(b, str_of(names[(rnd >> 33) % choice]), &series);
			for (uint64_t k = 0; k < (rnd >> 40) % 9; k++) {
				rnd = rnd * 6364136223846793005u + 1442695040888963407u;
				r |= builder_frame(
					b, str_of(names[(rnd >> 33) % choice]), STR_LIT("m"),
					(enum frame_kind)((rnd >> 50) % FRAME_KIND_CNT), &frame);
				r |= builder_stack(b, node, frame, &node);
			}
			r |= builder_sample(b, series, node, (rnd >> 35) % 1000, 1);
		}
		r |= builder_seal(b, &p);
		buf_init(&one, 1 << 22);
		buf_init(&two, 1 << 22);
		if (style->escape) {
			buf_addstr(&one, FOLDED_ESCAPE_LINE);
			buf_addstr(&two, FOLDED_ESCAPE_LINE);
		}
		r |= folded_write(p, style, &one);
		r |= folded_read(buf_str(&one), NULL, &q, &rep, &err);
		if (q)
			r |= folded_write(q, style, &two);
		same += !r && str_eq(buf_str(&one), buf_str(&two)) && q->total == p->total;
		all++;
		if (same != all)
			printf("# round %d: %d\n%.*s---\n%.*s", round, r, (int)one.len, one.data,
			       (int)two.len, buf_str(&two).p);
		buf_release(&one);
		buf_release(&two);
		profile_free(p);
		profile_free(q);
		builder_free(b);
		if (same != all)
			break;
	}
	is_u64(same, 200, "write, read, write gives the same bytes and the same total");
}

/* Any bytes at all: an answer or an error, never a crash. */
static void noise(void)
{
	static const char alphabet[] =
		"ab;; \t\n\r#0159.-%3B_[k]\xef\xbb\xbf\xff window start= length=1";
	uint64_t rnd = 7, read = 0;
	char text[300];

	for (int round = 0; round < 3000; round++) {
		size_t len = 0;
		struct profile *p;

		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		for (size_t n = (rnd >> 33) % sizeof(text); len < n; len++) {
			rnd = rnd * 6364136223846793005u + 1442695040888963407u;
			text[len] = alphabet[(rnd >> 33) % sizeof(alphabet)];
		}
		p = read_opts((struct str){text, len}, NULL);
		read += p != NULL;
		if (!p && !err.text[0])
			ok(false, "an error without words");
		profile_free(p);
	}
	ok(read > 0, "random bytes: read or refused with a reason");
}

static void annotations_kept(void)
{
	static const struct folded_opts opts = {.annotations = true};
	struct profile *p = read_opts(STR_LIT("p;f 1\np;f_[k] 2\np;f_[j] 4\n"), &opts);

	ok(p && p->node_cnt == 4 && p->sample_cnt == 3,
	   "asked for, marks make functions of their own");
	is_str(p ? profile_str(p, p->frames[p->nodes[2].frame].name).p : "", "f_[k]",
	       "…and stay in the names");
	is_u64(p ? p->frames[p->nodes[2].frame].kind : 0, FRAME_KERNEL,
	       "…whose kinds they still say");
	profile_free(p);
}

static void two_columns(void)
{
	static const char text[] = "p;a 1 2\np;b 3\t0\np;worker 3 10\np;c 0 1.5\n";
	struct folded_opts opts = {.column = 1, .max_rejected = 0.5};
	struct profile *p;

	p = read_opts(STR_LIT(text), &opts);
	ok(p && p->total == 7 && !rep.rejects.cnt, "the first column");
	profile_free(p);
	opts.column = 2;
	p = read_opts(STR_LIT(text), &opts);
	ok(p && p->total == 14 && rep.fractions == 1, "the second one");
	profile_free(p);
	is_str(canon("p;worker 3 10\n"), "p;worker 3 10\n",
	       "never guessed: a frame may end in a number");
	p = read_opts(STR_LIT("p;a 1\np;b 1 2\n"), &opts);
	ok(p && rep.rejects.cnt == 1 && !strcmp(rep.rejects.first[0].reason, "one count, want two"),
	   "a line with one");
	profile_free(p);
	ok(!read_opts(STR_LIT("p;a 1\n"), &opts) && strstr(err.text, "COUNT COUNT"),
	   "nothing but such: %s", err.text);
}

/* What the reader is given, some bytes at a time. */
struct source {
	struct str text;
	uint64_t rnd;
	size_t most;
};

static int give(void *arg, char *at, size_t room, size_t *ret_len, struct err *e)
{
	struct source *s = arg;
	size_t len;

	if (!s->most)
		return err_set(e, EIO, "no more");
	s->rnd = s->rnd * UINT64_C(6364136223846793005) + 1;
	len = 1 + (size_t)(s->rnd >> 33) % s->most;
	len = len < room ? len : room;
	len = len < s->text.len ? len : s->text.len;
	if (len)
		memcpy(at, s->text.p, len);
	s->text = (struct str){s->text.p + len, s->text.len - len};
	*ret_len = len;
	return 0;
}

/* Lines that share much with the ones before, some longer than a piece, comments among them. */
static void make_lines(struct buf *b)
{
	uint32_t rnd = 1;

	buf_addstr(b, "\xef\xbb\xbf# made\n");
	for (int i = 0; i < 3000; i++) {
		rnd = rnd * 1103515245 + 12345;
		buf_addf(b, "p%d;main", i / 1000);
		for (uint32_t k = 0; k < (rnd >> 16) % 20; k++)
			buf_addf(b, ";f%u_%u", k, rnd >> (16 + k % 3) & 3);
		for (int k = 0; i % 1000 == 999 && k < 40000; k++)
			buf_addf(b, ";deep%d", k);
		buf_addf(b, " %d\n%s", i, i % 100 ? "" : "# no stack\n\n");
	}
	buf_addstr(b, "p;last 7");
}

static void pieces(void)
{
	static const size_t most[] = {1, 7, 1000, 100000, 1 << 30};
	struct buf text, want, got;
	struct profile *p;

	buf_init(&text, 1 << 24);
	buf_init(&want, 1 << 24);
	buf_init(&got, 1 << 24);
	make_lines(&text);
	p = read_opts(buf_str(&text), NULL);
	ok(p && !folded_write(p, NULL, &want), "all at once");
	profile_free(p);
	for (size_t i = 0; i < ARRAY_SIZE(most); i++) {
		struct source s = {.text = buf_str(&text), .rnd = i, .most = most[i]};

		p = NULL;
		buf_clear(&got);
		ok(!folded_read_pieces(give, &s, NULL, &p, &rep, &err) && p &&
			   !folded_write(p, NULL, &got) && str_eq(buf_str(&got), buf_str(&want)),
		   "…%zu bytes at a time, or fewer", most[i]);
		profile_free(p);
	}
	is_u64(rep.lines, 3062, "lines are counted");
	text.data[text.len - 3] = '\0';
	ok(folded_read_pieces(give, &(struct source){.text = buf_str(&text), .most = 5000}, NULL,
			      &p, &rep, &err) == -EINVAL,
	   "binary: %s", err.text);
	ok(folded_read_pieces(give, &(struct source){.text = buf_str(&text)}, NULL, &p, &rep,
			      &err) == -EIO &&
		   !strcmp(err.text, "no more"),
	   "what the source says is passed on");
	ok(folded_read_pieces(give, &(struct source){.most = 1}, NULL, &p, &rep, &err) == -EINVAL,
	   "nothing at all: %s", err.text);
	buf_release(&text);
	buf_release(&want);
	buf_release(&got);
}

int main(void)
{
	lines();
	comments();
	counts();
	rejections();
	frames();
	orders();
	deep();
	escapes();
	property();
	noise();
	annotations_kept();
	two_columns();
	pieces();
	return tap_done();
}
