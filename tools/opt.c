// SPDX-License-Identifier: Apache-2.0
#include "opt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"

static const char *current_command = "";

struct parser {
	const struct command *cmd;
	char *config;
	int64_t now_ns;
	int argc, at; /* at: the next word */
	char **argv;
	char **operands;
	size_t operand_cnt;
	struct err err;
};

static void print_to_stderr(const char *fmt, va_list ap)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "culprit%s%s: ", *current_command ? " " : "", current_command);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
}

int command_failf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_to_stderr(fmt, ap);
	va_end(ap);
	return EXIT_FAILED;
}

void command_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_to_stderr(fmt, ap);
	va_end(ap);
}

int command_fail(const struct err *err)
{
	return command_failf("%s", err->text);
}

/* ---- help
 * ------------------------------------------------------------------------------------------------------
 */

#define HELP_COLUMN 30
#define HELP_WIDTH  100

/* Wraps a help text into the right-hand column. */
static void print_wrapped(const char *text)
{
	size_t at = HELP_COLUMN;

	while (*text) {
		size_t word = strcspn(text, " "), width = text_width((struct str){text, word});

		if (at > HELP_COLUMN && at + 1 + width > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			at = HELP_COLUMN;
		} else if (at > HELP_COLUMN) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)word, text);
		at += width;
		text += word;
		text += *text == ' ';
	}
	putchar('\n');
}

static void print_opt(const struct opt *o)
{
	char left[80];
	int n;

	(void)snprintf(left, sizeof(left), "  %c%c%s--%s%s%s", o->letter ? '-' : ' ',
		       o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		       o->metavar ? " " : "", o->metavar ? o->metavar : "");
	printf("%s", left);
	n = (int)text_width(str_of(left));
	if (n >= HELP_COLUMN - 1) {
		putchar('\n');
		n = 0;
	}
	printf("%*s", HELP_COLUMN - n, "");
	print_wrapped(o->help);
}

static int print_help(const struct command *cmd)
{
	static const struct opt help_opt = {.name = "help", .letter = 'h', .help = "this text"};

	printf("%s\n\n%s\nusage: culprit %s%s%s\n\noptions:\n", cmd->summary, cmd->examples,
	       cmd->name, *cmd->usage ? " " : "", cmd->usage);
	for (size_t i = 0; i < cmd->opt_cnt; i++)
		print_opt(&cmd->opts[i]);
	print_opt(&help_opt);
	if (cmd->details)
		printf("\n%s", cmd->details);
	return EXIT_DONE;
}

/* ---- values
 * ----------------------------------------------------------------------------------------------------
 */

static void add_bound(struct buf *out, const struct opt *o, double bound)
{
	if (o->type == OPT_DURATION)
		duration_add(out, (uint64_t)(bound * (double)NSEC_PER_SEC));
	else
		buf_addf(out, "%.10g", bound);
}

static int check_range(struct parser *p, const struct opt *o, const char *value, double v)
{
	struct buf want;
	int r;

	if ((o->min == 0 && o->max == 0) || (v >= o->min && v <= o->max))
		return 0;
	buf_init(&want, 256);
	add_bound(&want, o, o->min);
	buf_addstr(&want, " to ");
	add_bound(&want, o, o->max);
	r = err_set(&p->err, ERANGE, "--%s: %s is out of range (want %s)", o->name, value,
		    buf_str(&want).p);
	buf_release(&want);
	return r;
}

static int add_to_list(struct parser *p, const struct opt *o, struct opt_list *list,
		       const char *value)
{
	if (list->cnt == OPT_MAX_LIST)
		return err_set(&p->err, E2BIG, "--%s: more than %d of them", o->name, OPT_MAX_LIST);
	list->items[list->cnt++] = value;
	return 0;
}

static int store_number(struct parser *p, const struct opt *o, const char *value, void *to)
{
	struct str s = str_of(value);
	double real;
	uint64_t v;
	int r;

	switch (o->type) {
	case OPT_NUMBER:
		r = num_parse_u64(s, &v);
		if (r)
			return err_set(&p->err, EINVAL, "--%s: '%s' is not a number", o->name,
				       value);
		*(uint64_t *)to = v;
		return check_range(p, o, value, (double)v);
	case OPT_REAL:
		r = num_parse_double(s, &real);
		if (r)
			return err_set(&p->err, EINVAL, "--%s: '%s' is not a number", o->name,
				       value);
		*(double *)to = real;
		return check_range(p, o, value, real);
	case OPT_BYTES:
		r = num_parse_bytes(s, &v);
		if (r)
			return err_set(&p->err, EINVAL,
				       "--%s: '%s' is not a size (want 64MiB, 2G, 4096)", o->name,
				       value);
		*(uint64_t *)to = v;
		return check_range(p, o, value, (double)v);
	default: /* OPT_DURATION */
		r = duration_parse(s, &v, &p->err);
		if (r)
			return err_prefix(&p->err, r, "--%s", o->name);
		*(uint64_t *)to = v;
		return check_range(p, o, value, (double)v / (double)NSEC_PER_SEC);
	}
}

static int store_value(struct parser *p, const struct opt *o, const char *value)
{
	void *to = p->config + o->offset;
	struct opt_ranges *ranges = to;
	int r;

	switch (o->type) {
	case OPT_STRING:
		if (!*value)
			return err_set(&p->err, EINVAL, "--%s: an empty value", o->name);
		*(const char **)to = value;
		return 0;
	case OPT_LIST:
	case OPT_FILES:
		return add_to_list(p, o, to, value);
	case OPT_TIME:
		r = time_parse(str_of(value), p->now_ns, to, &p->err);
		return r ? err_prefix(&p->err, r, "--%s", o->name) : 0;
	case OPT_RANGES:
		if (ranges->cnt == OPT_MAX_LIST)
			return err_set(&p->err, E2BIG, "--%s: more than %d of them", o->name,
				       OPT_MAX_LIST);
		r = time_range_parse(str_of(value), p->now_ns, &ranges->items[ranges->cnt],
				     &p->err);
		if (r)
			return err_prefix(&p->err, r, "--%s", o->name);
		ranges->cnt++;
		return 0;
	default:
		return store_number(p, o, value, to);
	}
}

/* ---- words
 * -----------------------------------------------------------------------------------------------------
 */

static const struct opt *find_opt(const struct command *cmd, const char *name, size_t len)
{
	for (size_t i = 0; i < cmd->opt_cnt; i++)
		if (strlen(cmd->opts[i].name) == len && !memcmp(cmd->opts[i].name, name, len))
			return &cmd->opts[i];
	return NULL;
}

static const struct opt *find_letter(const struct command *cmd, char letter)
{
	for (size_t i = 0; i < cmd->opt_cnt; i++)
		if (cmd->opts[i].letter == letter)
			return &cmd->opts[i];
	return NULL;
}

/* An option's value: behind the "=", or else the next word. */
static int take_value(struct parser *p, const struct opt *o, const char *attached)
{
	int r;

	if (o->type == OPT_FLAG) {
		if (attached)
			return err_set(&p->err, EINVAL, "--%s takes no value", o->name);
		*(bool *)(p->config + o->offset) = true;
		return 0;
	}
	if (!attached && p->at >= p->argc)
		return err_set(&p->err, EINVAL, "--%s needs a value (%s)", o->name, o->metavar);
	r = store_value(p, o, attached ? attached : p->argv[p->at++]);
	while (!r && o->type == OPT_FILES && !attached && p->at < p->argc &&
	       (p->argv[p->at][0] != '-' || !p->argv[p->at][1]))
		r = store_value(p, o, p->argv[p->at++]);
	return r;
}

static int take_option(struct parser *p, const char *word)
{
	const struct opt *o;
	const char *value;

	if (word[1] == '-') {
		value = strchr(word, '=');
		o = find_opt(p->cmd, word + 2,
			     value ? (size_t)(value - word) - 2 : strlen(word) - 2);
		value = value ? value + 1 : NULL;
	} else {
		o = find_letter(p->cmd, word[1]);
		value = word[2] ? word + 2 : NULL;
	}
	if (!o)
		return err_set(&p->err, EINVAL, "unknown option '%s' (see 'culprit %s --help')",
			       word, p->cmd->name);
	return take_value(p, o, value);
}

static int take_words(struct parser *p)
{
	bool only_operands = false;
	int r = 0;

	while (!r && p->at < p->argc) {
		char *word = p->argv[p->at++];

		if (!only_operands && !strcmp(word, "--")) {
			only_operands = true;
		} else if (only_operands || word[0] != '-' || !word[1]) {
			p->operands[p->operand_cnt++] = word;
			only_operands = only_operands || p->cmd->stops_at_operand;
		} else {
			r = take_option(p, word);
		}
	}
	return r;
}

static bool wants_help(const struct command *cmd, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			return false;
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	}
	return false;
}

int command_main(const struct command *cmd, int argc, char **argv)
{
	struct parser p = {.cmd = cmd, .argc = argc, .argv = argv};
	struct operands operands;
	int status;

	current_command = cmd->name;
	if (wants_help(cmd, argc, argv))
		return print_help(cmd);
	p.now_ns = clock_wall_ns(&clock_system);
	p.config = malloc(cmd->config_size);
	p.operands = calloc((size_t)argc + 1, sizeof(*p.operands));
	if (!p.config || !p.operands) {
		status = command_failf("out of memory");
	} else {
		memcpy(p.config, cmd->defaults, cmd->config_size);
		if (take_words(&p)) {
			status = command_fail(&p.err);
		} else {
			operands = (struct operands){p.operands, p.operand_cnt, p.now_ns};
			status = cmd->run(p.config, &operands);
		}
	}
	free(p.config);
	free(p.operands);
	return status;
}
