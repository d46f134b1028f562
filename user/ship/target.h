/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - a backend as a person names it: --push URL[,key=value…].
 *
 *	https://pyroscope.example:4040
 *	https://profiles.example,tenant=shop,token-file=/etc/culprit/token
 *	https://profiles.example,user=12345,password-file=/run/secrets/push,ca-file=/etc/ca.pem
 *	https://10.0.0.7,cert-file=/etc/c.pem,key-file=/etc/c.key,header=X-Team: shop,timeout=5s
 *
 * A comma within a value is written %2C, a percent sign %25.
 */
#ifndef SHIP_TARGET_H
#define SHIP_TARGET_H

#include "base/err.h"
#include "ship/http.h"

#define TARGET_MAX_HEADERS 16

struct target {
	struct http_opts http; /* its strings are ours */
	const char *headers[TARGET_MAX_HEADERS];
	char *texts[TARGET_MAX_HEADERS + 16]; /* private: what the strings are */
	size_t text_cnt;
};

/* -EINVAL with what is wrong; -ENOMEM. target_release() afterwards, also after a failure. */
int must_check target_parse(const char *text, struct target *ret, struct err *err);
void target_release(struct target *t); /* a zeroed one is fine */

#endif
