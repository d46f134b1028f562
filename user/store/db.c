// SPDX-License-Identifier: Apache-2.0
#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define BUSY_MS	     5000
#define MAX_BLOB     (300 << 20) /* more than encode.h ever packs */
#define CACHE_PRAGMA "PRAGMA cache_size=-1024; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"

static int code_of(const struct db *db, int rc)
{
	int system = db->h ? sqlite3_system_errno(db->h) : 0;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_IOERR:
		return system == ENOSPC || system == EDQUOT || system == EFBIG ? system : EIO;
	case SQLITE_CANTOPEN:
		return system ? system : ENOENT;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return EACCES;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return EBUSY;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_TOOBIG:
		return EFBIG;
	default: /* CORRUPT, NOTADB, a missing table, a broken schema */
		return EBADMSG;
	}
}

int db_error(const struct db *db, int rc, struct err *err)
{
	int code = code_of(db, rc);
	const char *what = db->h ? sqlite3_errmsg(db->h) : sqlite3_errstr(rc);

	switch (code) {
	case ENOSPC:
		return err_set(err, code, "%s: the disk is full; free space or keep less",
			       db->path);
	case EFBIG:
		return err_set(err, code, "%s: larger than a file may be (ulimit -f)", db->path);
	case EROFS:
		return err_set(err, code, "%s: cannot be written (read-only)", db->path);
	case EBUSY:
		return err_set(err, code, "%s: locked by another process for %d s; try again",
			       db->path, BUSY_MS / 1000);
	case ENOMEM:
		return err_set(err, code, "%s: out of memory", db->path);
	case EBADMSG:
		return err_set(err, code, "%s: damaged (%s)", db->path, what);
	default:
		return err_set(err, code, "%s: %s", db->path, strerror(code));
	}
}

char *db_immutable_uri(const char *path)
{
	struct buf b;

	buf_init(&b, strlen(path) * 3 + 64);
	buf_addstr(&b, "file:");
	for (const char *p = path; *p; p++) {
		if (*p == '%' || *p == '?' || *p == '#')
			buf_addf(&b, "%%%02x", (unsigned char)*p);
		else
			buf_addch(&b, *p);
	}
	buf_addstr(&b, "?immutable=1");
	return buf_detach(&b, NULL);
}

static int open_handle(struct db *db, enum db_open how)
{
	static const int flags[] = {
		[DB_READ] = SQLITE_OPEN_READONLY,
		[DB_READ_NOW] = SQLITE_OPEN_READONLY,
		[DB_IMMUTABLE] = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
		[DB_WRITE] = SQLITE_OPEN_READWRITE,
		[DB_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	};
	char *uri = how == DB_IMMUTABLE ? db_immutable_uri(db->path) : NULL;
	int rc;

	if (how == DB_IMMUTABLE && !uri)
		return SQLITE_NOMEM;
	rc = sqlite3_open_v2(uri ? uri : db->path, &db->h, flags[how] | SQLITE_OPEN_NOMUTEX, NULL);
	free(uri);
	return rc;
}

int db_open(struct db *db, const char *path, enum db_open how, struct err *err)
{
	int rc, r;

	*db = (struct db){.path = strdup(path)};
	if (!db->path)
		return err_set(err, ENOMEM, "%s: out of memory", path);
	rc = open_handle(db, how);
	if (rc == SQLITE_OK) {
		(void)sqlite3_extended_result_codes(db->h, 1);
		(void)sqlite3_busy_timeout(db->h, how == DB_READ_NOW ? 0 : BUSY_MS);
		(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
		(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
		(void)sqlite3_limit(db->h, SQLITE_LIMIT_LENGTH, MAX_BLOB);
		(void)sqlite3_limit(db->h, SQLITE_LIMIT_ATTACHED, 0);
		rc = sqlite3_exec(db->h, CACHE_PRAGMA, NULL, NULL, NULL);
	}
	r = rc == SQLITE_OK ? 0 : db_error(db, rc, err);
	if (r)
		db_close(db);
	return r;
}

void db_close(struct db *db)
{
	if (db->h)
		(void)sqlite3_close(db->h);
	free(db->path);
	*db = (struct db){NULL, NULL};
}

int db_exec(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

int db_prepare(struct db *db, const char *sql, sqlite3_stmt **ret, struct err *err)
{
	int rc = sqlite3_prepare_v2(db->h, sql, -1, ret, NULL);

	return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

int db_number(struct db *db, const char *sql, int64_t *ret, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc, r = db_prepare(db, sql, &stmt, err);

	if (r)
		return r;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else if (rc == SQLITE_DONE)
		r = err_set(err, EBADMSG, "%s: damaged (nothing for: %s)", db->path, sql);
	else
		r = db_error(db, rc, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

int db_run(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
	int rc = sqlite3_step(stmt);
	int r = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : db_error(db, rc, err);

	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return r;
}

struct str db_column(sqlite3_stmt *stmt, int column)
{
	struct str s = {sqlite3_column_blob(stmt, column), 0};

	if (s.p)
		s.len = (size_t)sqlite3_column_bytes(stmt, column);
	return s.p ? s : (struct str){"", 0};
}
