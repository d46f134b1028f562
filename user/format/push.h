/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push.h - the body of a push to a Pyroscope-compatible backend: profiles with the labels that they
 * are to be found by (push.proto).
 */
#ifndef FORMAT_PUSH_H
#define FORMAT_PUSH_H

#include "base/buf.h"
#include "base/compiler.h"

struct push_label {
	struct str name, value; /* valid UTF-8 */
};

struct push_series {
	const struct push_label *labels; /* borrowed, as is the rest */
	size_t label_cnt;
	struct str profile; /* pprof, gzip or plain */
};

/* Appends the message. 0, -ENOMEM, or the buffer's error. */
int must_check push_encode(const struct push_series *series, size_t cnt, struct buf *out);

#endif
