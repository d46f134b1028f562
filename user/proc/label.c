// SPDX-License-Identifier: Apache-2.0
#include "proc/label.h"

#include <string.h>

#include "base/text.h"
#include "proc/label_kthread.h"
#include "proc/label_rules.h"

#define MAX_ARGS 512

struct args {
	struct str v[MAX_ARGS];
	size_t cnt;
	size_t next;
};

static bool str_is(struct str s, const char *lit)
{
	return str_eq(s, str_of(lit));
}

static bool starts_with(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && !memcmp(s.p, prefix, n);
}

static struct str skip_bytes(struct str s, size_t n)
{
	return (struct str){s.p + n, s.len - n};
}

static bool is_one_of(const char *list, struct str word)
{
	struct str rest = str_of(list), item;

	while (str_split(&rest, ' ', &item))
		if (item.len && str_eq(item, word))
			return true;
	return false;
}

static bool has_char(const char *set, char c)
{
	return c && strchr(set, c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Appends as much as fits; a cut never leaves a part of a UTF-8 sequence. */
static void add(struct label *l, struct str s)
{
	size_t room = LABEL_MAX - l->len, n = s.len;

	if (n > room)
		for (n = room; n && ((unsigned char)s.p[n] & 0xc0) == 0x80;)
			n--;
	if (n)
		memcpy(l->text + l->len, s.p, n);
	l->len += n;
	l->text[l->len] = '\0';
}

static void add_word(struct label *l, struct str s)
{
	if (!s.len)
		return;
	if (l->len)
		add(l, STR_LIT(" "));
	add(l, s);
}

static struct str without_deleted(struct str path)
{
	static const char mark[] = " (deleted)";
	size_t n = sizeof(mark) - 1;

	if (path.len > n && !memcmp(path.p + path.len - n, mark, n))
		path.len -= n;
	return path;
}

struct str label_base_name(struct str path)
{
	struct str s = without_deleted(path);
	const char *slash;

	if (starts_with(s,
			"/memfd:")) { /* "/memfd:runc_cloned:/proc/self/exe": a name, not a path */
		s = skip_bytes(s, 1);
		slash = memchr(s.p, '/', s.len);
		if (slash)
			s.len = (size_t)(slash - s.p);
		while (s.len > sizeof("memfd:") - 1 && s.p[s.len - 1] == ':')
			s.len--;
		return s;
	}
	while (s.len > 1 && s.p[s.len - 1] == '/')
		s.len--;
	slash = s.len ? memrchr(s.p, '/', s.len - (s.len > 0 && s.p[s.len - 1] == '/')) : NULL;
	return slash ? skip_bytes(s, (size_t)(slash + 1 - s.p)) : s;
}

bool label_is_loader(struct str path)
{
	struct str s = label_base_name(path);

	return starts_with(s, "ld-linux") || starts_with(s, "ld-musl-") ||
	       starts_with(s, "ld.so") || starts_with(s, "ld64.so") || starts_with(s, "ld-2.") ||
	       starts_with(s, "ld-uClibc");
}

/* python3.11 -> python3, perl5.36.0 -> perl5; only for interpreters. */
static struct str without_minor(struct str name)
{
	const char *dot = name.len ? memchr(name.p, '.', name.len) : NULL;

	if (dot && dot > name.p && is_digit(dot[-1]) && dot + 1 < name.p + name.len &&
	    is_digit(dot[1]))
		name.len = (size_t)(dot - name.p);
	return name;
}

/* A script that is found by its path is known by its name; "dir/" and "." are names too. */
static void add_script(struct label *l, const struct label_rule *rule, struct str script)
{
	/* bash <(…), or a script handed over as a descriptor: it has no name */
	if (starts_with(script, "/dev/fd/") || starts_with(script, "/proc/self/fd/"))
		return;
	if (rule->flags & LABEL_RULE_CLASS)
		add_word(l, script);
	else
		add_word(l, label_base_name(script));
}

/*
 * Of a command line only the name of its first command: what follows may hold passwords and changes
 * from run to run. Assignments and "exec" before it are stepped over; a script that begins with a
 * loop or a condition has none.
 */
static struct str first_command(struct str s)
{
	static const char *const syntax[] = {"while",  "until", "if", "for",  "case",
					     "select", "[",	"[[", "test", "!"};
	struct str word;
	size_t n;

	for (;;) {
		while (s.len && memchr(" \t\n(;{", s.p[0], 6))
			s = skip_bytes(s, 1);
		for (n = 0; n < s.len && !memchr(" \t\n;|&()<>\"'`$\\", s.p[n], 15);)
			n++;
		word = (struct str){s.p, n};
		if (!n)
			return word;
		if (memchr(word.p, '=', n)) { /* its value may be quoted */
			char quote = n < s.len && (s.p[n] == '"' || s.p[n] == '\'') ? s.p[n] : 0;
			const char *end = quote ? memchr(s.p + n + 1, quote, s.len - n - 1) : NULL;

			if (n < s.len && !end && !memchr(" \t\n;", s.p[n], 4))
				return (struct str){s.p, 0};
			s = end ? skip_bytes(s, (size_t)(end + 1 - s.p)) : skip_bytes(s, n);
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(syntax); i++)
			if (str_is(word, syntax[i]))
				return (struct str){s.p, 0};
		if (!str_is(word, "exec") && !str_is(word, "set") && !str_is(word, "-e"))
			return label_base_name(word);
		s = skip_bytes(s, n);
	}
}

static struct str next_arg(struct args *a)
{
	return a->next < a->cnt ? a->v[a->next++] : (struct str){"", 0};
}

/* "--jar X", "-m X": the option is part of the name. */
static bool special_option(const struct label_rule *rule, struct str arg, struct args *a,
			   struct label *l)
{
	if (rule->flags & LABEL_RULE_CLASS) {
		if (str_is(arg, "-jar"))
			add_word(l, label_base_name(next_arg(a)));
		else if (str_is(arg, "-m") || str_is(arg, "--module"))
			add_word(l, next_arg(a));
		else if (starts_with(arg, "--module="))
			add_word(l, skip_bytes(arg, strlen("--module=")));
		else
			return false;
		return true;
	}
	if (!strcmp(rule->name, "R") && (starts_with(arg, "--file=") || str_is(arg, "-f"))) {
		add_script(l, rule, arg.p[1] == '-' ? skip_bytes(arg, 7) : next_arg(a));
		return true;
	}
	if (!strcmp(rule->name, "php") && (str_is(arg, "-f") || str_is(arg, "--file"))) {
		add_script(l, rule, next_arg(a));
		return true;
	}
	return false;
}

static bool long_option(const struct label_rule *rule, struct str arg, struct args *a,
			struct label *l)
{
	if (is_one_of(rule->long_code, arg)) {
		add_word(l, arg);
		return true;
	}
	if (is_one_of(rule->long_values, arg))
		(void)next_arg(a);
	return false;
}

/* One "-abc"; true when it settled the label. */
static bool short_options(const struct label_rule *rule, struct str arg, struct args *a,
			  struct label *l, bool *is_command)
{
	bool is_python = !strcmp(rule->name, "python") || !strcmp(rule->name, "pypy");

	for (size_t i = 1; i < arg.len; i++) {
		struct str rest = skip_bytes(arg, i + 1);
		char c = arg.p[i], option[] = {'-', c, '\0'};

		if (has_char(rule->code, c)) {
			add_word(l, str_of(option));
			return true;
		}
		if (is_python && c == 'm') {
			add_word(l, STR_LIT("-m"));
			add_word(l, rest.len ? rest : next_arg(a));
			return true;
		}
		if (rule->flags & LABEL_RULE_SHELL && c == 'c')
			*is_command = true;
		if (has_char(rule->values, c)) {
			if (!rest.len || rule->flags & LABEL_RULE_SHELL)
				(void)next_arg(a);
			if (!(rule->flags & LABEL_RULE_SHELL))
				return false;
		}
		if (has_char(rule->attached, c) || !(rule->flags & LABEL_RULE_CLUSTER))
			return false;
	}
	return false;
}

/* Adds what the interpreter runs; nothing when it runs nothing that has a name. */
static void add_program(const struct label_rule *rule, struct args *a, struct label *l)
{
	bool is_command = false, is_shell = rule->flags & LABEL_RULE_SHELL;

	while (a->next < a->cnt) {
		struct str arg = next_arg(a);

		if (arg.len > 1 && (arg.p[0] == '-' || (is_shell && arg.p[0] == '+'))) {
			if (str_is(arg, "--")) {
				arg = next_arg(a);
			} else {
				if (special_option(rule, arg, a, l))
					return;
				if (arg.p[1] == '-' || is_one_of(rule->long_values, arg)) {
					if (long_option(rule, arg, a, l))
						return;
				} else if (short_options(rule, arg, a, l, &is_command)) {
					return;
				}
				continue;
			}
		} else if (is_one_of(rule->skip, arg)) {
			continue;
		} else if (rule->flags & LABEL_RULE_CLASS && arg.len && arg.p[0] == '@') {
			continue; /* a file of options */
		}
		if (is_command) {
			add_word(l, STR_LIT("-c"));
			add_word(l, first_command(arg));
		} else {
			add_script(l, rule, arg);
		}
		return;
	}
	if (is_command)
		add_word(l, STR_LIT("-c"));
}

/*
 * A script may have overwritten its arguments with a title ("gunicorn: master [app]", "puma 5.6.5
 * (tcp://…) [shop]"): its first word is what stays the same.
 */
static struct str title_word(const struct args *a, struct str interpreter)
{
	struct str s = a->cnt == 1 ? a->v[0] : (struct str){"", 0};
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != ':')
		n++;
	if (n == s.len || !n || s.p[0] == '-')
		return (struct str){"", 0};
	s = label_base_name((struct str){s.p, n});
	return str_eq(without_minor(s), interpreter) ? (struct str){"", 0} : s;
}

/*
 * For a #! script the kernel's name of the task is the script's; it is all there is when the
 * arguments are unknown.
 */
static struct str comm_script(const struct label_input *in, struct str base)
{
	size_t n = base.len < 15 ? base.len : 15; /* TASK_COMM_LEN - 1 */

	if (in->comm.len && !str_eq(in->comm, (struct str){base.p, n}) &&
	    !label_rule_of(without_minor(in->comm)))
		return in->comm;
	return (struct str){"", 0};
}

static void label_program(const struct label_input *in, struct str exe, struct args *a,
			  struct label *l);

/* Several programs in one file: which one it is, argv[0] says. */
static bool label_multicall(struct str base, const struct label_input *in, struct args *a,
			    struct label *l)
{
	struct str applet;

	if (!str_is(base, "busybox") && !str_is(base, "toybox"))
		return false;
	add_word(l, base);
	applet = a->cnt ? label_base_name(a->v[0]) : (struct str){"", 0};
	a->next = 1;
	if (str_eq(applet, base))
		applet = label_base_name(next_arg(a));
	if (applet.len && applet.p[0] == '-') /* a login shell, or an option of busybox itself */
		applet = skip_bytes(applet, 1);
	if (applet.len) {
		const struct label_rule *rule = label_rule_of(applet);

		add_word(l, applet);
		if (rule && rule->flags & LABEL_RULE_SHELL)
			add_program(rule, a, l);
	} else if (!a->cnt) {
		add_word(l, in->comm);
	}
	return true;
}

/* ld-linux-x86-64.so.2 --library-path DIR PROGRAM ARGS: the program is what runs. */
static bool label_loader(struct str base, const struct label_input *in, struct args *a,
			 struct label *l)
{
	static const char values[] =
		"--library-path --inhibit-rpath --audit --preload --argv0 --glibc-hwcaps-prepend "
		"--glibc-hwcaps-mask";
	struct str arg;

	if (!label_is_loader(base))
		return false;
	a->next = 1;
	for (;;) {
		arg = next_arg(a);
		if (!arg.len)
			return false;
		if (arg.p[0] != '-')
			break;
		if (is_one_of(values, arg))
			(void)next_arg(a);
	}
	if (label_is_loader(arg)) /* nobody does; do not go round for ever */
		return false;
	memmove(a->v, a->v + a->next - 1, (a->cnt - a->next + 1) * sizeof(a->v[0]));
	a->cnt -= a->next - 1;
	label_program(in, arg, a, l);
	return true;
}

/*
 * A file without a name that lasts: a program that runs from memory ("/memfd:sealed-91173221a7ea",
 * another one each time), or from a mount of that single file which was detached ("/": runc).
 */
static bool has_no_name(struct str exe)
{
	return starts_with(exe, "/memfd:") || str_is(exe, "/");
}

/* What to call it then: by the first word of its arguments. */
static struct str argument_name(const struct label_input *in, struct str exe, const struct args *a)
{
	struct str s = a->cnt ? a->v[0] : (struct str){"", 0};
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != ':')
		n++;
	if (n && s.p[0] != '-')
		return label_base_name((struct str){s.p, n});
	return str_is(exe, "/") ? in->comm : label_base_name(exe);
}

static void label_program(const struct label_input *in, struct str exe, struct args *a,
			  struct label *l)
{
	struct str base = label_base_name(exe), name = without_minor(base), title;
	const struct label_rule *rule = label_rule_of(name);

	if (label_multicall(base, in, a, l) || label_loader(base, in, a, l))
		return;
	if (!rule) {
		add_word(l, has_no_name(exe) ? argument_name(in, exe, a) : base);
		return;
	}
	add_word(l, name);
	a->next = 1;
	title = title_word(a, name);
	if (!a->cnt)
		add_word(l, comm_script(in, base));
	else if (title.len)
		add_word(l, title);
	else
		add_program(rule, a, l);
}

void label_make(const struct label_input *in, struct label *ret)
{
	struct args a = {.cnt = 0};
	struct label l = {.len = 0};
	struct str rest = in->cmdline, arg;

	if (in->is_kthread) {
		label_kthread(in->comm, ret);
		return;
	}
	if (!in->exe.len) {
		add(&l, in->comm);
	} else {
		if (rest.len && !rest.p[rest.len - 1])
			rest.len--;
		while (rest.len && a.cnt < MAX_ARGS && str_split(&rest, '\0', &arg))
			a.v[a.cnt++] = arg;
		label_program(in, in->exe, &a, &l);
	}
	if (!l.len)
		add(&l, STR_LIT("[unknown]"));
	*ret = l;
}
