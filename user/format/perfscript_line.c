// SPDX-License-Identifier: Apache-2.0
#include "format/perfscript_line.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"

#define MAX_WORDS    32 /* that are looked at: a thread's name has eight at most */
#define PERIOD_WIDTH 10 /* perf pads a period to so many columns */
#define THREAD_WIDTH 5	/* …a thread's number to these or more */

struct words {
	struct str line;
	struct str at[MAX_WORDS];
	size_t cnt;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits(struct str s, size_t from)
{
	size_t n = 0;

	while (from + n < s.len && is_digit(s.p[from + n]))
		n++;
	return n;
}

static bool is_number(struct str word)
{
	return word.len && digits(word, 0) == word.len;
}

static void split(struct str line, struct words *w)
{
	size_t at = 0, start;

	w->line = line;
	w->cnt = 0;
	while (w->cnt < MAX_WORDS) {
		while (at < line.len && is_blank(line.p[at]))
			at++;
		start = at;
		while (at < line.len && !is_blank(line.p[at]))
			at++;
		if (at == start)
			break;
		w->at[w->cnt++] = (struct str){line.p + start, at - start};
	}
}

/* 13590.382935: or, with --ns, nine digits */
static bool parse_time(struct str word, uint64_t *ret_ns)
{
	size_t whole = digits(word, 0), fraction;
	int64_t ns;

	if (!whole || whole == word.len || word.p[whole] != '.')
		return false;
	fraction = digits(word, whole + 1);
	if ((fraction != 6 && fraction != 9) || whole + 1 + fraction + 1 != word.len ||
	    word.p[word.len - 1] != ':')
		return false;
	if (num_parse_seconds((struct str){word.p, word.len - 1}, &ns))
		return false;
	*ret_ns = (uint64_t)ns;
	return true;
}

/* [001] */
static bool parse_cpu(struct str word, uint32_t *ret)
{
	uint64_t cpu;

	if (word.len < 5 || word.p[0] != '[' || word.p[word.len - 1] != ']' ||
	    num_parse_u64((struct str){word.p + 1, word.len - 2}, &cpu) || cpu > UINT32_MAX)
		return false;
	*ret = (uint32_t)cpu;
	return true;
}

static bool is_event(struct str word)
{
	return word.len > 1 && word.p[word.len - 1] == ':' && !is_digit(word.p[0]);
}

/* 1234 or 1234/1236; -1 stands for a task that is gone */
static bool parse_thread(struct str word, struct perfscript_head *h)
{
	const char *slash = memchr(word.p, '/', word.len);
	struct str pid = {word.p, slash ? (size_t)(slash - word.p) : 0};
	struct str tid = {word.p + pid.len + (slash != NULL), word.len - pid.len - (slash != NULL)};
	struct str none = STR_LIT("-1");

	if (!(is_number(tid) || str_eq(tid, none)) ||
	    (slash && !(is_number(pid) || str_eq(pid, none))))
		return false;
	h->pid = pid;
	h->tid = tid;
	return true;
}

/* Words `cnt` words in front: who it was. */
static void take_who(const struct words *w, size_t cnt, struct perfscript_head *h)
{
	const char *begin = w->line.p;

	if (!cnt)
		return;
	h->who = (struct str){begin, (size_t)(w->at[cnt - 1].p + w->at[cnt - 1].len - begin)};
	if (parse_thread(w->at[cnt - 1], h))
		cnt--;
	if (cnt)
		h->comm = (struct str){
			w->at[0].p, (size_t)(w->at[cnt - 1].p + w->at[cnt - 1].len - w->at[0].p)};
}

/* The letters of -F misc: user, kernel, guest, …, exec, switched out. */
static bool is_misc(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!strchr("KUHGgEeMSp", word.p[i]))
			return false;
	return word.len <= 4;
}

/* Who, then perhaps a CPU, then perhaps letters of -F misc: all that stands before the time. */
static void take_front(const struct words *w, size_t cnt, struct perfscript_head *h)
{
	struct perfscript_head unused;

	if (cnt >= 2 && is_misc(w->at[cnt - 1]) &&
	    (parse_cpu(w->at[cnt - 2], &h->cpu) || parse_thread(w->at[cnt - 2], &unused)))
		cnt--;
	if (cnt && parse_cpu(w->at[cnt - 1], &h->cpu)) {
		h->has_cpu = true;
		cnt--;
	}
	take_who(w, cnt, h);
}

/* Perhaps a period, perhaps an event, then the rest. */
static void take_back(const struct words *w, size_t from, struct perfscript_head *h)
{
	size_t at = from;
	const char *end = w->line.p + w->line.len;

	if (at < w->cnt && is_number(w->at[at]) && (at + 1 == w->cnt || is_event(w->at[at + 1]))) {
		h->has_period = !num_parse_u64(w->at[at], &h->period);
		at++;
	}
	if (at < w->cnt && is_event(w->at[at])) {
		h->event = (struct str){w->at[at].p, w->at[at].len - 1};
		at++;
	}
	if (at < w->cnt)
		h->rest = (struct str){w->at[at].p, (size_t)(end - w->at[at].p)};
}

/* Columns that a word takes with the blanks before it, but for the one that parts it. */
static size_t width(const struct words *w, size_t i)
{
	const char *before = i ? w->at[i - 1].p + w->at[i - 1].len : w->line.p;

	return (size_t)(w->at[i].p - before) - (i != 0) + w->at[i].len;
}

static bool is_cpu(struct str word)
{
	uint32_t cpu;

	return parse_cpu(word, &cpu);
}

/* The first such word that follows a number, as it does unless -F left that out; else the first. */
static size_t find_word(const struct words *w, bool (*is_it)(struct str word))
{
	struct perfscript_head unused;
	size_t first = w->cnt;

	for (size_t i = 0; i < w->cnt; i++) {
		if (!is_it(w->at[i]))
			continue;
		if (i && parse_thread(w->at[i - 1], &unused))
			return i;
		if (first == w->cnt)
			first = i;
	}
	return first;
}

/* Neither time nor CPU: the event is all that is certain, if it is there. */
static void take_weak(const struct words *w, struct perfscript_head *h)
{
	struct perfscript_head unused;
	size_t who = find_word(w, is_event);

	if (who && who < w->cnt && is_number(w->at[who - 1]) && width(w, who - 1) >= PERIOD_WIDTH &&
	    (who < 2 || parse_thread(w->at[who - 2], &unused)))
		who--;
	take_back(w, who, h);
	take_who(w, who, h);
	/* with nothing behind it, a number may as well be the end of the name */
	if (who == w->cnt && h->tid.len && !h->pid.len && width(w, who - 1) < THREAD_WIDTH) {
		h->tid = STR_LIT("");
		h->comm = str_trim(h->who);
	}
}

bool perfscript_parse_head(struct str line, struct perfscript_head *ret)
{
	struct str none = STR_LIT("");
	struct perfscript_head h = {
		.who = none, .comm = none, .pid = none, .tid = none, .event = none, .rest = none};
	struct words w;
	size_t at = 0;

	split(line, &w);
	if (!w.cnt)
		return false;
	while (at < w.cnt && !parse_time(w.at[at], &h.time_ns))
		at++;
	h.has_time = at < w.cnt;
	if (!h.has_time) {
		at = find_word(&w, is_cpu);
		h.has_cpu = at < w.cnt && parse_cpu(w.at[at], &h.cpu);
	}
	if (at == w.cnt) {
		take_weak(&w, &h);
	} else {
		if (h.has_time)
			take_front(&w, at, &h);
		else
			take_who(&w, at, &h);
		take_back(&w, at + 1, &h);
	}
	*ret = h;
	return true;
}

bool perfscript_is_strong(const struct perfscript_head *h)
{
	return h->has_time || h->has_cpu || h->event.len;
}

static struct str trim_end(struct str s)
{
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool ends(struct str s, struct str with)
{
	return s.len >= with.len && !memcmp(s.p + s.len - with.len, with.p, with.len);
}

static bool cut_end(struct str *s, struct str end)
{
	if (!ends(*s, end))
		return false;
	s->len -= end.len;
	*s = trim_end(*s);
	return true;
}

/* Where the bracket that closes at the end was opened; s.len when it never was. */
static size_t find_open(struct str s)
{
	size_t depth = 0;

	for (size_t i = s.len; i--;) {
		if (s.p[i] == ')')
			depth++;
		else if (s.p[i] == '(' && !--depth)
			return i;
	}
	return s.len;
}

/*
 * Takes "(module)" off the end. It has a blank before it, which the arguments of a function have
 * not; a path may hold brackets itself, in pairs as a rule.
 */
static struct str cut_module(struct str *s)
{
	struct str module;
	size_t open;

	if (!ends(*s, STR_LIT(")")))
		return STR_LIT("");
	open = find_open(*s);
	if (open == s->len || (open && !is_blank(s->p[open - 1]))) {
		for (open = s->len - 1; open; open--)
			if (s->p[open] == '(' && is_blank(s->p[open - 1]))
				break;
		if (!open)
			return STR_LIT("");
	}
	module = (struct str){s->p + open + 1, s->len - open - 2};
	*s = trim_end((struct str){s->p, open});
	(void)cut_end(&module, STR_LIT("(deleted)"));
	return module;
}

static struct str cut_offset(struct str symbol)
{
	const char *plus = symbol.len ? memrchr(symbol.p, '+', symbol.len) : NULL;
	uint64_t offset;

	if (plus && symbol.p + symbol.len - plus > 3 && plus[1] == '0' && plus[2] == 'x' &&
	    !num_parse_hex((struct str){plus + 3, (size_t)(symbol.p + symbol.len - plus) - 3},
			   &offset))
		symbol.len = (size_t)(plus - symbol.p);
	return symbol;
}

bool perfscript_parse_frame(struct str text, struct perfscript_frame *ret)
{
	bool indented = text.len && is_blank(text.p[0]);
	struct str s = str_trim(text), word = s;
	struct perfscript_frame f = {0};

	for (word.len = 0; word.len < s.len && !is_blank(s.p[word.len]);)
		word.len++;
	f.has_ip = word.len <= 16 && !num_parse_hex(word, &f.ip);
	if (f.has_ip)
		s = str_trim((struct str){s.p + word.len, s.len - word.len});
	else if (!indented || !s.len)
		return false;
	f.is_inlined = cut_end(&s, STR_LIT("(inlined)"));
	f.module = f.is_inlined ? STR_LIT("") : cut_module(&s);
	f.symbol = cut_offset(s);
	*ret = f;
	return true;
}
