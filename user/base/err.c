// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A path or a line of input is part of the message: it must not move the cursor of a terminal. */
static void replace_control(char *s)
{
	while (*s) {
		size_t n = utf8_len(str_of(s));
		bool c1 = n == 2 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;

		if (!n || c1 || (unsigned char)*s < 0x20 || *s == 0x7f)
			memset(s, '?', n ? n : 1);
		s += n ? n : 1;
	}
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
		replace_control(err->text);
	}
	return -abs(code);
}

int err_prefix(struct err *err, int code, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list ap;
	size_t n;

	if (err) {
		memcpy(old, err->text, sizeof(old));
		va_start(ap, fmt);
		(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
		n = strlen(err->text);
		for (const char *p = ": "; *p && n + 1 < sizeof(err->text); p++)
			err->text[n++] = *p;
		for (const char *p = old; *p && n + 1 < sizeof(err->text); p++)
			err->text[n++] = *p;
		err->text[n] = '\0';
		replace_control(err->text);
	}
	return -abs(code);
}
