/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h - SQLite with our error rules: 0 or -errno, and a line that names the file and what to do.
 *
 * -EBADMSG always means that the file is damaged or not ours; everything else is the machine's
 * fault (-ENOSPC, -EIO, -EACCES, -EROFS, -EBUSY, -ENOENT, -ENOMEM, -EFBIG). Files are opened so
 * that a hostile one can run nothing: no extensions, views or triggers, no trust in its schema, no
 * memory mapping.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "base/compiler.h"
#include "base/err.h"

struct db {
	sqlite3 *h;
	char *path; /* owned; for messages */
};

enum db_open {
	DB_READ,      /* may need the -shm file beside it */
	DB_READ_NOW,  /* the same, and does not wait for who writes: -EBUSY */
	DB_IMMUTABLE, /* reads the file alone and takes no locks: nobody must write it meanwhile */
	DB_WRITE,     /* must exist */
	DB_CREATE,    /* may exist */
};

/* db_close() afterwards, on success only. Nothing is read yet. */
int must_check db_open(struct db *db, const char *path, enum db_open how, struct err *err);
void db_close(struct db *db); /* rolls back what is open; a zeroed one is fine */

/* Words and code for an SQLite result other than SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
int db_error(const struct db *db, int rc, struct err *err);

int must_check db_exec(struct db *db, const char *sql, struct err *err);

/* One number; -EBADMSG when there is no row. */
int must_check db_number(struct db *db, const char *sql, int64_t *ret, struct err *err);

/* *ret is finalized by the caller, before db_close(). */
int must_check db_prepare(struct db *db, const char *sql, sqlite3_stmt **ret, struct err *err);

/* Runs a statement that gives no rows, and resets it. */
int must_check db_run(struct db *db, sqlite3_stmt *stmt, struct err *err);

/* Borrows; valid until the next step. Empty when the column is no blob and no text. */
struct str db_column(sqlite3_stmt *stmt, int column);

/* The text that SQLite wants to be opened for DB_IMMUTABLE; returns owned, NULL when out of memory.
 */
char *db_immutable_uri(const char *path);

#endif
