// SPDX-License-Identifier: Apache-2.0
/*
 * Marks that alerts have noted. Senders repeat themselves, in pairs and out of order; what they tell is
 * put together by (fingerprint, start) so that the order does not matter.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "store/marks.h"

#define SCHEMA                                                                               \
	"CREATE TABLE IF NOT EXISTS alerts(mark INTEGER PRIMARY KEY,"                        \
	" fingerprint TEXT NOT NULL, starts_ns INTEGER NOT NULL, early_ns INTEGER NOT NULL," \
	" seen_ns INTEGER NOT NULL, labels TEXT NOT NULL, url TEXT NOT NULL,"                \
	" UNIQUE(fingerprint, starts_ns))"

#define OPEN "9223372036854775807"

static int check_text(const char *text, size_t max, const char *what, struct err *err)
{
	if (text && strlen(text) <= max && utf8_valid(str_of(text)))
		return 0;
	return err_set(err, EINVAL, "the %s of an alert must be UTF-8 of at most %zu bytes", what,
		       max);
}

static int check_alert(const struct store_mark *m, struct err *err)
{
	int r = marks_check(m, err);

	if (!r && (!m->alert || !m->alert->fingerprint || !*m->alert->fingerprint))
		r = err_set(err, EINVAL, "an alert without a fingerprint");
	if (!r)
		r = check_text(m->alert->fingerprint, STORE_MAX_FINGERPRINT, "fingerprint", err);
	if (!r)
		r = check_text(m->alert->labels, STORE_MAX_ALERT_LABELS, "labels", err);
	if (!r)
		r = check_text(m->alert->url, STORE_MAX_ALERT_URL, "URL", err);
	if (!r && m->alert->early_ns > INT64_MAX)
		r = err_set(err, EINVAL, "an alert that came centuries late");
	return r;
}

struct known {
	int64_t mark; /* 0: not known */
	int64_t until_ns;
};

/* ?1 fingerprint, ?2 its start, ?3 its end, ?4 now, ?5 the mark. */
static int bind_alert(struct db *db, const char *sql, const struct store_mark *m, int64_t mark,
		      sqlite3_stmt **ret, struct err *err)
{
	int r = db_prepare(db, sql, ret, err);

	if (r)
		return r;
	(void)sqlite3_bind_text(*ret, 1, m->alert->fingerprint, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(*ret, 2, m->alert->starts_ns);
	(void)sqlite3_bind_int64(*ret, 3, m->until_ns);
	(void)sqlite3_bind_int64(*ret, 4, m->noted_ns);
	(void)sqlite3_bind_int64(*ret, 5, mark);
	return 0;
}

static int change(struct db *db, const char *sql, const struct store_mark *m, int64_t mark,
		  struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = bind_alert(db, sql, m, mark, &stmt, err);

	if (!r)
		r = db_run(db, stmt, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

static int find(struct db *db, const struct store_mark *m, struct known *ret, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc, r;

	r = bind_alert(db,
		       "SELECT mark, until_ns FROM alerts JOIN marks ON id = mark"
		       " WHERE fingerprint = ?1 AND starts_ns = ?2",
		       m, 0, &stmt, err);
	if (r)
		return r;
	rc = sqlite3_step(stmt);
	*ret = (struct known){0};
	if (rc == SQLITE_ROW)
		*ret = (struct known){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1)};
	else if (rc != SQLITE_DONE)
		r = db_error(db, rc, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

/* It began anew, so what is open of it is over; it was seen to last until it was last told of. */
static int end_earlier(struct db *db, const struct store_mark *m, struct err *err)
{
	return change(db,
		      "UPDATE marks SET until_ns = max(from_ns + 1, min(?2, (SELECT seen_ns FROM"
		      " alerts WHERE mark = id))) WHERE until_ns = " OPEN " AND id IN (SELECT mark"
		      " FROM alerts WHERE fingerprint = ?1 AND starts_ns < ?2)",
		      m, 0, err);
}

static int insert(struct db *db, const struct store_mark *m, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int64_t mark;
	int r = marks_insert(db, m, &mark, err);

	if (!r)
		r = bind_alert(db,
			       "INSERT INTO alerts(mark, fingerprint, starts_ns, early_ns, seen_ns,"
			       " labels, url) VALUES(?5, ?1, ?2, ?6, ?4, ?7, ?8)",
			       m, mark, &stmt, err);
	if (!r) {
		(void)sqlite3_bind_int64(stmt, 6, (int64_t)m->alert->early_ns);
		(void)sqlite3_bind_text(stmt, 7, m->alert->labels, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(stmt, 8, m->alert->url, -1, SQLITE_STATIC);
		r = db_run(db, stmt, err);
	}
	(void)sqlite3_finalize(stmt);
	return r;
}

static int note(struct db *db, const struct store_mark *m, struct store_alert_counts *counts,
		struct err *err)
{
	bool is_over = m->until_ns != INT64_MAX;
	struct known known;
	int r = find(db, m, &known, err);

	if (r)
		return r;
	if (!known.mark) {
		r = end_earlier(db, m, err);
		if (!r)
			r = insert(db, m, err);
		counts->opened += !is_over;
		counts->ended += is_over;
		return r;
	}
	r = change(db, "UPDATE alerts SET seen_ns = max(seen_ns, ?4) WHERE mark = ?5", m,
		   known.mark, err);
	if (!r && is_over)
		r = change(db,
			   "UPDATE marks SET until_ns = max(?3, from_ns + 1)"
			   " WHERE id = ?5 AND (until_ns = " OPEN " OR until_ns < ?3)",
			   m, known.mark, err);
	if (is_over && known.until_ns == INT64_MAX)
		counts->ended++;
	else
		counts->repeated++;
	return r;
}

static int forget(struct db *db, struct store_alert_counts *counts, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int64_t cnt = 0;
	int r = db_number(db, "SELECT count(*) FROM alerts", &cnt, err);

	if (r || cnt <= STORE_MAX_ALERTS)
		return r;
	r = db_prepare(
		db,
		"DELETE FROM marks WHERE id IN (SELECT id FROM alerts JOIN marks ON id = mark"
		" ORDER BY until_ns = " OPEN ", from_ns LIMIT ?1)",
		&stmt, err);
	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, cnt - STORE_MAX_ALERTS);
	r = db_run(db, stmt, err);
	(void)sqlite3_finalize(stmt);
	if (!r)
		r = db_exec(db, "DELETE FROM alerts WHERE mark NOT IN (SELECT id FROM marks)", err);
	counts->forgotten += (uint64_t)(cnt - STORE_MAX_ALERTS);
	return r;
}

int store_mark_alerts(struct store *s, const struct store_mark *marks, size_t cnt,
		      struct store_alert_counts *counts, struct err *err)
{
	struct store_alert_counts sum = *counts;
	struct db db;
	int r = 0;

	for (size_t i = 0; !r && i < cnt; i++)
		r = check_alert(&marks[i], err);
	if (!r)
		r = marks_begin(s, &db, err);
	if (r)
		return r;
	r = db_exec(&db, SCHEMA, err);
	for (size_t i = 0; !r && i < cnt; i++)
		r = note(&db, &marks[i], &sum, err);
	if (!r)
		r = forget(&db, &sum, err);
	if (!r)
		r = db_exec(&db, "COMMIT", err);
	db_close(&db);
	if (!r)
		*counts = sum;
	return r;
}
