// SPDX-License-Identifier: Apache-2.0
/* What a receiver did not take: parcels that are held back, and the book of what was given up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/dir.h"
#include "store/outbox_db.h"

#define STOP 1 /* what a callback says that has seen enough */

int outbox_give_up(struct outbox *o, const char *reason, uint64_t samples, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(&o->db,
			   "INSERT INTO given_up(receiver, reason, cnt, samples)"
			   " VALUES(?1, ?2, 1, ?3) ON CONFLICT(receiver, reason)"
			   " DO UPDATE SET cnt = cnt + 1, samples = samples + ?3",
			   &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_text(stmt, 2, reason, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(stmt, 3, samples > INT64_MAX ? INT64_MAX : (int64_t)samples);
	return outbox_run(o, stmt, err);
}

/* ---- quarantine ---- */

static int not_held(const struct outbox *o, int64_t id, struct err *err)
{
	return err_set(err, ENOENT, "%s: nothing is held under number %lld", o->db.path,
		       (long long)id);
}

/* Those beyond the ceiling are given up, oldest first. */
static int trim(struct outbox *o, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(&o->db,
			   "SELECT id, samples FROM held WHERE receiver = ?1 ORDER BY id DESC"
			   " LIMIT -1 OFFSET ?2",
			   &stmt, err);
	int rc;

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, o->receiver);
	(void)sqlite3_bind_int64(stmt, 2, OUTBOX_MAX_HELD);
	while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		r = outbox_give_up(o, "quarantine_full", (uint64_t)sqlite3_column_int64(stmt, 1),
				   err);
		if (!r)
			r = outbox_release(o, sqlite3_column_int64(stmt, 0), err);
	}
	if (!r && rc != SQLITE_DONE)
		r = db_error(&o->db, rc, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

int outbox_hold(struct outbox *o, const struct outbox_parcel *p, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(&o->db,
			   "INSERT INTO held(receiver, block, window, parcel, start_ns, samples,"
			   " status, reason, message, since_ns, state)"
			   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
			   &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_text(stmt, 2, p->place.block, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(stmt, 3, p->place.id);
	(void)sqlite3_bind_int64(stmt, 4, p->parcel);
	(void)sqlite3_bind_int64(stmt, 5, p->start_ns);
	(void)sqlite3_bind_int64(stmt, 6, (int64_t)p->samples);
	(void)sqlite3_bind_int(stmt, 7, p->status);
	(void)sqlite3_bind_text(stmt, 8, p->reason, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_text(stmt, 9, p->message, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(stmt, 10, p->since_ns);
	(void)sqlite3_bind_int(stmt, 11, (int)p->state);
	r = outbox_run(o, stmt, err);
	return r ? r : trim(o, err);
}

int outbox_set_state(struct outbox *o, int64_t id, enum outbox_state state, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(&o->db,
			   "UPDATE held SET state = ?3 WHERE receiver = ?1 AND (id = ?2 OR ?2 = 0)",
			   &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 2, id);
	(void)sqlite3_bind_int(stmt, 3, (int)state);
	r = outbox_run(o, stmt, err);
	return r || sqlite3_changes(o->db.h) ? r : not_held(o, id, err);
}

int outbox_release(struct outbox *o, int64_t id, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(&o->db, "DELETE FROM held WHERE receiver = ?1 AND id = ?2", &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 2, id);
	r = outbox_run(o, stmt, err);
	return r || sqlite3_changes(o->db.h) ? r : not_held(o, id, err);
}

static void copy_text(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
	struct str s = db_column(stmt, column);
	size_t len = s.len < size ? s.len : size - 1;

	memcpy(out, s.p, len);
	out[len] = '\0';
}

int outbox_held(struct outbox *o, outbox_parcel_fn fn, void *arg, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = SQLITE_DONE;
	int r = db_prepare(&o->db,
			   "SELECT id, block, window, parcel, start_ns, samples, status, reason,"
			   " message, since_ns, state FROM held WHERE receiver = ?1 ORDER BY id",
			   &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, o->receiver);
	while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct outbox_parcel p = {
			.id = sqlite3_column_int64(stmt, 0),
			.place.id = sqlite3_column_int64(stmt, 2),
			.parcel = (uint32_t)sqlite3_column_int64(stmt, 3),
			.start_ns = sqlite3_column_int64(stmt, 4),
			.samples = (uint64_t)sqlite3_column_int64(stmt, 5),
			.status = sqlite3_column_int(stmt, 6),
			.since_ns = sqlite3_column_int64(stmt, 9),
			.state = (enum outbox_state)sqlite3_column_int(stmt, 10),
		};

		copy_text(stmt, 1, p.place.block, sizeof(p.place.block));
		copy_text(stmt, 7, p.reason, sizeof(p.reason));
		copy_text(stmt, 8, p.message, sizeof(p.message));
		r = fn(arg, &p);
	}
	if (!r && rc != SQLITE_DONE)
		r = db_error(&o->db, rc, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

int outbox_given_up(struct outbox *o, outbox_count_fn fn, void *arg, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = SQLITE_DONE;
	int r = db_prepare(&o->db,
			   "SELECT reason, cnt, samples FROM given_up WHERE receiver = ?1"
			   " ORDER BY reason",
			   &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, o->receiver);
	while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		char reason[64];

		copy_text(stmt, 0, reason, sizeof(reason));
		r = fn(arg, reason, (uint64_t)sqlite3_column_int64(stmt, 1),
		       (uint64_t)sqlite3_column_int64(stmt, 2));
	}
	if (!r && rc != SQLITE_DONE)
		r = db_error(&o->db, rc, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

struct one_window {
	int64_t id;
	struct profile **ret;
	bool found;
};

/* Takes the window. */
static int take_window(void *arg, int64_t id, struct profile *window)
{
	struct one_window *one = arg;

	if (id == one->id && window) {
		*one->ret = window;
		one->found = true;
	} else {
		profile_free(window);
	}
	return STOP;
}

int outbox_window(struct outbox *o, const struct store_place *place, struct profile **ret,
		  struct err *err)
{
	struct one_window one = {place->id, ret, false};
	int r = store_after(o->store, place->block, place->id - 1, take_window, &one, err);

	if (one.found)
		return 0;
	return r && r != STOP ? r
			      : err_set(err, ENODATA, "%s: window %lld is gone", place->block,
					(long long)place->id);
}

int outbox_receivers(const char *dir, outbox_receiver_fn fn, void *arg, struct err *err)
{
	sqlite3_stmt *stmt;
	struct db db;
	char *path;
	int rc = SQLITE_DONE, r;

	if (asprintf(&path, "%s/outbox.db", dir) < 0)
		return err_set(err, ENOMEM, "%s: out of memory", dir);
	r = db_open(&db, path, DB_READ, err);
	free(path);
	if (r)
		return r;
	r = db_prepare(&db, "SELECT name FROM receivers ORDER BY id", &stmt, err);
	if (!r) {
		while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
			char name[2048];

			copy_text(stmt, 0, name, sizeof(name));
			r = fn(arg, name);
		}
		if (!r && rc != SQLITE_DONE)
			r = db_error(&db, rc, err);
		(void)sqlite3_finalize(stmt);
	}
	db_close(&db);
	return r;
}
