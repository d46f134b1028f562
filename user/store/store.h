/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the flight recorder: sealed windows on disk, one SQLite file per stretch of time (a
 * block).
 *
 *	DIR/lock                                held (flock) by the one writer
 *	DIR/block-20261123T060000Z-21600s.db    windows whose middle lies in these 21600 s;
 * FORMAT.md describes it DIR/block-20261123T060000Z-21600s-1.db  continues it (the first part was
 * damaged, or full) DIR/incidents.db                        marks: recurrences of incidents, never
 * touched by retention
 *
 * A window is one transaction, synced before store_put() returns: after kill -9 or loss of power
 * every window that was acknowledged is there. Readers work beside the writer, also without
 * permission to write into the directory. A damaged block is never fatal and is deleted by nothing
 * but its age or the bytes limit: what can still be read of it is read, the rest is reported by
 * store_warnings(), store_info() and LOSS_BLOCK_DAMAGED in what was read.
 *
 * Edge rule, everywhere: a window belongs to a range when its middle lies in it (from <= middle <
 * until). So neighbouring ranges share no window and lose none.
 *
 * Not thread-safe: one struct store per thread. Several in one process, or in several processes,
 * work side by side. Out-parameters are written only on success. All fallible functions return 0 or
 * -errno with a line in err.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "base/times.h"
#include "model/matcher.h"
#include "model/profile.h"

struct store;
struct timeline;

/* Where a window lies. */
struct store_place {
	char block[96]; /* name of the file inside the directory */
	int64_t id;	/* from 1, in the order of putting */
};

enum store_mode {
	STORE_READ,  /* the directory must hold a store */
	STORE_WRITE, /* makes the directory if need be; -EBUSY while another writer has it */
};

struct store_opts {
	uint64_t block_ns;   /* time that one file covers: whole seconds, 1 s .. 366 d; 0: the
				default, 6 h */
	uint64_t max_age_ns; /* store_retain(): blocks that ended longer ago go; 0: no limit */
	bool moments;	     /* reading: the times of single samples, too, where they were stored */
	uint64_t max_bytes; /* store_retain(): the oldest go while all files are larger; 0: no limit
			     */
};

/* `opts` is copied, NULL means all defaults. -ENOENT, -ENOTDIR, -EACCES, -EROFS, -EBUSY, … */
int must_check store_open(const char *dir, enum store_mode mode, const struct store_opts *opts,
			  struct store **ret, struct err *err);

/* Gives up a batch that was not committed. NULL is fine. */
void store_close(struct store *s);

/*
 * What was skipped or worked around since store_open(), one line each, borrowed until
 * store_close(); for stderr. The same line is kept once, and at most STORE_MAX_WARNINGS of them.
 */
#define STORE_MAX_WARNINGS 64
const char *const *store_warnings(const struct store *s, size_t *ret_cnt);

/* ---- writing (STORE_WRITE) ---- */

/*
 * Stores one window: any time, in any order, also overlapping others. On failure (-ENOSPC disk
 * full, -EIO, -EFBIG, …) nothing of it is stored, everything stored before stays, and the next call
 * may succeed; the caller counts LOSS_STORE_WRITE. `p` is read, not kept; its moments are stored.
 */
int must_check store_put(struct store *s, const struct profile *p, struct err *err);

/* Where the window of the last successful put lies; id 0 when none was put. */
void store_last_put(const struct store *s, struct store_place *ret);

/*
 * Puts between begin and commit are synced together, which makes an import of thousands of windows
 * fast. Windows of one block appear all or none; those of an earlier block may be there already
 * when a later one fails. A put that fails drops what the batch had put into that block;
 * store_commit() then fails with -ECANCELED.
 */
int must_check store_begin(struct store *s, struct err *err);
int must_check store_commit(struct store *s, struct err *err);

/*
 * Deletes whole blocks by age and bytes (see struct store_opts), never the newest one. Blocks in which
 * a marked recurrence lies do not age, and are the last to go for the bytes. `now_ns`: wall clock.
 */
int must_check store_retain(struct store *s, int64_t now_ns, struct err *err);

/* ---- reading (both modes) ---- */

/*
 * All windows of the ranges merged into one owned profile, only the series that `m` accepts (NULL:
 * all). A window in several ranges counts once. -ENODATA when there is no window at all, -EINVAL
 * when windows of different units meet.
 */
int must_check store_read(struct store *s, const struct time_range *ranges, size_t range_cnt,
			  const struct matcher *m, struct profile **ret, struct err *err);

/* Called with one borrowed window; anything but 0 stops and is returned by store_each(). */
typedef int (*store_window_fn)(void *arg, const struct profile *window);

/* Window by window in order of their start. No window at all is no error. */
int must_check store_each(struct store *s, struct time_range range, const struct matcher *m,
			  store_window_fn fn, void *arg, struct err *err);

/*
 * Range by range, the windows of each merged into one borrowed profile; a range without any is passed
 * over. The ranges are in order of time and do not overlap.
 */
int must_check store_each_range(struct store *s, const struct time_range *ranges, size_t range_cnt,
				const struct matcher *m, store_window_fn fn, void *arg,
				struct err *err);

/* One window and its number, taken (profile_free()); NULL: it is there, but damaged. Anything but 0
 * stops and is returned by store_after(). */
typedef int (*store_take_fn)(void *arg, int64_t id, struct profile *window);

/*
 * The windows of one block (the name of its file) that were put after the one of that number, in
 * the order of putting, each as it was put. A block that is not there has none.
 */
int must_check store_after(struct store *s, const char *block, int64_t id, store_take_fn fn,
			   void *arg, struct err *err);

/*
 * Totals per window and entity (value of label `group_key`), owned (timeline_free()). Decodes no
 * stacks: a week of 10 s windows takes well below a second. No window at all gives an empty
 * timeline.
 */
int must_check store_timeline(struct store *s, struct time_range range, const struct matcher *m,
			      const char *group_key, struct timeline **ret, struct err *err);

struct store_block_info {
	char *file;		 /* name inside the directory */
	struct time_range range; /* which middles belong here */
	int64_t first_ns; /* start of the earliest window, end of the latest one; both 0 without
			     windows */
	int64_t last_ns;
	uint64_t window_cnt;
	uint64_t sample_cnt;
	uint64_t bytes; /* on disk, with what the write-ahead log holds */
	char *damaged;	/* NULL: sound; else what is wrong with it */
};

struct store_info {
	struct store_block_info *blocks; /* by time */
	size_t block_cnt;
	/* All windows merged, by unit (index: enum profile_unit), with one stackless sample per
	 * series; NULL: none of it. */
	struct profile *totals[PROFILE_NANOSECONDS + 1];
};

/* The inventory, with the warnings of damage up to date. Returns owned, store_info_free(). */
int must_check store_info(struct store *s, struct store_info **ret, struct err *err);
void store_info_free(struct store_info *info); /* NULL is fine */

/* ---- marks: recurrences of incidents (both modes, also while another process writes windows) ----
 */

/* The alert that noted a mark. */
struct store_alert {
	char *fingerprint; /* of its labels: the same next time it fires */
	int64_t starts_ns; /* as its sender says; with the fingerprint it tells alerts apart */
	uint64_t early_ns; /* what it tells of may have begun so long before the mark does */
	int64_t seen_ns;   /* when it was last told of, wall clock */
	char *labels;	   /* JSON object of strings */
	char *url;	   /* where it comes from; empty: unknown */
};

struct store_mark {
	int64_t id;
	char *name;
	char *source; /* who noted it: "mark", "alertmanager", … */
	int64_t from_ns;
	int64_t until_ns;	   /* INT64_MAX while it is still open */
	int64_t noted_ns;	   /* when it was noted, wall clock */
	struct store_alert *alert; /* owned where read; NULL: somebody noted it, not an alert */
};

/*
 * Notes a recurrence; `id` and `alert` are ignored, strings are copied. One that is known exactly so
 * (name, from, until) is not noted twice. -EINVAL for an empty or backward range or a bad name;
 * -EEXIST when it is open-ended and one of that name is open.
 */
int must_check store_mark_add(struct store *s, const struct store_mark *mark,
			      int64_t *ret_id /* may be NULL */, struct err *err);

/* Ends the open recurrences of that name. -ENOENT when there is none, -EINVAL when it would end
 * before its start. */
int must_check store_mark_close(struct store *s, const char *name, int64_t until_ns,
				struct err *err);

#define STORE_MAX_ALERTS       30000 /* the earliest are forgotten, those that are over first */
#define STORE_MAX_ALERT_LABELS 8192  /* bytes of JSON */
#define STORE_MAX_ALERT_URL    2048
#define STORE_MAX_FINGERPRINT  64

struct store_alert_counts {
	uint64_t opened;    /* begun, and not over */
	uint64_t ended;	    /* over: one that was open, or one that is new and over already */
	uint64_t repeated;  /* known; its end may have moved to a later time */
	uint64_t forgotten; /* earlier ones that made room */
};

/*
 * Notes what `cnt` alerts tell (each with `alert`), all or nothing of it. An alert that is known
 * (fingerprint, starts_ns) is not noted twice: it ends when it is told to have ended, at the latest
 * end that was told, and does not begin again. One that begins anew ends what is still open of an
 * earlier one with its fingerprint, when that was last told of: its end was never told. `noted_ns` is
 * when it was told. Adds to *counts on success. -EINVAL as above, or for a bad text.
 */
int must_check store_mark_alerts(struct store *s, const struct store_mark *marks, size_t cnt,
				 struct store_alert_counts *counts, struct err *err);

/* The marks of one name, or all (NULL), by name and start. Returns owned, store_marks_free(); none
 * is no error. */
int must_check store_marks(struct store *s, const char *name, struct store_mark **ret,
			   size_t *ret_cnt, struct err *err);
void store_marks_free(struct store_mark *marks, size_t cnt);
void store_mark_release(struct store_mark *m); /* what it owns; half-built and zeroed are fine */

#endif
