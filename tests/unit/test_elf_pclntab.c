// SPDX-License-Identifier: Apache-2.0
/*
 * Go programs of several kinds, stripped, are compared with their unstripped twins, which Go's own
 * tools and readelf take apart: every name, every frame size.
 */
#include <elf.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/num.h"
#include "base/text.h"
#include "elf/leaf.h"
#include "elf/pclntab.h"
#include "unit/go_programs.h"
#include "unit/pclntab_rows.h"
#include "unit/tap.h"
#include "unit/build_rules.h"

struct function {
	uint64_t start, end;
	char name[256];
};

struct functions {
	struct function *list;
	size_t cnt, cap;
};

static int add_function(void *arg, uint64_t start, uint64_t end, struct str name)
{
	struct functions *f = arg;
	struct function *one;

	if (f->cnt == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 4096;
		f->list = realloc(f->list, f->cap * sizeof(*f->list));
	}
	one = &f->list[f->cnt++];
	one->start = start;
	one->end = end;
	snprintf(one->name, sizeof(one->name), "%.*s", (int)name.len, name.p);
	return 0;
}

static int count_function(void *arg, uint64_t start, uint64_t end, struct str name)
{
	++*(size_t *)arg;
	return 0;
}

static int stop_at_once(void *arg, uint64_t start, uint64_t end, struct str name)
{
	return -ECANCELED;
}

static const struct function *function_at(const struct functions *f, uint64_t start)
{
	for (size_t low = 0, high = f->cnt; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (f->list[middle].start == start)
			return &f->list[middle];
		if (f->list[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* A copy of a file in memory, to be damaged. */
static int copy_of(const char *path, uint8_t **ret_bytes, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), copy = memfd_create("copy", MFD_CLOEXEC);
	struct stat st;

	if (fd < 0 || copy < 0 || fstat(fd, &st) || ftruncate(copy, st.st_size)) {
		printf("Bail out! cannot copy %s\n", path);
		exit(1);
	}
	*ret_len = (size_t)st.st_size;
	*ret_bytes = mmap(NULL, *ret_len, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
	if (*ret_bytes == MAP_FAILED || read(fd, *ret_bytes, *ret_len) != st.st_size) {
		printf("Bail out! cannot read %s\n", path);
		exit(1);
	}
	close(fd);
	return copy;
}

static struct pclntab *open_table(int fd)
{
	struct pclntab *t = NULL;
	struct elf_file file;

	return !elf_file_init(&file, fd) && !pclntab_open(&file, &t) ? t : NULL;
}

/*
 * Is this how a traceback prints a symbol? Symbols say which calling convention it has; tables leave
 * out type arguments, those of Go 1.18 and 1.19 also the lengths of arrays.
 */
static bool is_printed(const char *printed, char *symbol)
{
	static const char *const endings[] = {".abi0", ".abiinternal"};
	const char *dots = strstr(printed, "[...]"), *close = strrchr(symbol, ']');
	size_t len = strlen(symbol), before = dots ? (size_t)(dots - printed) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !strcmp(symbol + len - n, endings[i]))
			symbol[len - n] = '\0';
	}
	if (!dots)
		return !strcmp(printed, symbol);
	return close && !strncmp(printed, symbol, before) && symbol[before] == '[' &&
	       !strcmp(close + 1, dots + 5);
}

/* The next word of a line; empty at its end. */
static struct str word(struct str *line)
{
	struct str w = {line->p, 0};

	while (line->len && (*line->p == ' ' || *line->p == '\n'))
		line->p++, line->len--;
	w.p = line->p;
	while (line->len && *line->p != ' ' && *line->p != '\n')
		line->p++, line->len--, w.len++;
	return w;
}

/* A line of `go tool nm`: "  401000   89 T internal/cpu.Initialize"; only of code. */
static bool read_symbol(const char *text, uint64_t *ret_at, uint64_t *ret_size, char name[256])
{
	struct str line = str_of(text), at = word(&line), size = word(&line), kind = word(&line);

	line = str_trim(line);
	snprintf(name, 256, "%.*s", (int)line.len, line.p);
	return !num_parse_hex(at, ret_at) && !num_parse_u64(size, ret_size) && kind.len == 1 &&
	       (kind.p[0] == 'T' || kind.p[0] == 't') && strcmp(name, "runtime.text") &&
	       strcmp(name, "runtime.etext");
}

/* Every function that `go tool nm` has in the code that the table is about. */
static void compare_names(const struct functions *f, const char *twin)
{
	size_t asked = 0, missing = 0, misnamed = 0, too_long = 0;
	char command[512], line[2048], name[256];
	uint64_t at, size;
	FILE *nm;

	snprintf(command, sizeof(command), "tool nm -n -size %s >nm && true", twin);
	ok(go_run("", command), "go tool nm");
	nm = fopen(tmpdir_at("nm"), "r");
	while (nm && fgets(line, sizeof(line), nm)) {
		const struct function *one;

		if (!read_symbol(line, &at, &size, name) || at < f->list[0].start ||
		    at >= f->list[f->cnt - 1].end)
			continue;
		asked++;
		one = function_at(f, at);
		missing += !one;
		if (one && !strstr(one->name, "\xc2\xb7") && !is_printed(one->name, name) &&
		    !misnamed++)
			printf("# %#" PRIx64 " is '%s', want '%s'\n", at, one->name, name);
		too_long += one && at + size > one->end;
	}
	if (nm)
		fclose(nm);
	ok(asked > 900, "go tool nm knows %zu functions", asked);
	is_u64(asked, f->cnt, "and so do we");
	is_u64(missing, 0, "each is there");
	is_u64(misnamed, 0, "by its name");
	is_u64(too_long, 0, "and not longer than we think");
}

/* A number after a sign: 32 in "rsp+32", -8 in "c-8". */
static bool read_offset(struct str s, char sign, int64_t *ret)
{
	while (s.len && *s.p != sign)
		s.p++, s.len--;
	if (s.len && sign == '+')
		s.p++, s.len--;
	return !num_parse_i64(s, ret);
}

/* The CFA is "rsp+32" or "sp+32"; the return address "c-8", or "s" (still in its register). */
static bool is_row(const struct unwind_rule *rule, struct str cfa, struct str ra, bool is_arm64)
{
	int64_t offset, at;

	if (!read_offset(cfa, '+', &offset) || unwind_rule_offset(rule) != offset)
		return false;
	if (!read_offset(ra, '-', &at))
		return is_arm64 && rule->other == UNWIND_SAME;
	return is_arm64 ? rule->other == at / 8 : at == -8 && rule->other == UNWIND_LOST;
}

struct frame_check {
	const struct rows *rows;
	size_t asked, wrong, none, ends;
	bool is_arm64;
};

/* One row of readelf's, asked for at one address where it holds. */
static void check_row(struct frame_check *c, uint64_t at, struct str cfa, struct str ra)
{
	const struct row *row = rows_at(c->rows, at);
	enum unwind_cfa kind = unwind_rule_kind(&row->rule);

	c->asked++;
	c->none += kind == UNWIND_CFA_NONE;
	c->ends += kind == UNWIND_CFA_END;
	if (kind == UNWIND_CFA_SP && !is_row(&row->rule, cfa, ra, c->is_arm64) && !c->wrong++)
		printf("# at %#" PRIx64 ": want %.*s\n", at, (int)cfa.len, cfa.p);
}

/* Every row of readelf's view of the twin's .debug_frame, where it begins and where it ends. */
static void compare_frames(const struct rows *rows, const struct functions *f, const char *twin,
			   bool is_arm64)
{
	struct frame_check c = {.rows = rows, .is_arm64 = is_arm64};
	char command[512], texts[2][512];
	uint64_t from = 0, at, last = 0;
	bool has_before = false;
	struct str before_cfa, before_ra;
	FILE *readelf;

	snprintf(command, sizeof(command), "readelf --debug-dump=frames-interp %s 2>/dev/null",
		 twin);
	readelf = popen(command, "r");
	for (size_t i = 0; readelf && fgets(texts[i & 1], sizeof(texts[0]), readelf); i++) {
		const char *text = texts[i & 1], *pc = strstr(text, " pc=");
		struct str line = str_of(text), first = word(&line), cfa = word(&line),
			   ra = word(&line);

		if (pc && num_parse_hex((struct str){pc + 4, strcspn(pc + 4, ".")}, &from))
			from = 0;
		if (pc || first.len != 16 || num_parse_hex(first, &at) || !function_at(f, from)) {
			has_before = false;
			continue;
		}
		if (has_before && at > last) /* the last row of a function may be empty */
			check_row(&c, at - 1, before_cfa, before_ra);
		check_row(&c, at, cfa, ra);
		before_cfa = cfa;
		before_ra = ra;
		last = at;
		has_before = true;
	}
	if (readelf)
		pclose(readelf);
	ok(c.asked > 8000, "readelf knows %zu places", c.asked);
	is_u64(c.wrong, 0, "each agrees");
	ok(c.none < c.asked / 50 && c.ends > 3 && c.ends < 50,
	   "but for %zu without a rule, and %zu where stacks end", c.none, c.ends);
}

static bool is_saved(const struct row *row, bool is_arm64)
{
	int64_t at = -2;

	if (is_arm64)
		at = -unwind_rule_offset(&row->rule) / 8 - 1;
	return row->rule.fp == at;
}

/* What the tables of the twin do not say. */
static void check_rules(const struct rows *rows, const struct functions *f, bool is_arm64)
{
	static const char *const outermost[] = {"runtime.goexit", "runtime.mstart",
						"runtime.rt0_go"};
	static const char *const switches[] = {"runtime.mcall", "runtime.systemstack"};
	size_t saved = 0, framed = 0;

	for (size_t i = 0; i < f->cnt; i++) {
		const struct row *row = rows_at(rows, f->list[i].start);

		for (size_t k = 0; k < ARRAY_SIZE(outermost); k++)
			if (!strcmp(f->list[i].name, outermost[k]))
				ok(unwind_rule_kind(&row->rule) == UNWIND_CFA_END,
				   "%s is outermost", outermost[k]);
		for (size_t k = 0; k < ARRAY_SIZE(switches); k++)
			if (!strcmp(f->list[i].name, switches[k]))
				ok(unwind_rule_kind(&row->rule) == UNWIND_CFA_NONE,
				   "%s goes elsewhere", switches[k]);
		if (!strcmp(f->list[i].name, "main.leaf"))
			ok(unwind_rule_kind(&row->rule) == UNWIND_CFA_SP && !row->rule.fp &&
				   row[1].at >= f->list[i].start + 8,
			   "main.leaf has no frame");
	}
	for (size_t i = 0; i < rows->cnt; i++) {
		framed += unwind_rule_offset(&rows->rows[i].rule) > 8;
		saved += unwind_rule_offset(&rows->rows[i].rule) > 8 &&
			 is_saved(&rows->rows[i], is_arm64);
	}
	ok(saved > framed / 3 && saved < framed, "in %zu of %zu rows the frame pointer is saved",
	   saved, framed);
}

/* A piece is what the whole has there. */
static void compare_pieces(struct pclntab *t, const struct rows *all, const struct functions *f)
{
	uint64_t low = f->list[0].start - 100, high = f->list[f->cnt - 1].end + 100;
	uint64_t step = (high - low) / 97 | 1;
	size_t wrong = 0, pieces = 0;
	struct rows piece = {0};

	for (uint64_t from = low; from < high; from += step, pieces++) {
		uint64_t to = from + (pieces % 3 ? step / 3 : 5000);

		piece.cnt = 0;
		wrong += pclntab_rows(t, from, to, rows_add, &piece) || !piece.cnt ||
			 piece.rows[0].at != from;
		for (size_t i = 0; i < piece.cnt; i++) {
			uint64_t end = i + 1 < piece.cnt ? piece.rows[i + 1].at : to;
			const struct row *row = rows_at(all, piece.rows[i].at);

			wrong += end <= piece.rows[i].at ||
				 !unwind_rule_equal(&row->rule, &piece.rows[i].rule) ||
				 rows_at(all, end - 1) != row;
		}
	}
	ok(pieces > 90, "%zu pieces", pieces);
	is_u64(wrong, 0, "are as the whole");
	is_i64(pclntab_rows(t, high, low, rows_add, &piece), 0, "nothing is a piece too");
	free(piece.rows);
}

struct leaves {
	struct elf_file file;
	struct buf buf;
};

/* The rule that the agent is given for an address; NULL when it gets no leaf. */
static const struct unwind_rule *leaf_rule(struct leaves *l, uint64_t vaddr)
{
	uint64_t offset = 0, end;
	uint32_t size;

	if (!elf_file_code_offset(&l->file, vaddr, &offset, &end))
		return NULL;
	buf_clear(&l->buf);
	if (build_rules(&l->file, NULL, (uint32_t)(offset >> UNWIND_CHUNK_SHIFT), 1, &l->buf))
		return NULL;
	memcpy(&size, l->buf.data, sizeof(size));
	if (!size || !leaf_is_valid(l->buf.data + sizeof(size), size))
		return NULL;
	memmove(l->buf.data, l->buf.data + sizeof(size), size); /* aligned */
	return leaf_find((const struct unwind_leaf *)(const void *)l->buf.data,
			 (uint32_t)(offset % UNWIND_CHUNK));
}

/*
 * What the agent gets for the unstripped twin is what the table says, also where it has no rule and
 * the twin's .debug_frame would have one.
 */
static void test_leaves(const char *twin, const struct functions *f, const struct rows *rows)
{
	size_t asked = 0, wrong = 0, signals = 0;
	int fd = open(twin, O_RDONLY | O_CLOEXEC);
	struct leaves l;

	buf_init(&l.buf, RULES_MAX_BYTES);
	ok(!elf_file_init(&l.file, fd), "the twin");
	for (size_t i = 0; i < f->cnt; i += 3) {
		const struct unwind_rule *want = &rows_at(rows, f->list[i].start)->rule;
		const struct unwind_rule *rule;

		rule = leaf_rule(&l, f->list[i].start);
		asked++;
		if (rule && unwind_rule_kind(rule) == UNWIND_CFA_SIGNAL)
			signals++;
		else if (!rule || !unwind_rule_equal(rule, want))
			wrong += rule || unwind_rule_kind(want) != UNWIND_CFA_NONE;
	}
	ok(asked > 300, "%zu functions by leaf", asked);
	is_u64(wrong, 0, "as the table says");
	ok(signals <= 1, "but for the way back from a signal");
	buf_release(&l.buf);
	close(fd);
}

static bool is_same_list(struct pclntab *t, const struct functions *want)
{
	struct functions f = {0};
	bool same = t && !pclntab_functions(t, add_function, &f) && f.cnt == want->cnt;

	for (size_t i = 0; same && i < f.cnt; i++)
		same = f.list[i].start == want->list[i].start &&
		       f.list[i].end == want->list[i].end &&
		       !strcmp(f.list[i].name, want->list[i].name);
	free(f.list);
	return same;
}

static Elf64_Ehdr *header_of(uint8_t *bytes)
{
	return (Elf64_Ehdr *)(void *)bytes;
}

/* The places of a word in the file. */
static size_t forget_word(uint8_t *bytes, size_t len, uint64_t word)
{
	size_t cnt = 0;

	for (size_t i = 0; i + 8 <= len; i += 8) {
		if (memcmp(bytes + i, &word, 8))
			continue;
		memset(bytes + i, 0, 8);
		cnt++;
	}
	return cnt;
}

/* Where the header of the table is. */
static size_t find_header(const uint8_t *bytes, size_t len)
{
	for (size_t i = len / 4; i + 80 < len; i += 8)
		if ((bytes[i] == 0xf0 || bytes[i] == 0xf1) &&
		    !memcmp(bytes + i + 1, "\xff\xff\xff\0", 5) && bytes[i + 7] == 8 &&
		    bytes[i + 72] < 128)
			return i;
	return 0;
}

/*
 * The same file without what made it easy: without section headers; without the address of the code
 * in the table's header, as Go writes it since 1.26; with addresses in relocations only, as other
 * linkers leave them.
 */
static void test_harder(const char *path, const struct functions *want, bool is_pie)
{
	struct pclntab *t = NULL;
	uint8_t *bytes;
	size_t len, header;
	uint64_t text;
	int fd = copy_of(path, &bytes, &len);

	header_of(bytes)->e_shoff = 0;
	header_of(bytes)->e_shnum = 0;
	header_of(bytes)->e_shstrndx = 0;
	ok(is_same_list(t = open_table(fd), want), "without section headers");
	pclntab_free(t);
	header = find_header(bytes, len);
	memcpy(&text, bytes + header + 24, sizeof(text));
	memset(bytes + header + 24, 0, 8);
	ok(is_same_list(t = open_table(fd), want), "without an address in the header");
	pclntab_free(t);
	if (is_pie) {
		for (size_t i = 0; i < want->cnt; i++)
			if (want->list[i].start == text)
				forget_word(bytes + header + 1000, len - header - 1000, text);
		ok(is_same_list(t = open_table(fd), want), "with relocations only");
		pclntab_free(t);
	}
	munmap(bytes, len);
	close(fd);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Are rows what the header promises, whatever the file says? */
static bool is_sane(const struct rows *r, uint64_t from, uint64_t to)
{
	if (!r->cnt || r->rows[0].at != from)
		return false;
	for (size_t i = 1; i < r->cnt; i++)
		if (r->rows[i].at <= r->rows[i - 1].at || r->rows[i].at >= to ||
		    unwind_rule_equal(&r->rows[i].rule, &r->rows[i - 1].rule))
			return false;
	return true;
}

static void test_damaged(const char *path, const struct functions *f)
{
	uint64_t low = f->list[0].start, size = f->list[f->cnt - 1].end - low;
	size_t len, header, opened = 0, insane = 0, names = 0;
	uint32_t state = 20240229;
	struct rows rows = {0};
	uint8_t *bytes, *good;
	int fd = copy_of(path, &bytes, &len);

	good = malloc(len);
	memcpy(good, bytes, len);
	header = find_header(bytes, len);
	for (size_t round = 0; round < 1500; round++) {
		size_t span = round % 3 == 0 ? 80 : round % 3 == 1 ? len - header : 512;
		size_t base = round % 3 == 2 ? 0 : header;
		struct pclntab *t;

		for (size_t i = 0; i < 1 + round % 40; i++)
			bytes[base + next_random(&state) % span] = (uint8_t)next_random(&state);
		t = open_table(fd);
		opened += !!t;
		for (size_t i = 0; t && i < 8; i++) {
			uint64_t from = low + next_random(&state) % size;

			rows.cnt = 0;
			insane += pclntab_rows(t, from, from + 8192, rows_add, &rows) != 0 ||
				  !is_sane(&rows, from, from + 8192);
		}
		if (t && round % 10 == 0)
			insane += pclntab_functions(t, count_function, &names) != 0;
		pclntab_free(t);
		memcpy(bytes, good, len);
	}
	ok(opened > 300 && opened < 1500, "%zu of 1500 damaged files are read", opened);
	ok(names > 10000, "for %zu names", names);
	is_u64(insane, 0, "rows stay in order");
	free(rows.rows);
	free(good);
	munmap(bytes, len);
	close(fd);
}

static const struct kind {
	const char *name, *env, *flags;
	bool is_arm64, is_pie;
} kinds[] = {
	{"exe", "CGO_ENABLED=0", "", false, false},
	{"pie", "CGO_ENABLED=0", "-buildmode=pie", false, true},
	{"linked", "CGO_ENABLED=1", "-buildmode=pie -ldflags=-linkmode=external", false, true},
	{"arm64", "CGO_ENABLED=0 GOARCH=arm64", "", true, false},
};

static void test_kind(const struct kind *kind)
{
	const char *twin = go_build(kind->env, kind->flags, kind->name), *path;
	struct functions f = {0};
	struct rows rows = {0};
	struct pclntab *t;
	char command[512];
	int fd;

	path = tmpdir_at("stripped");
	snprintf(command, sizeof(command),
		 "cd %s && rm -f stripped && cp %s stripped && "
		 "{ %s stripped 2>/dev/null || true; }",
		 tmpdir, kind->name, kind->is_arm64 ? "true" : "strip");
	if (!twin || system(command)) {
		tap_skip("no go here that builds this kind");
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	t = open_table(fd);
	if (!ok(t && !pclntab_functions(t, add_function, &f) && f.cnt > 900 &&
			!pclntab_rows(t, 0, UINT64_MAX, rows_add, &rows),
		"%s: %zu functions, %zu rows", kind->name, f.cnt, rows.cnt))
		return;
	is_u64(pclntab_cnt(t), f.cnt, "as many as it counts");
	is_i64(pclntab_functions(t, stop_at_once, NULL), -ECANCELED, "or fewer, when told so");
	compare_names(&f, twin);
	compare_frames(&rows, &f, twin, kind->is_arm64);
	check_rules(&rows, &f, kind->is_arm64);
	compare_pieces(t, &rows, &f);
	test_leaves(twin, &f, &rows);
	test_harder(path, &f, kind->is_pie);
	if (kind == kinds)
		test_damaged(path, &f);
	pclntab_free(t);
	free(rows.rows);
	free(f.list);
	close(fd);
}

/* Files that are not Go's say so. */
static void test_others(void)
{
	struct pclntab *t = NULL;
	struct elf_file file;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ok(!elf_file_init(&file, fd), "a program in C");
	is_i64(pclntab_open(&file, &t), -ENOENT, "has no such table");
	close(fd);
}

int main(void)
{
	tmpdir_make();
	test_others();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		test_kind(&kinds[i]);
	tmpdir_remove();
	return tap_done();
}
