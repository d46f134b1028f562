/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - a question over HTTP as a command line of ours.
 *
 * What a client sends becomes the value of an option, and never a word of its own: "--store=/etc" as
 * a label is --match=--store=/etc. Bounded; nothing is checked otherwise, the command does that.
 */
#ifndef SERVE_WORDS_H
#define SERVE_WORDS_H

#include "serve/server.h"

#define WORDS_MAX	64
#define WORDS_MAX_BYTES ((size_t)16 << 10)

struct words {
	char *argv[WORDS_MAX + 1]; /* ends with NULL */
	size_t cnt;
	struct buf text; /* private: what argv points into; a ceiling, so it never moves */
	bool full;	 /* there was more than fits; not to be run */
};

/* Each: 0, or -ENOMEM. words_release() afterwards, also after a failure. */

/* show: from, until, match (several), group-by, format. *ret_type: MIME; -EINVAL: no such format. */
int must_check words_profile(struct words *w, const struct server_call *call, const char *store,
			     const char **ret_type);

/* ls, with its series or its windows. */
int must_check words_list(struct words *w, const struct server_call *call, const char *store,
			  bool windows);

/* incidents: name, from, until, format (json, text). *ret_type and -EINVAL as above. */
int must_check words_incidents(struct words *w, const struct server_call *call, const char *store,
			       const char **ret_type);

void words_release(struct words *w);

#endif
