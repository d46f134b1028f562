/* SPDX-License-Identifier: Apache-2.0 */
/* marks.h - the log of incidents inside the store (store.h); private to store/. */
#ifndef STORE_MARKS_H
#define STORE_MARKS_H

#include "base/times.h"
#include "store/db.h"
#include "store/store.h"

/* Opens the log for writing, inside a transaction, with the table of marks there. */
int must_check marks_begin(const struct store *s, struct db *db, struct err *err);

/* Name, source and range; not the alert. */
int must_check marks_check(const struct store_mark *mark, struct err *err);

int must_check marks_insert(struct db *db, const struct store_mark *mark, int64_t *ret_id,
			    struct err *err);

/* The ranges of all marks, in any order; owned (free()). Open ones end at INT64_MAX. Does not
 * wait for who writes just now: -EBUSY. */
int must_check marks_ranges(const struct store *s, struct time_range **ret, size_t *ret_cnt,
			    struct err *err);

#endif
