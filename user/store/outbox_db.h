/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_db.h - inside of struct outbox; for outbox.c and quarantine.c only. */
#ifndef STORE_OUTBOX_DB_H
#define STORE_OUTBOX_DB_H

#include "store/db.h"
#include "store/outbox.h"
#include "store/store.h"

/* How far one block is settled. */
struct outbox_progress {
	char block[96];
	int64_t id;   /* the last window that is settled */
	int64_t seen; /* the last window that is known of */
	bool is_unsaved;
};

struct outbox {
	struct db db;
	struct store *store;
	int64_t receiver;
	struct outbox_progress *blocks; /* in no order */
	size_t block_cnt, block_cap;
	uint64_t lost[OUTBOX_LOSS_CNT]; /* windows, since it was opened */
};

/* Runs a statement whose parameter 1 is the receiver and the rest as bound; finalizes it. */
int must_check outbox_run(struct outbox *o, sqlite3_stmt *stmt, struct err *err);

#endif
