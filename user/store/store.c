// SPDX-License-Identifier: Apache-2.0
/*
 * The writer: one directory, one lock, and the block into which the window goes. A block that turns
 * out to be damaged or full is left alone and continued in the next part; whatever else fails costs
 * the window that was being put, and closes the block, so that the next put starts from what is on
 * the disk.
 */
#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/dir.h"
#include "store/marks.h"
#include "store/retain.h"

#define DEFAULT_BLOCK_NS (6 * 3600 * NSEC_PER_SEC)
#define MAX_BLOCK_NS	 (366 * 86400 * NSEC_PER_SEC)

/* ---- opening ---- */

static int busy(const struct store *s, struct err *err)
{
	char owner[32] = "";
	ssize_t n = pread(s->lock_fd, owner, sizeof(owner) - 1, 0);

	owner[n > 0 ? strspn(owner, "0123456789") : 0] = '\0';
	return err_set(
		err, EBUSY,
		"%s: another process%s%s%s writes to this store; stop it or take another directory",
		s->dir, *owner ? " (pid " : "", owner, *owner ? ")" : "");
}

static int take_lock(struct store *s, struct err *err)
{
	char *path = dir_path(s, "lock");
	char pid[32];
	int len, r = 0;

	if (!path)
		return err_set(err, ENOMEM, "%s: out of memory", s->dir);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (s->lock_fd < 0) {
		r = err_set(err, errno, "%s: cannot be opened for writing: %s", path,
			    strerror(errno));
	} else if (flock(s->lock_fd, LOCK_EX | LOCK_NB)) {
		r = errno == EWOULDBLOCK ? busy(s, err)
					 : err_set(err, errno, "%s: %s", path, strerror(errno));
	} else {
		/* Only words for whom it concerns: on a full disk the lock holds without them. */
		len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
		if (ftruncate(s->lock_fd, 0) || pwrite(s->lock_fd, pid, (size_t)len, 0) < 0)
			r = 0;
	}
	free(path);
	return r;
}

/* A directory without anything of ours is more likely a wrong path than a store. */
static int check_is_store(const struct store *s, struct err *err)
{
	static const char *const ours[] = {"lock", "incidents.db"};
	struct store_file *files;
	struct stat st;
	size_t cnt;
	int r;

	if (stat(s->dir, &st))
		return err_set(err, errno, "%s: no store there: %s", s->dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s: a store is a directory, this is a file", s->dir);
	r = dir_files(s, &files, &cnt, err);
	if (r)
		return r;
	dir_files_free(files, cnt);
	for (size_t i = 0; !cnt && i < ARRAY_SIZE(ours); i++) {
		char *path = dir_path(s, ours[i]);

		cnt += path && !stat(path, &st);
		free(path);
	}
	return cnt ? 0
		   : err_set(err, ENOENT,
			     "%s: holds no store (no block-*.db in it); is the path right?",
			     s->dir);
}

/* After a crash the last block still has its log: put it into the file while we may write. */
static int recover_logs(struct store *s, struct err *err)
{
	struct store_file *files;
	size_t cnt;
	int r = dir_files(s, &files, &cnt, err);

	for (size_t i = 0; !r && i < cnt; i++) {
		struct err reason;
		struct block *b;
		char *path = dir_path(s, files[i].file), *wal = NULL;
		struct stat st;

		if (path && asprintf(&wal, "%s-wal", path) < 0)
			wal = NULL;
		if (wal && !stat(wal, &st)) {
			if (block_open(path, BLOCK_WRITE, &b, &reason))
				dir_warn(s, reason.text);
			else
				block_close(b);
		}
		free(wal);
		free(path);
	}
	if (!r)
		dir_files_free(files, cnt);
	return r;
}

static int set_opts(struct store *s, const struct store_opts *opts, struct err *err)
{
	if (opts)
		s->opts = *opts;
	if (!s->opts.block_ns)
		s->opts.block_ns = DEFAULT_BLOCK_NS;
	if (s->opts.block_ns % NSEC_PER_SEC || s->opts.block_ns > MAX_BLOCK_NS)
		return err_set(err, EINVAL,
			       "a block of the store covers whole seconds, at most 366 days");
	return 0;
}

int store_open(const char *dir, enum store_mode mode, const struct store_opts *opts,
	       struct store **ret, struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, ENOMEM, "%s: out of memory", dir);
	s->lock_fd = -1;
	s->mode = mode;
	s->dir = strdup(dir);
	r = s->dir ? set_opts(s, opts, err) : err_set(err, ENOMEM, "%s: out of memory", dir);
	if (!r && mode == STORE_READ)
		r = check_is_store(s, err);
	if (!r && mode == STORE_WRITE)
		r = fs_mkdirs(dir, err);
	if (r == -ENOTDIR && mode == STORE_WRITE)
		r = err_set(err, r, "%s: a store is a directory, this is a file", dir);
	if (!r && mode == STORE_WRITE)
		r = take_lock(s, err);
	if (!r && mode == STORE_WRITE)
		r = recover_logs(s, err);
	if (r)
		store_close(s);
	else
		*ret = s;
	return r;
}

static int drop_file(const struct store *s, const struct block_name *name, struct err *err)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	int r = 0;

	/* the block first, then its log: a reader in between sees no block at all */
	for (size_t i = 0; !r && i < ARRAY_SIZE(suffixes); i++) {
		struct buf file;
		char *path;

		buf_init(&file, 512);
		block_name_add(&file, name);
		buf_addstr(&file, suffixes[i]);
		path = buf_error(&file) ? NULL : dir_path(s, buf_str(&file).p);
		if (!path)
			r = err_set(err, ENOMEM, "%s: out of memory", s->dir);
		else if (unlink(path) && errno != ENOENT)
			r = err_set(err, errno, "%s: cannot be deleted: %s", path, strerror(errno));
		free(path);
		buf_release(&file);
	}
	return r;
}

/* A block that was made for windows which then failed is taken away again. */
static void close_writer(struct store *s, struct store_writer *w)
{
	struct err err;

	block_close(w->block);
	if (w->block && w->fresh && drop_file(s, &w->name, &err))
		dir_warn(s, err.text);
	*w = (struct store_writer){.block = NULL};
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STORE_OPEN_BLOCKS; i++)
		close_writer(s, &s->writers[i]);
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	for (size_t i = 0; i < s->warning_cnt; i++)
		free(s->warnings[i]);
	free(s->dir);
	free(s);
}

/* ---- the block for a window ---- */

static int close_committed(struct store *s, struct store_writer *w, struct err *err)
{
	int r = w->in_batch ? block_commit(w->block, err) : 0;

	w->fresh = w->fresh && (r || !w->in_batch);
	close_writer(s, w);
	return r;
}

/* Opens the file for that name, a new one if there is none. -EBADMSG: go on in the next part. */
static int open_part(struct store *s, const struct block_name *name, struct store_writer *w,
		     struct err *err)
{
	struct block *b = NULL;
	struct buf file;
	char *path = NULL;
	bool fresh;
	int r;

	buf_init(&file, 256);
	block_name_add(&file, name);
	r = buf_error(&file);
	path = r ? NULL : dir_path(s, file.data);
	buf_release(&file);
	if (!path)
		return err_set(err, ENOMEM, "%s: out of memory", s->dir);
	fresh = access(path, F_OK) != 0;
	r = fresh ? block_create(path, err) : 0;
	if (!r)
		r = block_open(path, BLOCK_WRITE, &b, err);
	if (!r && block_is_full(b)) {
		block_close(b);
		r = err_set(err, EBADMSG, "full");
	} else if (r == -EBADMSG) {
		struct err line;

		(void)err_set(&line, EBADMSG, "%s, writing to a new file beside it", err->text);
		dir_warn(s, line.text);
	}
	free(path);
	if (r)
		return r;
	w->block = b;
	w->name = *name;
	w->fresh = fresh;
	return 0;
}

/* The number of the last part that is there for this time, 0 when there is none. */
static int last_part(const struct store *s, const struct block_name *name, unsigned int *ret,
		     struct err *err)
{
	struct store_file *files;
	unsigned int part = 0;
	size_t cnt;
	int r = dir_files(s, &files, &cnt, err);

	if (r)
		return r;
	for (size_t i = 0; i < cnt; i++)
		if (files[i].name.from_ns == name->from_ns &&
		    files[i].name.length_ns == name->length_ns && files[i].name.part > part)
			part = files[i].name.part;
	dir_files_free(files, cnt);
	*ret = part;
	return 0;
}

static int open_writer(struct store *s, struct store_writer *w, struct block_name name,
		       unsigned int min_part, struct err *err)
{
	struct err reason;
	int r = last_part(s, &name, &name.part, err);

	if (r)
		return r;
	if (name.part < min_part)
		name.part = min_part;
	do {
		r = open_part(s, &name, w, &reason);
	} while (r == -EBADMSG && name.part++ < BLOCK_MAX_PART);
	if (r)
		return err_set(err, r, "%s", reason.text);
	return 0;
}

static bool same_time(const struct block_name *a, const struct block_name *b)
{
	return a->from_ns == b->from_ns && a->length_ns == b->length_ns;
}

/* A place for one more open block: outside batches the only one, inside the one not used for
 * longest. */
static int free_place(struct store *s, struct store_writer **ret, struct err *err)
{
	struct store_writer *oldest = &s->writers[0];
	int r = 0;

	for (size_t i = 0; !r && i < STORE_OPEN_BLOCKS; i++) {
		struct store_writer *w = &s->writers[i];

		if (!s->batch && w->block)
			r = close_committed(s, w, err);
		if (!w->block || (oldest->block && w->last_use < oldest->last_use))
			oldest = w;
	}
	if (!r && oldest->block)
		r = close_committed(s, oldest, err);
	if (!r)
		*ret = oldest;
	return r;
}

static int find_writer(struct store *s, const struct block_name *name, unsigned int min_part,
		       struct store_writer **ret, struct err *err)
{
	struct store_writer *w = NULL;
	int r = 0;

	for (size_t i = 0; i < STORE_OPEN_BLOCKS; i++)
		if (s->writers[i].block && same_time(&s->writers[i].name, name))
			w = &s->writers[i];
	if (w && block_is_full(w->block)) {
		r = close_committed(s, w, err);
		w = NULL;
	}
	if (!r && !w) {
		r = free_place(s, &w, err);
		if (!r)
			r = open_writer(s, w, *name, min_part, err);
	}
	if (r)
		return r;
	w->last_use = ++s->uses;
	*ret = w;
	return 0;
}

/* ---- putting ---- */

static void note_put(struct store *s, const struct store_writer *w)
{
	struct buf file;

	buf_init(&file, sizeof(s->last_put.block) - 1);
	block_name_add(&file, &w->name);
	s->last_put.id = buf_error(&file) ? 0 : block_put_id(w->block);
	if (s->last_put.id)
		memcpy(s->last_put.block, file.data, file.len + 1);
	buf_release(&file);
}

void store_last_put(const struct store *s, struct store_place *ret)
{
	*ret = s->last_put;
}

static int put_into(struct store *s, struct store_writer *w, const struct profile *p,
		    struct err *err)
{
	int r = w->in_batch ? 0 : block_begin(w->block, err);

	if (!r)
		r = block_put(w->block, p, err);
	if (!r)
		note_put(s, w);
	if (!r && !s->batch)
		r = block_commit(w->block, err);
	w->fresh = w->fresh && (r || s->batch);
	w->in_batch = s->batch;
	if (r) {
		if (s->batch)
			s->batch_failed = true;
		close_writer(s, w);
	}
	return r;
}

static int check_writable(const struct store *s, struct err *err)
{
	return s->mode == STORE_WRITE
		       ? 0
		       : err_set(err, EROFS, "%s: the store was opened for reading", s->dir);
}

int store_put(struct store *s, const struct profile *p, struct err *err)
{
	struct block_name name =
		block_name_at(block_middle(p->start_ns, p->end_ns), s->opts.block_ns);
	struct store_writer *w;
	struct err reason;
	unsigned int part;
	bool in_batch;
	int r = check_writable(s, err);

	if (r)
		return r;
	if (p->end_ns < p->start_ns || !block_name_is_valid(&name))
		return err_set(err, EINVAL,
			       "%s: a window ends before it starts, or is not between the years "
			       "1678 and 2261",
			       s->dir);
	r = find_writer(s, &name, 0, &w, err);
	if (r)
		return r;
	part = w->name.part;
	in_batch = w->in_batch;
	r = put_into(s, w, p, &reason);
	if (r == -EBADMSG && !in_batch) { /* damage that was found only now */
		(void)err_prefix(&reason, EBADMSG, "writing to a new file");
		dir_warn(s, reason.text);
		s->batch_failed = false;
		r = find_writer(s, &name, part + 1, &w, &reason);
		if (!r)
			r = put_into(s, w, p, &reason);
	}
	return r ? err_set(err, r, "%s", reason.text) : 0;
}

int store_begin(struct store *s, struct err *err)
{
	int r = check_writable(s, err);

	if (r)
		return r;
	if (s->batch)
		return err_set(err, EINVAL, "%s: a batch is open already", s->dir);
	s->batch = true;
	s->batch_failed = false;
	return 0;
}

int store_commit(struct store *s, struct err *err)
{
	int r = 0, one;

	if (!s->batch)
		return err_set(err, EINVAL, "%s: no batch is open", s->dir);
	for (size_t i = 0; i < STORE_OPEN_BLOCKS; i++) {
		struct store_writer *w = &s->writers[i];

		if (!w->block || !w->in_batch)
			continue;
		one = block_commit(w->block, r ? NULL : err);
		w->in_batch = false;
		w->fresh = w->fresh && one;
		if (one)
			close_writer(s, w);
		r = r ? r : one;
	}
	s->batch = false;
	if (!r && s->batch_failed)
		r = err_set(err, ECANCELED, "%s: an earlier window of the batch was not stored",
			    s->dir);
	return r;
}

/* ---- retention ---- */

static int drop_block(struct store *s, const struct store_file *f, struct err *err)
{
	for (size_t i = 0; i < STORE_OPEN_BLOCKS; i++)
		if (s->writers[i].block && same_time(&s->writers[i].name, &f->name))
			close_writer(s, &s->writers[i]);
	return drop_file(s, &f->name, err);
}

static bool has_mark(const struct block_name *name, const struct time_range *marks, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (marks[i].from_ns < block_name_until(name) && marks[i].until_ns > name->from_ns)
			return true;
	return false;
}

/*
 * What retention has to know of each block. Marks that cannot be read may lie anywhere: then nothing
 * is dropped for its age, and the bytes limit still holds. -EBUSY while they are written: whoever
 * records cannot wait for that.
 */
static int describe_blocks(struct store *s, const struct store_file *files, size_t cnt,
			   struct retain_block **ret)
{
	struct retain_block *blocks;
	struct time_range *marks = NULL;
	size_t mark_cnt = 0;
	int unknown = marks_ranges(s, &marks, &mark_cnt, NULL);

	if (unknown == -EBUSY)
		return unknown;
	blocks = calloc(cnt + 1, sizeof(*blocks));
	for (size_t i = 0; blocks && i < cnt; i++)
		blocks[i] = (struct retain_block){
			.until_ns = block_name_until(&files[i].name),
			.bytes = files[i].bytes,
			.marked = unknown || has_mark(&files[i].name, marks, mark_cnt),
		};
	free(marks);
	if (!blocks)
		return -ENOMEM;
	*ret = blocks;
	return 0;
}

int store_retain(struct store *s, int64_t now_ns, struct err *err)
{
	const struct retain_limits limits = {s->opts.max_age_ns, s->opts.max_bytes};
	struct retain_block *blocks = NULL;
	struct store_file *files;
	size_t cnt;
	int r = check_writable(s, err);

	if (!r && s->batch)
		r = err_set(err, EBUSY, "%s: a batch is open", s->dir);
	if (!r)
		r = dir_files(s, &files, &cnt, err);
	if (r)
		return r;
	r = describe_blocks(s, files, cnt, &blocks);
	if (!r)
		(void)retain_choose(blocks, cnt, now_ns, &limits);
	for (size_t i = 0; !r && i < cnt; i++)
		if (blocks[i].drop)
			r = drop_block(s, &files[i], err);
	if (!blocks)
		r = r == -EBUSY ? 0 : err_set(err, r, "%s: out of memory", s->dir);
	free(blocks);
	dir_files_free(files, cnt);
	return r;
}
