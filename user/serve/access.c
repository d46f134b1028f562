// SPDX-License-Identifier: Apache-2.0
#include "serve/access.h"

#include <string.h>
#include <strings.h>

#include "base/fs.h"
#include "base/text.h"

#define MAX_TOKEN ((size_t)1 << 20)

/* In the same time whatever differs. */
static bool is_same(struct str a, struct str b)
{
	unsigned char diff = a.len != b.len;

	for (size_t i = 0; i < a.len; i++)
		diff |= (unsigned char)(a.p[i] ^ (b.len ? b.p[i % b.len] : 0));
	return !diff;
}

bool access_has_token(const char *token_file, const char *authorization)
{
	static const struct str scheme = STR_LIT("Bearer ");
	struct buf token;
	bool fits = false;

	if (!authorization || strncasecmp(authorization, scheme.p, scheme.len))
		return false;
	buf_init(&token, MAX_TOKEN);
	if (!fs_read(token_file, &token, NULL)) {
		struct str want = str_trim(buf_str(&token));

		fits = want.len && is_same(str_trim(str_of(authorization + scheme.len)), want);
	}
	if (token.data)
		explicit_bzero(token.data, token.len);
	buf_release(&token);
	return fits;
}

bool access_is_local_name(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i]);

		if (!strncasecmp(host, names[i], len) && (!host[len] || host[len] == ':'))
			return true;
	}
	return false;
}
