// SPDX-License-Identifier: Apache-2.0
/*
 * Marks live in a database of their own with a rollback journal: they are few, several programs
 * write them, and a reader without write permission needs no file beside it. Each call opens and
 * closes it.
 */
#include "store/marks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "store/dir.h"

#define APPLICATION_ID 1129663565 /* "CULM" */
#define FORMAT_VERSION 1
#define MAX_NAME       1000
#define MAX_MARKS      ((size_t)1 << 20)

#define SCHEMA                                                                      \
	"CREATE TABLE IF NOT EXISTS marks(id INTEGER PRIMARY KEY AUTOINCREMENT,"    \
	" name TEXT NOT NULL, from_ns INTEGER NOT NULL, until_ns INTEGER NOT NULL," \
	" source TEXT NOT NULL, noted_ns INTEGER NOT NULL);"                        \
	"PRAGMA application_id=1129663565;"                                         \
	"PRAGMA user_version=1;"

/* SQLite's words say what is wrong, not what to do. */
static int advise(int r, struct err *err)
{
	struct err line;

	if (r != -EBADMSG || !err || strstr(err->text, "; move"))
		return r;
	line = *err;
	return err_set(err, r, "%s; move it away to start afresh", line.text);
}

static int check_kind(struct db *db, bool *ret_fresh, struct err *err)
{
	int64_t id = 0, version = 0;
	int r = db_number(db, "PRAGMA application_id", &id, err);

	if (!r)
		r = db_number(db, "PRAGMA user_version", &version, err);
	if (r)
		return r;
	*ret_fresh = !id && !version;
	if (!*ret_fresh && (id != APPLICATION_ID || version != FORMAT_VERSION))
		return err_set(err, EBADMSG,
			       "%s: damaged, or of another version; move it away to start afresh",
			       db->path);
	return 0;
}

int marks_begin(const struct store *s, struct db *db, struct err *err)
{
	char *path = dir_path(s, "incidents.db");
	bool fresh = false;
	int r;

	if (!path)
		return err_set(err, ENOMEM, "%s: out of memory", s->dir);
	/* SQLite falls back to reading, and then misses the file instead of the permission */
	if (access(access(path, F_OK) ? s->dir : path, W_OK))
		r = err_set(err, errno, "%s: cannot be written: %s", path, strerror(errno));
	else
		r = db_open(db, path, DB_CREATE, err);
	free(path);
	if (r)
		return r;
	r = db_exec(db, "PRAGMA synchronous=FULL; BEGIN IMMEDIATE", err);
	if (!r)
		r = check_kind(db, &fresh, err);
	if (!r && fresh)
		r = db_exec(db, SCHEMA, err);
	if (r)
		db_close(db);
	return advise(r, err);
}

int marks_check(const struct store_mark *mark, struct err *err)
{
	const char *texts[] = {mark->name, mark->source};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct str s = texts[i] ? str_of(texts[i]) : (struct str){"", 0};

		if (!s.len || s.len > MAX_NAME || !utf8_valid(s))
			return err_set(err, EINVAL,
				       "the %s of an incident must be 1 to %d bytes of UTF-8",
				       i ? "source" : "name", MAX_NAME);
	}
	if (mark->until_ns <= mark->from_ns)
		return err_set(err, EINVAL, "incident '%s' would end before it starts", mark->name);
	return 0;
}

static int bind_mark(struct db *db, const char *sql, const struct store_mark *mark,
		     sqlite3_stmt **ret, struct err *err)
{
	int r = db_prepare(db, sql, ret, err);

	if (r)
		return r;
	(void)sqlite3_bind_text(*ret, 1, mark->name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(*ret, 2, mark->from_ns);
	(void)sqlite3_bind_int64(*ret, 3, mark->until_ns);
	return 0;
}

/* *ret_id of a mark that is this one already, else 0; an open one of that name is an error for
 * another open one. */
static int find_same(struct db *db, const struct store_mark *mark, int64_t *ret_id, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	struct buf at;
	int rc, r;

	r = bind_mark(
		db,
		"SELECT id, from_ns = ?2, from_ns FROM marks WHERE name = ?1 AND until_ns = ?3"
		" AND (from_ns = ?2 OR until_ns = 9223372036854775807) ORDER BY from_ns = ?2 DESC",
		mark, &stmt, err);
	if (r)
		return r;
	*ret_id = 0;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW && sqlite3_column_int(stmt, 1)) {
		*ret_id = sqlite3_column_int64(stmt, 0);
	} else if (rc == SQLITE_ROW) {
		buf_init(&at, 64);
		time_add(&at, sqlite3_column_int64(stmt, 2));
		r = err_set(err, EEXIST, "incident '%s' is open since %s; end it first", mark->name,
			    buf_str(&at).p);
		buf_release(&at);
	} else if (rc != SQLITE_DONE) {
		r = db_error(db, rc, err);
	}
	(void)sqlite3_finalize(stmt);
	return r;
}

int marks_insert(struct db *db, const struct store_mark *mark, int64_t *ret_id, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int r;

	r = bind_mark(db,
		      "INSERT INTO marks(name, from_ns, until_ns, source, noted_ns)"
		      " VALUES(?1, ?2, ?3, ?4, ?5)",
		      mark, &stmt, err);
	if (r)
		return r;
	(void)sqlite3_bind_text(stmt, 4, mark->source, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 5, mark->noted_ns);
	r = db_run(db, stmt, err);
	if (!r)
		*ret_id = sqlite3_last_insert_rowid(db->h);
	(void)sqlite3_finalize(stmt);
	return r;
}

int store_mark_add(struct store *s, const struct store_mark *mark, int64_t *ret_id, struct err *err)
{
	int64_t id = 0;
	struct db db;
	int r = marks_check(mark, err);

	if (!r)
		r = marks_begin(s, &db, err);
	if (r)
		return r;
	r = find_same(&db, mark, &id, err);
	if (!r && !id)
		r = marks_insert(&db, mark, &id, err);
	if (!r)
		r = db_exec(&db, "COMMIT", err);
	db_close(&db);
	if (!r && ret_id)
		*ret_id = id;
	return r;
}

static int close_open(struct db *db, const char *name, int64_t until_ns, struct err *err)
{
	const struct store_mark key = {
		.name = (char *)name, .from_ns = until_ns, .until_ns = INT64_MAX};
	sqlite3_stmt *stmt = NULL;
	bool is_open, is_before = false;
	int rc, r;

	r = bind_mark(db, "SELECT min(from_ns) FROM marks WHERE name = ?1 AND until_ns = ?3", &key,
		      &stmt, err);
	if (r)
		return r;
	rc = sqlite3_step(stmt);
	is_open = rc == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	if (is_open)
		is_before = until_ns <= sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	if (rc != SQLITE_ROW)
		return db_error(db, rc, err);
	if (!is_open)
		return err_set(err, ENOENT,
			       "incident '%s' is not open; start it first, or give both times",
			       name);
	if (is_before)
		return err_set(err, EINVAL, "incident '%s' would end before it starts", name);
	r = bind_mark(db,
		      "UPDATE marks SET until_ns = ?2"
		      " WHERE name = ?1 AND until_ns = ?3 AND from_ns < ?2",
		      &key, &stmt, err);
	if (r)
		return r;
	r = db_run(db, stmt, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

int store_mark_close(struct store *s, const char *name, int64_t until_ns, struct err *err)
{
	struct db db;
	int r = marks_begin(s, &db, err);

	if (r)
		return r;
	r = close_open(&db, name, until_ns, err);
	if (!r)
		r = db_exec(&db, "COMMIT", err);
	db_close(&db);
	return r;
}

static char *column_text(sqlite3_stmt *stmt, int column)
{
	struct str s = db_column(stmt, column);

	return mem_strndup(s.p, s.len);
}

/* Columns of `alerts` begin here. */
#define ALERT_COLUMN 6

static struct store_alert *column_alert(sqlite3_stmt *stmt)
{
	struct store_alert *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->fingerprint = column_text(stmt, ALERT_COLUMN);
	a->starts_ns = sqlite3_column_int64(stmt, ALERT_COLUMN + 1);
	a->early_ns = (uint64_t)sqlite3_column_int64(stmt, ALERT_COLUMN + 2);
	a->seen_ns = sqlite3_column_int64(stmt, ALERT_COLUMN + 3);
	a->labels = column_text(stmt, ALERT_COLUMN + 4);
	a->url = column_text(stmt, ALERT_COLUMN + 5);
	return a;
}

/* False: out of memory. */
static bool take_row(sqlite3_stmt *stmt, struct store_mark *m)
{
	bool is_alert = sqlite3_column_type(stmt, ALERT_COLUMN) != SQLITE_NULL;

	*m = (struct store_mark){.id = sqlite3_column_int64(stmt, 0),
				 .name = column_text(stmt, 1),
				 .source = column_text(stmt, 2),
				 .from_ns = sqlite3_column_int64(stmt, 3),
				 .until_ns = sqlite3_column_int64(stmt, 4),
				 .noted_ns = sqlite3_column_int64(stmt, 5)};
	if (is_alert)
		m->alert = column_alert(stmt);
	return m->name && m->source &&
	       (!is_alert ||
		(m->alert && m->alert->fingerprint && m->alert->labels && m->alert->url));
}

#define MARK_COLUMNS "SELECT id, name, source, from_ns, until_ns, noted_ns, "
#define MARK_ORDER   " WHERE ?1 IS NULL OR name = ?1 ORDER BY name, from_ns, id"

/* A log that no alert has reached yet has no table of them. */
static int prepare_all(struct db *db, const char *name, sqlite3_stmt **ret, struct err *err)
{
	int64_t has_alerts = 0;
	int r = db_number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'alerts'",
			  &has_alerts, err);

	if (!r)
		r = db_prepare(db,
			       has_alerts ? MARK_COLUMNS
				       "fingerprint, starts_ns, early_ns, seen_ns, labels, url"
				       " FROM marks LEFT JOIN alerts ON mark = id" MARK_ORDER
					  : MARK_COLUMNS "NULL FROM marks" MARK_ORDER,
			       ret, err);
	if (!r)
		(void)sqlite3_bind_text(*ret, 1, name, -1, SQLITE_STATIC);
	return r;
}

static int collect(struct db *db, const char *name, struct store_mark **ret, size_t *ret_cnt,
		   struct err *err)
{
	struct store_mark *marks = NULL;
	size_t cnt = 0, cap = 0;
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_DONE, r;

	r = prepare_all(db, name, &stmt, err);
	if (r)
		return r;
	while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		r = mem_grow(&marks, &cap, cnt + 1, sizeof(*marks), MAX_MARKS);
		if (!r && !take_row(stmt, &marks[cnt++]))
			r = -ENOMEM;
	}
	if (r)
		r = err_set(err, r, "%s: too many incidents: %s", db->path, strerror(-r));
	else if (rc != SQLITE_DONE)
		r = db_error(db, rc, err);
	(void)sqlite3_finalize(stmt);
	if (r) {
		store_marks_free(marks, cnt);
		return r;
	}
	*ret = marks;
	*ret_cnt = cnt;
	return 0;
}

/* Opens for reading. *ret_empty: nothing was ever marked, and nothing is open. */
static int open_for_reading(const struct store *s, enum db_open how, struct db *db, bool *ret_empty,
			    struct err *err)
{
	char *path = dir_path(s, "incidents.db");
	bool fresh = false;
	struct stat st;
	int r;

	if (!path)
		return err_set(err, ENOMEM, "%s: out of memory", s->dir);
	*ret_empty = stat(path, &st) && errno == ENOENT;
	if (*ret_empty) {
		free(path);
		return 0;
	}
	r = db_open(db, path, how, err);
	if (!r)
		r = check_kind(db, &fresh, err);
	if (r ==
	    -EROFS) { /* somebody died while noting: what is half there must be rolled back first */
		db_close(db);
		r = db_open(db, path, DB_WRITE, err);
		if (!r)
			r = check_kind(db, &fresh, err);
	}
	free(path);
	*ret_empty = !r && fresh;
	if (r || fresh)
		db_close(db);
	return advise(r, err);
}

int store_marks(struct store *s, const char *name, struct store_mark **ret, size_t *ret_cnt,
		struct err *err)
{
	struct db db = {NULL, NULL};
	bool empty;
	int r = open_for_reading(s, DB_READ, &db, &empty, err);

	if (!r && empty) {
		*ret = NULL;
		*ret_cnt = 0;
	} else if (!r) {
		r = collect(&db, name, ret, ret_cnt, err);
	}
	db_close(&db);
	return advise(r, err);
}

int marks_ranges(const struct store *s, struct time_range **ret, size_t *ret_cnt, struct err *err)
{
	struct time_range *ranges = NULL;
	struct db db = {NULL, NULL};
	size_t cnt = 0, cap = 0;
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_DONE, r;
	bool empty;

	r = open_for_reading(s, DB_READ_NOW, &db, &empty, err);
	if (!r && !empty)
		r = db_prepare(&db, "SELECT from_ns, until_ns FROM marks", &stmt, err);
	while (!r && stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		r = mem_grow(&ranges, &cap, cnt + 1, sizeof(*ranges), MAX_MARKS);
		if (!r)
			ranges[cnt++] = (struct time_range){sqlite3_column_int64(stmt, 0),
							    sqlite3_column_int64(stmt, 1)};
	}
	if (!r && rc != SQLITE_DONE)
		r = db_error(&db, rc, err);
	(void)sqlite3_finalize(stmt);
	db_close(&db);
	if (r) {
		free(ranges);
		return r;
	}
	*ret = ranges;
	*ret_cnt = cnt;
	return 0;
}

void store_mark_release(struct store_mark *m)
{
	free(m->name);
	free(m->source);
	if (m->alert) {
		free(m->alert->fingerprint);
		free(m->alert->labels);
		free(m->alert->url);
	}
	free(m->alert);
	*m = (struct store_mark){0};
}

void store_marks_free(struct store_mark *marks, size_t cnt)
{
	for (size_t i = 0; marks && i < cnt; i++)
		store_mark_release(&marks[i]);
	free(marks);
}
