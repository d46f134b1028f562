// SPDX-License-Identifier: Apache-2.0
#include "ship/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/times.h"

/* Keys whose value is a text of http_opts. */
static const struct {
	struct str name;
	size_t at;
} texts[] = {
	{STR_LIT("tenant"), offsetof(struct http_opts, tenant)},
	{STR_LIT("user"), offsetof(struct http_opts, user)},
	{STR_LIT("password-file"), offsetof(struct http_opts, password_file)},
	{STR_LIT("token-file"), offsetof(struct http_opts, token_file)},
	{STR_LIT("ca-file"), offsetof(struct http_opts, ca_file)},
	{STR_LIT("cert-file"), offsetof(struct http_opts, cert_file)},
	{STR_LIT("key-file"), offsetof(struct http_opts, key_file)},
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A copy of a part, with %2C and %25 as what they stand for; everything else stays as it is, since a
 * URL has escapes of its own. */
static int keep(struct target *t, struct str s, const char **ret, struct err *err)
{
	char *text;
	size_t n = 0;

	if (t->text_cnt == ARRAY_SIZE(t->texts))
		return err_set(err, EINVAL, "too many settings of one backend");
	text = malloc(s.len + 1);
	if (!text)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < s.len; i++) {
		int c = i + 2 < s.len && s.p[i] == '%' && hex_value(s.p[i + 1]) >= 0 &&
					hex_value(s.p[i + 2]) >= 0
				? hex_value(s.p[i + 1]) * 16 + hex_value(s.p[i + 2])
				: 0;

		text[n++] = c == ',' || c == '%' ? (char)c : s.p[i];
		i += c == ',' || c == '%' ? 2 : 0;
	}
	text[n] = '\0';
	t->texts[t->text_cnt++] = text;
	*ret = text;
	return 0;
}

static int take_setting(struct target *t, struct str key, struct str value, struct err *err)
{
	const char *header;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (str_eq(key, texts[i].name))
			return keep(t, value,
				    (const char **)(void *)((char *)&t->http + texts[i].at), err);
	if (str_eq(key, STR_LIT("timeout"))) {
		r = duration_parse(value, &t->http.timeout_ns, err);
		if (!r && !t->http.timeout_ns)
			r = err_set(err, EINVAL, "timeout=0: want a time");
		return r;
	}
	if (!str_eq(key, STR_LIT("header")))
		return err_set(err, EINVAL,
			       "'%.*s' is no setting of a backend: want tenant, user, "
			       "password-file, token-file, ca-file, cert-file, key-file, header or "
			       "timeout",
			       (int)key.len, key.p);
	if (t->http.header_cnt == TARGET_MAX_HEADERS)
		return err_set(err, EINVAL, "at most %d headers", TARGET_MAX_HEADERS);
	r = keep(t, value, &header, err);
	if (!r)
		t->headers[t->http.header_cnt++] = header;
	return r;
}

static int check(const struct target *t, struct err *err)
{
	if (t->http.token_file && t->http.user)
		return err_set(err, EINVAL, "a token and a user: want one of them");
	if (t->http.password_file && !t->http.user)
		return err_set(err, EINVAL, "password-file without user");
	if (!t->http.cert_file != !t->http.key_file)
		return err_set(err, EINVAL, "cert-file and key-file go together");
	return 0;
}

int target_parse(const char *text, struct target *ret, struct err *err)
{
	struct str rest = str_of(text), part;
	int r;

	*ret = (struct target){.text_cnt = 0};
	if (!str_split(&rest, ',', &part) || !part.len)
		return err_set(err, EINVAL, "want URL[,key=value…]");
	r = keep(ret, part, &ret->http.url, err);
	while (!r && str_split(&rest, ',', &part)) {
		struct str key;

		if (!memchr(part.p, '=', part.len))
			return err_set(err, EINVAL, "'%.*s': want key=value", (int)part.len,
				       part.p);
		(void)str_split(&part, '=', &key);
		r = take_setting(ret, key, part, err);
	}
	ret->http.headers = ret->headers;
	return r ? r : check(ret, err);
}

void target_release(struct target *t)
{
	for (size_t i = 0; i < t->text_cnt; i++)
		free(t->texts[i]);
	*t = (struct target){.text_cnt = 0};
}
