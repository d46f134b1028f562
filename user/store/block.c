// SPDX-License-Identifier: Apache-2.0
/*
 * Three tables of blobs: dict (segments of the dictionary), windows (time, head with totals),
 * samples; where times of single samples are wanted, a fourth one has them (moments), made with the
 * first of them. Totals are apart from samples so that a timeline over a week reads only what it needs.
 *
 * WAL with synchronous=FULL: one fsync for each commit, and what was committed survives a loss of
 * power; readers and the writer do not wait for each other. An empty block is made in memory and
 * put in place by rename, so a block file that exists always has its schema: anything else is
 * damage.
 */
#include "store/block.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/db.h"
#include "store/numbered.h"

#define APPLICATION_ID 1129663568 /* "CULP" */
#define FORMAT_VERSION 1

#define SCHEMA                                                                    \
	"PRAGMA page_size=4096;"                                                  \
	"BEGIN;"                                                                  \
	"CREATE TABLE dict(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"          \
	"CREATE TABLE windows(id INTEGER PRIMARY KEY, start_ns INTEGER NOT NULL," \
	" end_ns INTEGER NOT NULL, head BLOB NOT NULL);"                          \
	"CREATE TABLE samples(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"       \
	"PRAGMA application_id=1129663568;"                                       \
	"PRAGMA user_version=1;"                                                  \
	"COMMIT;"

enum query {
	Q_DICT,
	Q_ROWS,
	Q_TIMES,
	Q_ROW,
	Q_SAMPLES,
	Q_MOMENTS,
	Q_PUT_DICT,
	Q_PUT_WINDOW,
	Q_PUT_SAMPLES,
	Q_MAKE_MOMENTS,
	Q_PUT_MOMENTS,
	Q_BEGIN,
	Q_COMMIT,
	Q_CNT
};

#define MAKE_MOMENTS \
	"CREATE TABLE IF NOT EXISTS moments(id INTEGER PRIMARY KEY, data BLOB NOT NULL)"

static const char *const queries[Q_CNT] = {
	[Q_DICT] = "SELECT id, data FROM dict ORDER BY id",
	[Q_ROWS] = "SELECT id, start_ns, end_ns, head FROM windows ORDER BY id",
	[Q_TIMES] = "SELECT id, start_ns, end_ns, NULL FROM windows ORDER BY id",
	[Q_ROW] = "SELECT id, start_ns, end_ns, head FROM windows WHERE id = ?1",
	[Q_SAMPLES] = "SELECT data FROM samples WHERE id = ?1",
	[Q_MOMENTS] = "SELECT data FROM moments WHERE id = ?1",
	[Q_PUT_DICT] = "INSERT INTO dict(id, data) VALUES(?1, ?2)",
	[Q_PUT_WINDOW] = "INSERT INTO windows(id, start_ns, end_ns, head) VALUES(?1, ?2, ?3, ?4)",
	[Q_PUT_SAMPLES] = "INSERT INTO samples(id, data) VALUES(?1, ?2)",
	[Q_MAKE_MOMENTS] = MAKE_MOMENTS,
	[Q_PUT_MOMENTS] = "INSERT INTO moments(id, data) VALUES(?1, ?2)",
	[Q_BEGIN] = "BEGIN IMMEDIATE",
	[Q_COMMIT] = "COMMIT",
};

struct block {
	struct db db;
	sqlite3_stmt *stmts[Q_CNT]; /* prepared at first use */
	struct dict dict;
	bool has_dict;
	bool has_moments; /* the table is there */
	int dict_error;	  /* of the first block_dict() */
	struct err dict_reason;
	int64_t next_id, next_segment; /* writer */
	struct codec codec;
	struct buf payload, packed;
};

/* ---- making and opening ---- */

/* An empty block as bytes; sqlite3_free() afterwards. */
static int make_image(unsigned char **ret, sqlite3_int64 *ret_len, struct err *err)
{
	unsigned char *image;
	struct db db;
	int r;

	r = db_open(&db, ":memory:", DB_CREATE, err);
	if (r)
		return r;
	r = db_exec(&db, SCHEMA, err);
	image = r ? NULL : sqlite3_serialize(db.h, "main", ret_len, 0);
	if (!r && !image)
		r = err_set(err, ENOMEM, "out of memory");
	if (!r) {
		/* A database in memory cannot be in WAL mode; on disk it is, by these two bytes
		 * (https://sqlite.org/fileformat2.html, "file format version numbers"). */
		image[18] = image[19] = 2;
		*ret = image;
	}
	db_close(&db);
	return r;
}

static int drop_beside(const char *path, const char *suffix)
{
	char name[PATH_MAX];

	if ((size_t)snprintf(name, sizeof(name), "%s%s", path, suffix) >= sizeof(name))
		return -ENAMETOOLONG;
	return unlink(name) && errno != ENOENT ? -errno : 0;
}

int block_create(const char *path, struct err *err)
{
	unsigned char *image = NULL;
	sqlite3_int64 len = 0;
	int r;

	/* A log that outlived its block would be played into the new one. */
	r = drop_beside(path, "-wal");
	if (!r)
		r = drop_beside(path, "-shm");
	if (r)
		return err_set(err, r, "%s: its old log cannot be removed: %s", path, strerror(-r));
	r = make_image(&image, &len, err);
	if (!r)
		r = fs_write(path, (struct str){(const char *)image, (size_t)len}, err);
	sqlite3_free(image);
	return r;
}

static int check_kind(struct block *b, struct err *err)
{
	int64_t id = 0, version = 0, tables = 0;
	int r;

	r = db_number(&b->db, "PRAGMA application_id", &id, err);
	if (!r)
		r = db_number(&b->db, "PRAGMA user_version", &version, err);
	if (!r && id != APPLICATION_ID)
		return err_set(err, EBADMSG, "%s: damaged, or not a block of a culprit store",
			       b->db.path);
	if (!r && version != FORMAT_VERSION)
		return err_set(err, EBADMSG,
			       "%s: written in format %" PRId64
			       ", this program knows format %d only",
			       b->db.path, version, FORMAT_VERSION);
	if (!r)
		r = db_number(
			&b->db,
			"SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
			" AND name IN ('dict', 'windows', 'samples')",
			&tables, err);
	if (!r && tables != 3)
		r = err_set(err, EBADMSG, "%s: damaged (tables are missing)", b->db.path);
	return r;
}

static int open_for_writing(struct block *b, struct err *err)
{
	const struct dict *d;
	int r;

	r = db_exec(
		&b->db,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=256;"
		"PRAGMA journal_size_limit=1048576",
		err);
	if (!r)
		r = block_dict(b, &d, err);
	if (!r)
		r = db_number(&b->db, "SELECT coalesce(max(id), 0) + 1 FROM dict", &b->next_segment,
			      err);
	if (!r)
		r = db_number(&b->db,
			      "SELECT 1 + max((SELECT coalesce(max(id), 0) FROM windows),"
			      " (SELECT coalesce(max(id), 0) FROM samples))",
			      &b->next_id, err);
	if (!r && (b->next_id < 1 || b->next_segment < 1))
		r = err_set(err, EBADMSG, "%s: damaged (numbers run out)", b->db.path);
	return r;
}

int block_open(const char *path, enum block_open how, struct block **ret, struct err *err)
{
	static const enum db_open modes[] = {
		[BLOCK_READ] = DB_READ, [BLOCK_IMMUTABLE] = DB_IMMUTABLE, [BLOCK_WRITE] = DB_WRITE};
	struct block *b = calloc(1, sizeof(*b));
	struct stat st;
	int r;

	if (!b)
		return err_set(err, ENOMEM, "%s: out of memory", path);
	buf_init(&b->payload, ENCODE_MAX_BYTES);
	buf_init(&b->packed, ENCODE_MAX_BYTES * 2);
	r = dict_init(&b->dict, how == BLOCK_WRITE);
	if (r) {
		r = err_set(err, r, "%s: out of memory", path);
		goto out;
	}
	if (stat(path, &st))
		r = err_set(err, errno, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) || !st.st_size)
		r = err_set(err, EBADMSG, "%s: damaged (%s)", path,
			    st.st_size ? "not a file" : "empty file");
	if (!r)
		r = db_open(&b->db, path, modes[how], err);
	if (!r && how != BLOCK_WRITE)
		r = db_exec(&b->db, "BEGIN", err); /* one snapshot for all that is read */
	if (!r)
		r = check_kind(b, err);
	if (!r && how == BLOCK_WRITE)
		r = open_for_writing(b, err);
out:
	if (r)
		block_close(b);
	else
		*ret = b;
	return r;
}

void block_close(struct block *b)
{
	if (!b)
		return;
	for (unsigned int i = 0; i < Q_CNT; i++)
		(void)sqlite3_finalize(b->stmts[i]);
	db_close(&b->db);
	dict_release(&b->dict);
	codec_release(&b->codec);
	buf_release(&b->payload);
	buf_release(&b->packed);
	free(b);
}

static int statement(struct block *b, enum query q, sqlite3_stmt **ret, struct err *err)
{
	int r = b->stmts[q] ? 0 : db_prepare(&b->db, queries[q], &b->stmts[q], err);

	if (!r)
		*ret = b->stmts[q];
	return r;
}

static int damaged(const struct block *b, int r, struct err *err, const char *what, int64_t id)
{
	if (r == -EBADMSG)
		return err_set(err, EBADMSG, "%s: damaged (%s %" PRId64 " does not check)",
			       b->db.path, what, id);
	return err_set(err, r, "%s: %s %" PRId64 ": %s", b->db.path, what, id, strerror(-r));
}

/* ---- writing ---- */

bool block_is_full(const struct block *b)
{
	return dict_is_full(&b->dict);
}

static int run(struct block *b, enum query q, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = statement(b, q, &stmt, err);

	return r ? r : db_run(&b->db, stmt, err);
}

int block_begin(struct block *b, struct err *err)
{
	return run(b, Q_BEGIN, err);
}

int64_t block_put_id(const struct block *b)
{
	return b->next_id - 1;
}

int block_commit(struct block *b, struct err *err)
{
	return run(b, Q_COMMIT, err);
}

/* Packs b->payload and inserts it as the last column of a row. */
static int put_row(struct block *b, enum query q, int64_t id, const struct profile *times,
		   struct err *err)
{
	uint8_t seal[24];
	size_t seal_len = times ? 24 : 8;
	sqlite3_stmt *stmt = NULL;
	int blob_at = 2, r;

	encode_seal(seal, (uint64_t)id);
	if (times) {
		encode_seal(seal + 8, (uint64_t)times->start_ns);
		encode_seal(seal + 16, (uint64_t)times->end_ns);
	}
	r = buf_error(&b->payload);
	if (!r)
		r = encode_pack(&b->codec, buf_str(&b->payload),
				(struct str){(const char *)seal, seal_len}, &b->packed);
	if (r)
		return err_set(err, r == -ENOSPC ? EFBIG : r,
			       "%s: a window is too large for the store (%zu MiB at most)",
			       b->db.path, ENCODE_MAX_BYTES >> 20);
	r = statement(b, q, &stmt, err);
	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, id);
	if (times) {
		(void)sqlite3_bind_int64(stmt, 2, times->start_ns);
		(void)sqlite3_bind_int64(stmt, 3, times->end_ns);
		blob_at = 4;
	}
	(void)sqlite3_bind_blob64(stmt, blob_at, b->packed.data, b->packed.len, SQLITE_STATIC);
	return db_run(&b->db, stmt, err);
}

static int put_moments(struct block *b, const struct numbered *n, size_t sample_cnt,
		       struct err *err)
{
	int r = b->has_moments ? 0 : run(b, Q_MAKE_MOMENTS, err);

	if (r)
		return r;
	b->has_moments = true; /* a failure of the transaction closes the block */
	buf_clear(&b->payload);
	encode_moments(n->moments, n->moment_cnt, sample_cnt, &b->payload);
	return put_row(b, Q_PUT_MOMENTS, b->next_id, NULL, err);
}

int block_put(struct block *b, const struct profile *p, struct err *err)
{
	uint64_t period = encode_period(p->samples, p->sample_cnt);
	struct numbered n;
	int r;

	r = numbered_init(&n, &b->dict, p);
	if (r)
		return err_set(err, r, "%s: a window is too large: %s", b->db.path, strerror(-r));
	if (dict_is_dirty(&b->dict)) {
		buf_clear(&b->payload);
		dict_encode(&b->dict, &b->payload);
		r = put_row(b, Q_PUT_DICT, b->next_segment++, NULL, err);
	}
	if (!r) {
		buf_clear(&b->payload);
		encode_head(p, period, n.totals, n.total_cnt, &b->payload);
		r = put_row(b, Q_PUT_WINDOW, b->next_id, p, err);
	}
	if (!r && p->sample_cnt) {
		buf_clear(&b->payload);
		encode_samples(n.samples, n.sample_cnt, period, &b->payload);
		r = put_row(b, Q_PUT_SAMPLES, b->next_id, NULL, err);
	}
	if (!r && n.moment_cnt)
		r = put_moments(b, &n, n.sample_cnt, err);
	b->next_id++;
	numbered_release(&n);
	return r;
}

/* ---- reading ---- */

static int step_rows(struct block *b, sqlite3_stmt *stmt, block_row_fn fn, void *arg,
		     struct err *err)
{
	int rc = SQLITE_DONE, r = 0;

	while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct block_row row = {
			.id = sqlite3_column_int64(stmt, 0),
			.start_ns = sqlite3_column_int64(stmt, 1),
			.end_ns = sqlite3_column_int64(stmt, 2),
			.head = db_column(stmt, 3),
		};

		r = fn(arg, &row);
	}
	if (!r && rc != SQLITE_DONE)
		r = db_error(&b->db, rc, err);
	(void)sqlite3_reset(stmt);
	return r;
}

int block_rows(struct block *b, block_row_fn fn, void *arg, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = statement(b, Q_ROWS, &stmt, err);

	return r ? r : step_rows(b, stmt, fn, arg, err);
}

int block_times(struct block *b, block_row_fn fn, void *arg, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = statement(b, Q_TIMES, &stmt, err);

	return r ? r : step_rows(b, stmt, fn, arg, err);
}

int block_last(struct block *b, int64_t *ret, struct err *err)
{
	return db_number(&b->db, "SELECT coalesce(max(id), 0) FROM windows", ret, err);
}

int block_row(struct block *b, int64_t id, block_row_fn fn, void *arg, struct err *err)
{
	sqlite3_stmt *stmt;
	int r = statement(b, Q_ROW, &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, id);
	return step_rows(b, stmt, fn, arg, err);
}

int block_head(struct block *b, const struct block_row *row, struct encode_head *ret)
{
	uint8_t seal[24];
	int r;

	encode_seal(seal, (uint64_t)row->id);
	encode_seal(seal + 8, (uint64_t)row->start_ns);
	encode_seal(seal + 16, (uint64_t)row->end_ns);
	r = encode_unpack(&b->codec, row->head, (struct str){(const char *)seal, 24}, &b->payload);
	return r ? r : decode_head(buf_str(&b->payload), row->start_ns, row->end_ns, ret);
}

static int unpack_by_id(struct block *b, int64_t id, struct str blob)
{
	uint8_t seal[8];

	encode_seal(seal, (uint64_t)id);
	return encode_unpack(&b->codec, blob, (struct str){(const char *)seal, 8}, &b->payload);
}

int block_samples(struct block *b, int64_t id, uint64_t period, struct encode_sample **ret,
		  size_t *ret_cnt, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc, r = statement(b, Q_SAMPLES, &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, id);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		r = unpack_by_id(b, id, db_column(stmt, 0));
		if (!r)
			r = decode_samples(buf_str(&b->payload), period, ret, ret_cnt);
		if (r)
			r = damaged(b, r, err, "samples of window", id);
	} else {
		r = rc == SQLITE_DONE ? damaged(b, -EBADMSG, err, "missing samples of window", id)
				      : db_error(&b->db, rc, err);
	}
	(void)sqlite3_reset(stmt);
	return r;
}

int block_moments(struct block *b, int64_t id, const struct encode_sample *samples,
		  size_t sample_cnt, struct encode_moment **ret, size_t *ret_cnt, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc, r = statement(b, Q_MOMENTS, &stmt, err);

	if (r)
		return r;
	(void)sqlite3_bind_int64(stmt, 1, id);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		r = unpack_by_id(b, id, db_column(stmt, 0));
		if (!r)
			r = decode_moments(buf_str(&b->payload), samples, sample_cnt, ret, ret_cnt);
		if (r)
			r = damaged(b, r, err, "moments of window", id);
	} else if (rc != SQLITE_DONE) {
		r = db_error(&b->db, rc, err);
	} else {
		*ret = NULL;
		*ret_cnt = 0;
	}
	(void)sqlite3_reset(stmt);
	return r;
}

int block_has_moments(struct block *b, bool *ret, struct err *err)
{
	int64_t tables = 0;
	int r = 0;

	if (!b->has_moments)
		r = db_number(&b->db,
			      "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
			      " AND rootpage > 0 AND name = 'moments'",
			      &tables, err);
	if (r)
		return r;
	b->has_moments |= tables == 1;
	*ret = b->has_moments;
	return 0;
}

static int load_dict(struct block *b, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = SQLITE_DONE, r = statement(b, Q_DICT, &stmt, err);

	if (r)
		return r;
	while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(stmt, 0);

		r = unpack_by_id(b, id, db_column(stmt, 1));
		if (!r)
			r = dict_decode(&b->dict, buf_str(&b->payload));
		if (r)
			r = damaged(b, r, err, "dictionary segment", id);
	}
	if (!r && rc != SQLITE_DONE)
		r = db_error(&b->db, rc, err);
	(void)sqlite3_reset(stmt);
	return r;
}

int block_dict(struct block *b, const struct dict **ret, struct err *err)
{
	if (!b->has_dict) {
		b->dict_error = load_dict(b, &b->dict_reason);
		b->has_dict = true;
	}
	*ret = &b->dict;
	return b->dict_error ? err_set(err, b->dict_error, "%s", b->dict_reason.text) : 0;
}
