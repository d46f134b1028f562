// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/* A question over HTTP, as decoded parameters "name=value": what command line it becomes, and what its command makes of it. */
#include "base/mem.h"
#include "base/text.h"
#include "base/times.h"
#include "fuzz/fuzz.h"
#include "model/matcher.h"
#include "serve/words.h"

#define MAX_PARAMS 100
#define NOW	   ((int64_t)1800000000 * (int64_t)NSEC_PER_SEC)

struct server_call {
	char *params[MAX_PARAMS];
	size_t cnt;
};

static const char *value_of(const char *param, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(param, name, len) && param[len] == '=' ? param + len + 1 : NULL;
}

const char *server_param(const struct server_call *call, const char *name)
{
	for (size_t i = 0; i < call->cnt; i++)
		if (value_of(call->params[i], name))
			return value_of(call->params[i], name);
	return NULL;
}

void server_params(const struct server_call *call, const char *name,
		   int (*fn)(void *arg, const char *value), void *arg)
{
	for (size_t i = 0; i < call->cnt; i++) {
		const char *value = value_of(call->params[i], name);

		if (value && fn(arg, value))
			return;
	}
}

/* Our own words as they are, and options of ours in front of everything else. */
static void check(const struct words *w, const char *command, const char *operand)
{
	static const char *const known[] = {"--from=", "--until=", "--match=", "--group-by="};
	bool is_over = false;

	if (w->full)
		return;
	must(w->cnt >= 2 && w->cnt <= WORDS_MAX && !w->argv[w->cnt]);
	must(!strcmp(w->argv[0], "culprit") && !strcmp(w->argv[1], command));
	for (size_t i = 2; i < w->cnt; i++) {
		bool is_client = false;

		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			is_client |= !strncmp(w->argv[i], known[k], strlen(known[k]));
		must(w->argv[i] >= w->text.data && w->argv[i] < w->text.data + w->text.len);
		must(!is_over || !strcmp(w->argv[i], operand));
		must(is_over || !strncmp(w->argv[i], "--", 2));
		must(is_client || is_over || strlen(w->argv[i]) < 20);
		is_over |= !strcmp(w->argv[i], "--");
	}
}

/* What the command does with the values first. */
static void parse(const struct server_call *call)
{
	struct matcher *m = matcher_new();
	struct err err = {0};

	must(m);
	for (size_t i = 0; i < call->cnt; i++) {
		const char *value = strchr(call->params[i], '=');
		struct str text = str_of(value ? value + 1 : "");
		struct time_range range = {0, 1};
		uint64_t length;
		int64_t at;

		must(!time_parse(text, NOW, &at, &err) || err.text[0]);
		must(time_range_parse(text, NOW, &range, &err) || range.from_ns < range.until_ns);
		must(!duration_parse(text, &length, &err) || err.text[0]);
		must(!matcher_add(m, text, &err) || err.text[0]);
	}
	matcher_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct server_call call = {.cnt = 0};
	const char *type = NULL;
	struct words w;
	int r;

	while (rest.len && call.cnt < MAX_PARAMS) {
		struct str part = fuzz_part(&rest);

		call.params[call.cnt] = mem_strndup(part.p, part.len);
		must(call.params[call.cnt++]);
	}
	r = words_profile(&w, &call, "STORE", &type);
	must(r == -EINVAL || (!r && type));
	if (!r)
		check(&w, "show", "STORE");
	words_release(&w);
	for (int windows = 0; windows < 2; windows++) {
		must(!words_list(&w, &call, "STORE", windows));
		if (!w.full)
			must(w.cnt <= 8);
		words_release(&w);
	}
	r = words_incidents(&w, &call, "STORE", &type);
	must(r == -EINVAL || (!r && type));
	if (!r)
		check(&w, "incidents", server_param(&call, "name"));
	words_release(&w);
	parse(&call);
	for (size_t i = 0; i < call.cnt; i++)
		free(call.params[i]);
	return 0;
}
