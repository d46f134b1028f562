/* SPDX-License-Identifier: Apache-2.0 */
/* numbered.h - a window in the numbers of its block's dictionary: what goes into its blobs. */
#ifndef STORE_NUMBERED_H
#define STORE_NUMBERED_H

#include "store/dict.h"
#include "store/encode.h"
#include "store/moments.h"

struct numbered {
	struct encode_sample *samples; /* by pair, no pair twice; owned */
	size_t sample_cnt;
	struct encode_total *totals; /* by series; owned */
	size_t total_cnt;
	struct encode_moment *moments; /* by sample and step; owned */
	size_t moment_cnt;
};

/*
 * What is new goes into the dictionary. 0, or what dict_add() returns; numbered_release() on
 * success.
 */
int must_check numbered_init(struct numbered *n, struct dict *d, const struct profile *p);
void numbered_release(struct numbered *n);

#endif
