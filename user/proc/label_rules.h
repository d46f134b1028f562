/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label_rules.h - how interpreters take their arguments.
 *
 * What an interpreter runs is found by its own rules for options: a table says for each interpreter
 * which options take the next argument, and which ones replace the script (python3 -m MODULE, sh -c
 * COMMAND). All that is not in the table is taken for an option without an argument, so a wrong
 * guess names an option's value at worst.
 */
#ifndef PROC_LABEL_RULES_H
#define PROC_LABEL_RULES_H

#include "base/compiler.h"

enum label_rule_flags {
	LABEL_RULE_CLUSTER = 1 << 0, /* -abc is -a -b -c */
	LABEL_RULE_SHELL = 1 << 1,   /* the command of -c comes behind all options */
	LABEL_RULE_CLASS = 1 << 2,   /* what it runs is a class name, not a path */
};

struct label_rule {
	const char *name; /* base name without minor version */
	const char *code; /* short options whose argument is program text: nothing of it is shown */
	const char *values;    /* short options that take an argument, attached or next */
	const char *attached;  /* short options whose argument is never the next one */
	const char *long_code; /* long options like `code`, separated by blanks */
	const char
		*long_values; /* long options that take the next argument unless they contain '=' */
	const char *skip;     /* subcommands before the script */
	unsigned int flags;
};

/* The rule for python, python3, php8, lua5, pypy3, nodejs, ksh93 … by base name, or NULL. */
const struct label_rule *label_rule_of(struct str name);

#endif
