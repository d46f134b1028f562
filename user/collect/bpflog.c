// SPDX-License-Identifier: Apache-2.0
#include "collect/bpflog.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* The end of the last complaint: a verifier log says at its end what it did not like. */
static __thread char last_words[400];
static __thread bool by_verifier;

/* Keeps what tells: the tail before libbpf's "END" marker and before the verifier's statistics. */
static void keep(char *text)
{
	char *end = strstr(text, "\nprocessed ");
	size_t len;

	if (!end)
		end = strstr(text, "-- END");
	if (end)
		*end = '\0';
	len = strlen(text);
	while (len && strchr(" \n-", text[len - 1]))
		text[--len] = '\0';
	for (char *c = text; (c = strchr(c, '\n'));)
		*c = '|';
	if (len >= sizeof(last_words))
		text += len - sizeof(last_words) + 1;
	snprintf(last_words, sizeof(last_words), "%s", text);
}

static int print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		return 0;
	log_debug("collect: %s", text);
	/*
	 * the first complaint of a failed load names the cause; a verifier log, which comes later,
	 * is better still
	 */
	if (level == LIBBPF_WARN && strstr(text, "BEGIN PROG LOAD LOG")) {
		by_verifier = true;
		keep(text);
	} else if (level == LIBBPF_WARN && !last_words[0]) {
		keep(text);
	}
	free(text);
	return 0;
}

void bpflog_start(void)
{
	last_words[0] = '\0';
	by_verifier = false;
	libbpf_set_print(print);
}

int bpflog_explain(int code, const char *what, struct err *err)
{
	if (by_verifier)
		return err_set(
			err, code,
			"%s: this kernel's verifier refuses them, please report it with `uname -r` "
			"and these last words: %s",
			what, last_words);
	if (code == -EPERM || code == -EACCES) {
		if (geteuid())
			return err_set(err, code,
				       "%s: not permitted: needs root, or CAP_BPF and CAP_PERFMON "
				       "(CAP_SYS_ADMIN before Linux 5.8)",
				       what);
		/* the verifier refuses with EACCES, too */
		if (!last_words[0] || code == -EPERM)
			return err_set(
				err, code,
				"%s: not permitted, although root: is bpf() blocked by a container "
				"(needs CAP_BPF and CAP_PERFMON), by seccomp or by lockdown? %s",
				what, last_words);
	}
	if (access(BTF_PATH, R_OK))
		return err_set(err, code,
			       "%s: the kernel has no type information (%s is missing): it must be "
			       "built with CONFIG_DEBUG_INFO_BTF=y",
			       what, BTF_PATH);
	if (code == -EMFILE || code == -ENFILE)
		return err_set(err, code, "%s: too many open files: raise the limit (ulimit -n)",
			       what);
	if (code == -ENOMEM)
		return err_set(
			err, code,
			"%s: no memory for BPF maps: choose smaller rings or raise the limit",
			what);
	return err_set(err, code, "%s: %s%s%s", what, strerror(-code), last_words[0] ? ": " : "",
		       last_words);
}
