// SPDX-License-Identifier: Apache-2.0
#include "serve/words.h"

#include <errno.h>
#include <string.h>

static void add_word(struct words *w, const char *option, const char *value)
{
	size_t need = strlen(option) + strlen(value) + 1, at = w->text.len;

	if (w->cnt == WORDS_MAX || w->text.len + need > WORDS_MAX_BYTES) {
		w->full = true;
		return;
	}
	buf_addf(&w->text, "%s%s", option, value);
	buf_addch(&w->text, '\0');
	w->argv[w->cnt++] = w->text.data + at;
	w->argv[w->cnt] = NULL;
}

static int words_init(struct words *w, const char *command)
{
	w->cnt = 0;
	w->full = false;
	buf_init(&w->text, WORDS_MAX_BYTES + 1);
	if (!buf_reserve(&w->text, WORDS_MAX_BYTES)) /* all of it now: pointers stay valid */
		return -ENOMEM;
	add_word(w, "culprit", "");
	add_word(w, command, "");
	return 0;
}

static int add_match(void *arg, const char *value)
{
	add_word(arg, "--match=", value);
	return 0;
}

static const struct {
	const char *name, *option, *type;
} formats[] = {
	{"pprof", "--format=pprof", "application/vnd.google.protobuf+gzip"},
	{"folded", "--format=folded", "text/plain; charset=utf-8"},
	{"windowed", "--windowed", "text/plain; charset=utf-8"},
	{"text", "--format=text", "text/plain; charset=utf-8"},
	{"json", "--format=json", "application/json"},
	{"svg", "--format=svg", "image/svg+xml"},
	{"html", "--format=html", "text/html; charset=utf-8"},
};

static void add_times(struct words *w, const struct server_call *call)
{
	const char *from = server_param(call, "from"), *until = server_param(call, "until");

	if (from)
		add_word(w, "--from=", from);
	if (until)
		add_word(w, "--until=", until);
}

int words_profile(struct words *w, const struct server_call *call, const char *store,
		  const char **ret_type)
{
	const char *format = server_param(call, "format"), *group = server_param(call, "group-by");
	size_t f = 0;
	int r = words_init(w, "show");

	while (format && f < ARRAY_SIZE(formats) && strcmp(formats[f].name, format))
		f++;
	if (f == ARRAY_SIZE(formats))
		return -EINVAL;
	if (r)
		return r;
	add_times(w, call);
	server_params(call, "match", add_match, w);
	if (group)
		add_word(w, "--group-by=", group);
	add_word(w, formats[f].option, "");
	add_word(w, "--output=-", "");
	add_word(w, "--", "");
	add_word(w, store, "");
	*ret_type = formats[f].type;
	return 0;
}

int words_list(struct words *w, const struct server_call *call, const char *store, bool windows)
{
	int r = words_init(w, "ls");

	if (r)
		return r;
	add_word(w, "--store=", store);
	add_word(w, "--format=json", "");
	add_word(w, "--top=0", "");
	if (windows) {
		add_word(w, "--windows", "");
		add_times(w, call);
	}
	return 0;
}

int words_incidents(struct words *w, const struct server_call *call, const char *store,
		    const char **ret_type)
{
	const char *format = server_param(call, "format"), *name = server_param(call, "name");
	bool is_text = format && !strcmp(format, "text");
	int r = words_init(w, "incidents");

	if (format && !is_text && strcmp(format, "json"))
		return -EINVAL;
	if (r)
		return r;
	add_word(w, "--store=", store);
	add_word(w, "--format=", is_text ? "text" : "json");
	add_times(w, call);
	if (name) {
		add_word(w, "--", "");
		add_word(w, name, "");
	}
	*ret_type = is_text ? "text/plain; charset=utf-8" : "application/json";
	return 0;
}

void words_release(struct words *w)
{
	buf_release(&w->text);
}
