// SPDX-License-Identifier: Apache-2.0
/*
 * A rule finds its mark anywhere in a name, takes the digits behind it, and cuts them out, or the
 * mark with them. Digits that run into a word are none: func1x is somebody's own name.
 */
#include "diff/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/builder.h"

#define MAX_NAME ((size_t)1 << 30)

enum digits {
	NONE,	 /* the mark alone, where a word ends */
	DECIMAL, /* 12 */
	DOTTED,	 /* 12, 12.1.3 */
	HEX,
};

enum how {
	KEEP_MARK = 0,
	DROP_MARK = 1,
	AFTER_WORD = 2, /* digits and a $ stand behind a word that follows the mark */
	ONE_OF = 4,	/* not digits, but one of V8's marks for a tier */
	AT_END = 8,	/* of the name only */
	DROP_LAST = 16, /* of the mark its last byte */
};

struct rule {
	const char *mark;
	enum digits digits;
	unsigned int how;
	size_t min, max;   /* digits; max 0: any number */
	const char *needs; /* somewhere else in the name; NULL: nothing */
};

static const struct rule lambda_rules[] = {
	/* JVM */
	{"/0x", HEX, DROP_MARK, 1, 0, "$"},
	{".0x", HEX, DROP_MARK, 1, 0, "$"},
	{"$$Lambda$", DECIMAL, DROP_LAST, 1, 0, NULL},
	{"/", DECIMAL, DROP_MARK, 1, 0, "$$Lambda/"},
	{"lambda$", DECIMAL, AFTER_WORD, 1, 0, NULL},
	{"MethodAccessor", DECIMAL, KEEP_MARK, 1, 0, NULL},
	{"ConstructorAccessor", DECIMAL, KEEP_MARK, 1, 0, NULL},
	{"$Proxy", DECIMAL, KEEP_MARK, 1, 0, NULL},
	/* C++ and Rust */
	{"#", DECIMAL, DROP_MARK, 1, 0, "{"},
	{"'lambda", DECIMAL, KEEP_MARK, 1, 0, NULL},
	{"::$_", DECIMAL, KEEP_MARK, 1, 0, NULL},
	{"::h", HEX, DROP_MARK | AT_END, 16, 16, NULL},
	/* Go */
	{".func", DOTTED, KEEP_MARK, 1, 0, NULL},
	{".gowrap", DECIMAL, KEEP_MARK, 1, 0, NULL},
	{".deferwrap", DECIMAL, KEEP_MARK, 1, 0, NULL},
	/* copies that compilers make of a function */
	{".llvm.", DECIMAL, DROP_MARK, 1, 0, NULL},
	{".constprop.", DECIMAL, DROP_MARK, 1, 0, NULL},
	{".isra.", DECIMAL, DROP_MARK, 1, 0, NULL},
	{".part.", DECIMAL, DROP_MARK, 1, 0, NULL},
	{".lto_priv.", DECIMAL, DROP_MARK, 1, 0, NULL},
	{".cold.", DECIMAL, DROP_MARK, 1, 0, NULL},
	{".cold", NONE, DROP_MARK | AT_END, 0, 0, NULL},
	/* V8: which tier compiled it */
	{"LazyCompile:", NONE, ONE_OF, 0, 0, NULL},
	{"Function:", NONE, ONE_OF, 0, 0, NULL},
	{"Script:", NONE, ONE_OF, 0, 0, NULL},
	{"JS:", NONE, ONE_OF, 0, 0, NULL},
	/* GraalVM native image: a digest of the signature */
	{"_", HEX, DROP_MARK | AT_END, 40, 40, NULL},
};

static bool is_decimal(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_decimal(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_word(char c)
{
	return is_decimal(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

/* ---- one rule ---- */

static size_t skip_digits(struct str s, size_t at, enum digits digits)
{
	size_t from = at;

	while (at < s.len && (digits == HEX ? is_hex(s.p[at]) : is_decimal(s.p[at])))
		at++;
	while (digits == DOTTED && at > from && at + 1 < s.len && s.p[at] == '.' &&
	       is_decimal(s.p[at + 1]))
		for (at++; at < s.len && is_decimal(s.p[at]); at++)
			;
	return at;
}

/* Bytes [*from, *until) are to go, for a mark that ends at `at`. */
static bool find_cut(const struct rule *rule, struct str s, size_t at, size_t *from, size_t *until)
{
	size_t first = at, end;

	if (rule->how & ONE_OF) {
		*from = at;
		*until = at + 1;
		return at + 1 < s.len && memchr("*~^+", s.p[at], 4);
	}
	if (rule->how & AFTER_WORD) {
		while (first < s.len && is_word(s.p[first]))
			first++;
		if (first == at || first == s.len || s.p[first] != '$')
			return false;
		first++;
	}
	end = skip_digits(s, first, rule->digits);
	if (end - first < rule->min || (rule->max && end - first > rule->max) ||
	    (end < s.len && (is_word(s.p[end]) || rule->how & AT_END)))
		return false;
	*from = rule->how & AFTER_WORD	? first - 1
		: rule->how & DROP_MARK ? at - strlen(rule->mark)
		: rule->how & DROP_LAST ? at - 1
					: first;
	*until = end;
	return true;
}

/* Writes what is left of s; false when the rule has nothing to do with it. */
static bool apply_rule(const struct rule *rule, struct str s, struct buf *out)
{
	size_t mark_len = strlen(rule->mark), done = 0, from, until;
	const char *hit;

	if (rule->needs && (!s.len || !memmem(s.p, s.len, rule->needs, strlen(rule->needs))))
		return false;
	buf_clear(out);
	for (size_t at = 0;
	     at < s.len && (hit = memmem(s.p + at, s.len - at, rule->mark, mark_len));
	     at = (size_t)(hit - s.p) + 1) {
		size_t behind = (size_t)(hit - s.p) + mark_len;

		if (!find_cut(rule, s, behind, &from, &until) || from < done)
			continue;
		buf_add(out, s.p + done, from - done);
		done = until;
	}
	if (done)
		buf_add(out, s.p + done, s.len - done);
	return done;
}

/* ---- the other kinds ---- */

static bool strip_hex(struct str s, struct buf *out)
{
	bool any = false, has_decimal = false, all = s.len >= 8;
	size_t done = 0;

	for (size_t i = 0; i < s.len && all; i++) {
		all = is_hex(s.p[i]);
		has_decimal |= is_decimal(s.p[i]);
	}
	buf_clear(out);
	if (all && has_decimal) {
		buf_addstr(out, "0x...");
		return true;
	}
	for (size_t i = 0; i + 2 < s.len; i++) {
		size_t end;

		if (s.p[i] != '0' || (s.p[i + 1] | 0x20) != 'x' || !is_hex(s.p[i + 2]))
			continue;
		end = skip_digits(s, i + 2, HEX);
		buf_add(out, s.p + done, i - done);
		buf_addstr(out, "0x...");
		done = end;
		i = end - 1;
		any = true;
	}
	if (any)
		buf_add(out, s.p + done, s.len - done);
	return any;
}

/* "[main tid=12]" and "[tid=12]": async-profiler's frames for threads. */
static bool strip_tid(struct str s, struct buf *out)
{
	static const char mark[] = "tid=";
	const char *hit = s.len ? memmem(s.p, s.len, mark, sizeof(mark) - 1) : NULL;
	size_t from, end;

	if (!hit || s.p[0] != '[')
		return false;
	from = (size_t)(hit - s.p);
	end = skip_digits(s, from + sizeof(mark) - 1, DECIMAL);
	if (end + 1 != s.len || s.p[end] != ']')
		return false;
	while (from > 1 && s.p[from - 1] == ' ')
		from--;
	buf_clear(out);
	buf_add(out, s.p, from);
	buf_addstr(out, from == 1 ? "thread]" : "]");
	return true;
}

/* Where "-123" or "-123/456" at the end begins; the length if there is none. */
static size_t ids_begin(struct str s)
{
	size_t at = s.len, end;

	for (int i = 0; i < 2; i++) {
		end = at;
		while (at && is_decimal(s.p[at - 1]))
			at--;
		if (at == end || at < 2)
			return s.len;
		if (s.p[at - 1] == '-')
			return at - 1;
		if (i || s.p[at - 1] != '/')
			return s.len;
		at--;
	}
	return s.len;
}

/* ---- all of them ---- */

void names_init(struct names *n, const struct names_rules *rules)
{
	*n = (struct names){.rules = *rules};
	buf_init(&n->scratch[0], MAX_NAME);
	buf_init(&n->scratch[1], MAX_NAME);
}

void names_release(struct names *n)
{
	buf_release(&n->scratch[0]);
	buf_release(&n->scratch[1]);
}

bool names_any(const struct names_rules *rules)
{
	return rules->strip_hex || rules->merge_lambdas || rules->strip_ids || rules->by_line;
}

struct str names_apply(struct names *n, struct str s, bool is_label)
{
	struct str whole = s;
	int to = 0;

	for (size_t i = 0; n->rules.merge_lambdas && i < ARRAY_SIZE(lambda_rules); i++) {
		if (!apply_rule(&lambda_rules[i], s, &n->scratch[to]))
			continue;
		s = buf_str(&n->scratch[to]);
		to = !to;
	}
	if (n->rules.strip_ids && strip_tid(s, &n->scratch[to])) {
		s = buf_str(&n->scratch[to]);
		to = !to;
	}
	if (n->rules.strip_ids && is_label)
		s.len = ids_begin(s);
	if (n->rules.strip_hex && strip_hex(s, &n->scratch[to]))
		s = buf_str(&n->scratch[to]);
	/* nothing is left, or no memory for it: then it stays what it was */
	return s.len && !n->scratch[0].error && !n->scratch[1].error ? s : whole;
}

struct str names_no_label(struct str key, char none[128])
{
	(void)snprintf(none, 128, "[no %.*s]", (int)key.len, key.p);
	return str_of(none);
}

/* ---- a whole profile ---- */

struct renaming {
	const struct profile *p;
	struct names names;
	struct builder *b;
	uint32_t *frames, *nodes, *series; /* old number -> new one */
};

/* "burn src/a.c:42"; the name as it is where the line is unknown. */
static struct str name_line(struct buf *out, struct str name, const struct source_line *at)
{
	if (!at->line)
		return name;
	buf_clear(out);
	buf_add(out, name.p, name.len);
	buf_addch(out, ' ');
	buf_add(out, at->file.p, at->file.len);
	buf_addch(out, ':');
	buf_addu64(out, at->line);
	return buf_error(out) ? name : buf_str(out);
}

static int rename_frames(struct renaming *r)
{
	const struct profile *p = r->p;
	struct buf with_line;
	int error = 0;

	buf_init(&with_line, MAX_NAME);
	for (uint32_t i = 1; !error && i < p->frame_cnt; i++) {
		const struct frame *f = &p->frames[i];
		const struct frame_line *line = &p->lines[f->line];
		struct source_line at = {profile_str(p, line->file), line->line, line->start};
		struct str name = names_apply(&r->names, profile_str(p, f->name), false);

		if (r->names.rules.by_line)
			name = name_line(&with_line, name, &at);
		error = builder_frame_at(r->b, name, profile_str(p, f->module),
					 (enum frame_kind)f->kind, &at, &r->frames[i]);
	}
	buf_release(&with_line);
	for (uint32_t i = 1; !error && i < p->node_cnt; i++)
		error = builder_stack(r->b, r->nodes[p->nodes[i].parent],
				      r->frames[p->nodes[i].frame], &r->nodes[i]);
	return error;
}

static bool is_named(struct str key)
{
	return str_eq(key, STR_LIT(LABEL_PROCESS)) || str_eq(key, STR_LIT(LABEL_COMM)) ||
	       str_eq(key, STR_LIT("thread"));
}

static int rename_series(struct renaming *r, uint32_t number)
{
	const struct profile *p = r->p;
	const struct series *s = &p->series[number];
	struct str(*labels)[2] = calloc((size_t)s->label_cnt + 1, sizeof(*labels));
	struct buf kept; /* a label's new text lives until the next one's */
	int error = labels ? 0 : -ENOMEM;
	size_t at = 0;

	buf_init(&kept, MAX_NAME);
	for (uint32_t i = 0; !error && i < s->label_cnt; i++) {
		const struct label *l = &p->labels[s->first_label + i];
		struct str value = profile_str(p, l->value);

		labels[i][0] = profile_str(p, l->key);
		if (is_named(labels[i][0]))
			value = names_apply(&r->names, value, true);
		buf_add(&kept, value.p, value.len);
		labels[i][1] = (struct str){NULL, value.len};
	}
	error = error ? error : buf_error(&kept);
	for (uint32_t i = 0; !error && i < s->label_cnt; i++) {
		labels[i][1].p = labels[i][1].len ? kept.data + at : "";
		at += labels[i][1].len;
	}
	if (!error)
		error = builder_series(r->b, (const struct str(*)[2])labels, s->label_cnt,
				       &r->series[number]);
	buf_release(&kept);
	free(labels);
	return error;
}

static int rename_all(struct renaming *r)
{
	const struct profile *p = r->p;
	int error;

	r->b = builder_new(&builder_limits_file, p->unit);
	r->frames = calloc((size_t)p->frame_cnt + 1, sizeof(*r->frames));
	r->nodes = calloc((size_t)p->node_cnt + 1, sizeof(*r->nodes));
	r->series = calloc((size_t)p->series_cnt + 1, sizeof(*r->series));
	if (!r->b || !r->frames || !r->nodes || !r->series)
		return -ENOMEM;
	error = rename_frames(r);
	for (uint32_t i = 0; !error && i < p->series_cnt; i++)
		error = rename_series(r, i);
	for (size_t i = 0; !error && i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		error = builder_sample(r->b, r->series[s->series], r->nodes[s->node], s->weight,
				       s->cnt);
	}
	if (!error)
		builder_add_header(r->b, p);
	return error;
}

int names_rename(const struct profile *p, const struct names_rules *rules, struct profile **ret)
{
	struct renaming r = {.p = p};
	int error;

	names_init(&r.names, rules);
	error = rename_all(&r);
	if (!error)
		error = builder_seal(r.b, ret);
	builder_free(r.b);
	names_release(&r.names);
	free(r.frames);
	free(r.nodes);
	free(r.series);
	return error;
}
