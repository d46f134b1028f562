// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* Text that was read, written and read again is written the same a second time. */
#include "base/text.h"
#include "format/folded.h"
#include "format/sniff.h"
#include "fuzz/fuzz.h"

static const struct folded_opts opts = {.max_rejected = 1};

static struct profile *read_text(struct str text)
{
	struct folded_report report;
	struct profile *p;
	struct err err = {0};

	if (folded_read(text, &opts, &p, &report, &err)) {
		must(err.text[0]);
		return NULL;
	}
	must(report.stacks + report.rejects.cnt <= report.lines);
	return p;
}

static void write_text(const struct profile *p, struct buf *b)
{
	static const struct folded_style style = {.header = true, .escape = true, .annotate = true};

	buf_addstr(b, FOLDED_ESCAPE_LINE);
	must(!folded_write(p, &style, b));
}

static void check_again(const struct profile *p)
{
	struct buf first, second;
	struct profile *again;

	buf_init(&first, 1 << 24);
	buf_init(&second, 1 << 24);
	write_text(p, &first);
	again = read_text(buf_str(&first));
	must(again);
	write_text(again, &second);
	if (!str_eq(buf_str(&first), buf_str(&second)))
		fprintf(stderr, "%.*s---\n%.*s", (int)first.len, first.data, (int)second.len,
			second.data);
	must(again->total == p->total && str_eq(buf_str(&first), buf_str(&second)));
	profile_free(again);
	buf_release(&first);
	buf_release(&second);
}

static int take_window(void *arg, struct profile *p)
{
	++*(uint64_t *)arg;
	profile_free(p);
	return 0;
}

/* The text a byte or some at a time. */
static int give(void *arg, char *at, size_t room, size_t *ret_len, struct err *err)
{
	struct str *rest = arg;
	size_t len = rest->len < 1 + rest->len / 3 ? rest->len : 1 + rest->len / 3;

	(void)err;
	*ret_len = len < room ? len : room;
	memcpy(at, rest->p, *ret_len);
	*rest = (struct str){rest->p + *ret_len, rest->len - *ret_len};
	return 0;
}

/* In pieces, and with each column of two: never more than what the whole says. */
static void check_others(struct str text, const struct profile *p)
{
	struct folded_opts other = opts;
	struct folded_report report;
	struct profile *q;
	struct str rest = text;
	struct err err;
	bool is_utf16 = text.len >= 2 && ((unsigned char)text.p[0] ^ (unsigned char)text.p[1]) == 1;

	other.annotations = true;
	if (!folded_read_pieces(give, &rest, &other, &q, &report, &err)) {
		must(!p || is_utf16 || q->total == p->total);
		profile_free(q);
	}
	for (other.column = 1; other.column <= 2; other.column++)
		if (!folded_read(text, &other, &q, &report, &err)) {
			must(report.stacks + report.rejects.cnt <= report.lines);
			profile_free(q);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct folded_report report;
	uint64_t windows = 0;
	struct profile *p;
	struct err err;

	must(sniff_name(sniff(text)));
	p = read_text(text);
	if (p && p->sample_cnt)
		check_again(p);
	check_others(text, p);
	profile_free(p);
	if (!folded_read_windows(text, &opts, take_window, &windows, &report, &err))
		must(windows <= report.window_cnt + 1);
	return 0;
}
