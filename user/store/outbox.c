// SPDX-License-Identifier: Apache-2.0
#include "store/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/block.h"
#include "store/dir.h"
#include "store/outbox_db.h"
#include "store/scan.h"

#define APPLICATION_ID 1129663567 /* "CULO" */
#define FORMAT_VERSION 1
#define MAX_BLOCKS     ((size_t)1 << 20)
#define SAVE_EVERY     16 /* windows, while draining */

#define SCHEMA                                                                                     \
	"BEGIN IMMEDIATE;"                                                                         \
	"CREATE TABLE IF NOT EXISTS receivers(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);" \
	"CREATE TABLE IF NOT EXISTS progress(receiver INTEGER NOT NULL, block TEXT NOT NULL,"      \
	" id INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY(receiver, block));"              \
	"CREATE TABLE IF NOT EXISTS held(id INTEGER PRIMARY KEY AUTOINCREMENT,"                    \
	" receiver INTEGER NOT NULL, block TEXT NOT NULL, window INTEGER NOT NULL,"                \
	" parcel INTEGER NOT NULL, start_ns INTEGER NOT NULL, samples INTEGER NOT NULL,"           \
	" status INTEGER NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,"                   \
	" since_ns INTEGER NOT NULL, state INTEGER NOT NULL);"                                     \
	"CREATE TABLE IF NOT EXISTS given_up(receiver INTEGER NOT NULL, reason TEXT NOT NULL,"     \
	" cnt INTEGER NOT NULL, samples INTEGER NOT NULL, PRIMARY KEY(receiver, reason));"         \
	"PRAGMA application_id=1129663567;"                                                        \
	"PRAGMA user_version=1;"                                                                   \
	"COMMIT"

int outbox_run(struct outbox *o, sqlite3_stmt *stmt, struct err *err)
{
	int r;

	(void)sqlite3_bind_int64(stmt, 1, o->receiver);
	r = db_run(&o->db, stmt, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

/* ---- losses ---- */

const char *outbox_loss_name(enum outbox_loss why)
{
	static const char *const names[OUTBOX_LOSS_CNT] = {"damaged", "expired", "too_old"};

	return names[why];
}

const uint64_t *outbox_lost(const struct outbox *o)
{
	return o->lost;
}

static int lose(struct outbox *o, enum outbox_loss why, uint64_t samples, struct err *err)
{
	int r = outbox_give_up(o, outbox_loss_name(why), samples, err);

	if (!r)
		o->lost[why]++;
	return r;
}

/* ---- opening ---- */

static int prepare_db(struct db *db, const char *path, struct err *err)
{
	int64_t id = 0, version = 0;
	int r = db_open(db, path, DB_CREATE, err);

	if (r)
		return r;
	/* kill -9 costs nothing, a loss of power some windows that are sent twice */
	r = db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", err);
	if (!r)
		r = db_number(db, "PRAGMA application_id", &id, err);
	if (!r)
		r = db_number(db, "PRAGMA user_version", &version, err);
	if (!r && (id || version) && (id != APPLICATION_ID || version != FORMAT_VERSION))
		r = err_set(err, EBADMSG, "%s: damaged, or of another version", path);
	if (!r && !id)
		r = db_exec(db, SCHEMA, err);
	if (r)
		db_close(db);
	return r;
}

/* A damaged one is put aside: what it knew is sent again, which is better than not at all. */
static int open_db(struct db *db, const char *path, bool *ret_lost, struct err *err)
{
	struct err why;
	char *aside;
	int r = prepare_db(db, path, &why);

	if (r != -EBADMSG)
		return r ? err_set(err, r, "%s", why.text) : 0;
	if (asprintf(&aside, "%s.damaged", path) < 0)
		return err_set(err, ENOMEM, "%s: out of memory", path);
	r = rename(path, aside) ? err_set(err, errno, "%s: damaged, and cannot be moved away: %s",
					  path, strerror(errno))
				: 0;
	if (!r)
		log_warn("store: %s; moved to %s, what is in the store is sent again", why.text,
			 aside);
	free(aside);
	*ret_lost = true;
	return r ? r : prepare_db(db, path, err);
}

/* *ret: its number, 0 when it is not known. */
static int find_receiver(struct db *db, const char *name, int64_t *ret, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc, r = db_prepare(db, "SELECT id FROM receivers WHERE name = ?1", &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		r = db_error(db, rc, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

static struct outbox_progress *find_block(const struct outbox *o, const char *block)
{
	for (size_t i = 0; i < o->block_cnt; i++)
		if (!strcmp(o->blocks[i].block, block))
			return &o->blocks[i];
	return NULL;
}

/* The progress of a block, begun at 0 when it is new. NULL: no memory, or no name of a block. */
static struct outbox_progress *know_block(struct outbox *o, const char *block)
{
	struct outbox_progress *p = find_block(o, block);

	if (p)
		return p;
	if (strlen(block) >= sizeof(p->block) ||
	    mem_grow(&o->blocks, &o->block_cap, o->block_cnt + 1, sizeof(*o->blocks), MAX_BLOCKS))
		return NULL;
	p = &o->blocks[o->block_cnt++];
	*p = (struct outbox_progress){.id = 0};
	memcpy(p->block, block, strlen(block) + 1);
	return p;
}

static int load_progress(struct outbox *o, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc, r = db_prepare(&o->db, "SELECT block, id, seen FROM progress WHERE receiver = ?1",
			       &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, o->receiver);
	while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct str block = db_column(stmt, 0);
		char name[sizeof(((struct outbox_progress *)0)->block)];
		struct outbox_progress *p;

		if (!block.len || block.len >= sizeof(name))
			continue;
		memcpy(name, block.p, block.len);
		name[block.len] = '\0';
		p = know_block(o, name);
		if (!p)
			r = err_set(err, ENOMEM, "%s: out of memory", o->db.path);
		else
			*p = (struct outbox_progress){.id = sqlite3_column_int64(stmt, 1),
						      .seen = sqlite3_column_int64(stmt, 2)};
		if (p)
			memcpy(p->block, name, block.len + 1);
	}
	if (!r && rc != SQLITE_DONE)
		r = db_error(&o->db, rc, err);
	(void)sqlite3_finalize(stmt);
	return r;
}

/* ---- what is there ---- */

/*
 * The last window of a block; a block that cannot be read has what was known of it. A damaged one of
 * which nothing was known held windows all the same (it is put in place when one comes): that counts
 * as one.
 */
static int look_at(struct outbox *o, struct scan *scan, size_t file, struct err *err)
{
	struct outbox_progress *p = know_block(o, scan->files[file].file);
	struct block *b = NULL;
	struct err reason;
	int64_t last = 0;
	int r;

	if (!p)
		return err_set(err, ENOMEM, "%s: out of memory", o->db.path);
	r = scan_open(scan, file, &b, err);
	if (!r && b)
		r = scan_note(scan, file, block_last(b, &last, &reason), &reason, err);
	block_close(b);
	if (!last && scan->codes[file] == -EBADMSG)
		last = 1;
	if (last > p->seen)
		p->seen = last;
	return r;
}

/* Blocks that retention deleted before all of them was settled. */
static int give_up_deleted(struct outbox *o, const struct scan *scan, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < o->block_cnt;) {
		struct outbox_progress *p = &o->blocks[i];
		sqlite3_stmt *stmt;
		bool is_there = false;

		for (size_t k = 0; !is_there && k < scan->file_cnt; k++)
			is_there = !strcmp(scan->files[k].file, p->block);
		if (is_there) {
			i++;
			continue;
		}
		for (; !r && p->id < p->seen; p->id++)
			r = lose(o, OUTBOX_EXPIRED, 0, err);
		if (!r)
			r = db_prepare(&o->db,
				       "DELETE FROM progress WHERE receiver = ?1 AND block = ?2",
				       &stmt, err);
		if (r)
			break;
		(void)sqlite3_bind_text(stmt, 2, p->block, -1, SQLITE_TRANSIENT);
		*p = o->blocks[--o->block_cnt];
		r = outbox_run(o, stmt, err);
	}
	return r;
}

/* Learns of every block and window that is there now. */
static int look(struct outbox *o, struct scan *scan, struct err *err)
{
	int r = scan_init(scan, o->store, err);

	for (size_t i = 0; !r && i < scan->file_cnt; i++)
		r = look_at(o, scan, i, err);
	return r ? r : give_up_deleted(o, scan, err);
}

int outbox_look(struct outbox *o, struct err *err)
{
	struct scan scan = {.s = NULL};
	int r = look(o, &scan, err);

	scan_release(&scan);
	return r;
}

/* ---- progress ---- */

static int save(struct outbox *o, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < o->block_cnt; i++) {
		struct outbox_progress *p = &o->blocks[i];
		sqlite3_stmt *stmt;

		if (!p->is_unsaved)
			continue;
		r = db_prepare(&o->db,
			       "INSERT INTO progress(receiver, block, id, seen)"
			       " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(receiver, block)"
			       " DO UPDATE SET id = ?3, seen = ?4",
			       &stmt, err);
		if (r)
			break;
		(void)sqlite3_bind_text(stmt, 2, p->block, -1, SQLITE_TRANSIENT);
		(void)sqlite3_bind_int64(stmt, 3, p->id);
		(void)sqlite3_bind_int64(stmt, 4, p->seen);
		r = outbox_run(o, stmt, err);
		p->is_unsaved = r != 0;
	}
	return r;
}

static int settle(struct outbox *o, const struct store_place *place)
{
	struct outbox_progress *p = know_block(o, place->block);

	if (!p)
		return -ENOMEM;
	if (place->id > p->id) {
		p->id = place->id;
		p->is_unsaved = true;
	}
	if (p->id > p->seen)
		p->seen = p->id;
	return 0;
}

int outbox_settle(struct outbox *o, const struct store_place *place, struct err *err)
{
	return settle(o, place) ? err_set(err, ENOMEM, "%s: out of memory", o->db.path)
				: save(o, err);
}

bool outbox_is_settled(const struct outbox *o, const struct store_place *place)
{
	const struct outbox_progress *p = find_block(o, place->block);

	return p && place->id <= p->id;
}

/* A receiver that is new begins with what comes after now. */
static int begin(struct outbox *o, const char *name, bool from_now, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(&o->db, "INSERT INTO receivers(name) VALUES(?1)", &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	r = db_run(&o->db, stmt, err);
	(void)sqlite3_finalize(stmt);
	o->receiver = sqlite3_last_insert_rowid(o->db.h);
	if (r || !from_now)
		return r;
	r = outbox_look(o, err);
	for (size_t i = 0; i < o->block_cnt; i++) {
		o->blocks[i].id = o->blocks[i].seen;
		o->blocks[i].is_unsaved = true;
	}
	return r ? r : save(o, err);
}

int outbox_open(const char *dir, const char *receiver, enum outbox_begin how, struct outbox **ret,
		struct err *err)
{
	struct outbox *o = calloc(1, sizeof(*o));
	bool lost = false;
	char *path = NULL;
	int r;

	if (!o || asprintf(&path, "%s/outbox.db", dir) < 0) {
		free(o);
		return err_set(err, ENOMEM, "%s: out of memory", dir);
	}
	r = store_open(dir, STORE_READ, NULL, &o->store, err);
	if (!r)
		r = open_db(&o->db, path, &lost, err);
	if (!r)
		r = find_receiver(&o->db, receiver, &o->receiver, err);
	if (!r && !o->receiver)
		r = how == OUTBOX_KNOWN
			    ? err_set(err, ENOENT, "%s: no receiver '%s' is known", path, receiver)
			    : begin(o, receiver, how == OUTBOX_FROM_NOW && !lost, err);
	if (!r)
		r = load_progress(o, err);
	free(path);
	if (r)
		outbox_close(o);
	else
		*ret = o;
	return r;
}

void outbox_close(struct outbox *o)
{
	if (!o)
		return;
	db_close(&o->db);
	store_close(o->store);
	free(o->blocks);
	free(o);
}

/* ---- draining ---- */

struct draining {
	struct outbox *o;
	struct outbox_progress *block;
	int64_t not_before_ns;
	outbox_window_fn fn;
	void *arg;
	unsigned int unsaved;
	int stopped; /* what fn returned */
	struct err *err;
};

/* Takes the window. */
static int drain_window(void *arg, int64_t id, struct profile *window)
{
	struct draining *d = arg;
	struct store_place place = {.id = id};
	int r;

	memcpy(place.block, d->block->block, sizeof(place.block));
	if (window && window->end_ns >= d->not_before_ns) {
		r = d->stopped = d->fn(d->arg, &place, window);
	} else {
		r = lose(d->o, window ? OUTBOX_TOO_OLD : OUTBOX_DAMAGED,
			 window ? window->total_cnt : 0, d->err);
		profile_free(window);
	}
	if (!r)
		r = settle(d->o, &place);
	if (!r && ++d->unsaved % SAVE_EVERY == 0)
		r = save(d->o, d->err);
	return r;
}

int outbox_drain(struct outbox *o, int64_t not_before_ns, outbox_window_fn fn, void *arg,
		 struct err *err)
{
	struct draining d = {o, NULL, not_before_ns, fn, arg, 0, 0, err};
	struct scan scan = {.s = NULL};
	struct err later;
	int r = look(o, &scan, err);

	for (size_t i = 0; !r && i < scan.file_cnt; i++) {
		d.block = find_block(o, scan.files[i].file);
		if (!d.block || d.block->id >= d.block->seen ||
		    (scan.codes[i] && scan.codes[i] != -EBADMSG))
			continue;
		r = store_after(o->store, d.block->block, d.block->id, drain_window, &d, err);
		/* what could not be read at all is not asked for again */
		for (; !r && d.block->id < d.block->seen; d.block->id++) {
			r = lose(o, OUTBOX_DAMAGED, 0, err);
			d.block->is_unsaved = true;
		}
	}
	scan_release(&scan);
	if (save(o, r ? &later : err) && !r)
		r = -EIO;
	return d.stopped ? d.stopped : r;
}

uint64_t outbox_depth(const struct outbox *o)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < o->block_cnt; i++)
		if (o->blocks[i].seen > o->blocks[i].id)
			cnt += (uint64_t)(o->blocks[i].seen - o->blocks[i].id);
	return cnt;
}
