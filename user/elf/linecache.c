// SPDX-License-Identifier: Apache-2.0
#include "elf/linecache.h"

#include <errno.h>
#include <stdlib.h>

#include "elf/jobs.h"

/* The DWARF of a browser takes a few seconds and some hundred megabytes to find one's way in. */
const struct sandbox_limits linecache_limits = {
	.memory_bytes = (size_t)1 << 30,
	.cpu_ms = 60000,
	.wall_ms = 10000,
	.reply_bytes = (size_t)8 << 20,
	.file_bytes = 0,
};

struct open_file {
	uint64_t id;
	uint64_t used; /* the cache's `now` */
	struct sandbox_session *session;
	void *state; /* of lines_job() in this process, without a sandbox */
	bool is_open;
};

struct linecache {
	struct sandbox *sandbox;
	struct open_file files[LINECACHE_MAX_OPEN];
	uint64_t now; /* counts questions */
	uint64_t failed[LINECACHE_MAX_FAILED];
	uint64_t failed_cnt; /* ever; the next place is that modulo the size */
	struct linecache_stats stats;
	struct buf reply;
};

int linecache_new(struct sandbox *sandbox, struct linecache **ret)
{
	struct linecache *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->sandbox = sandbox;
	buf_init(&c->reply, linecache_limits.reply_bytes);
	*ret = c;
	return 0;
}

static void close_file(struct open_file *f)
{
	sandbox_close(f->session);
	lines_job_end(f->state);
	*f = (struct open_file){0};
}

void linecache_free(struct linecache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < LINECACHE_MAX_OPEN; i++)
		close_file(&c->files[i]);
	buf_release(&c->reply);
	free(c);
}

void linecache_stats(const struct linecache *c, struct linecache_stats *ret)
{
	*ret = c->stats;
}

static bool has_failed(const struct linecache *c, uint64_t id)
{
	uint64_t cnt = c->failed_cnt < LINECACHE_MAX_FAILED ? c->failed_cnt : LINECACHE_MAX_FAILED;

	for (uint64_t i = 0; i < cnt; i++)
		if (c->failed[i] == id)
			return true;
	return false;
}

static void note_failed(struct linecache *c, struct open_file *f)
{
	c->failed[c->failed_cnt++ % LINECACHE_MAX_FAILED] = f->id;
	c->stats.failed++;
	close_file(f);
}

/* The place of a file, or one for it: a free one, else that of the file that was used least recently. */
static struct open_file *find_file(struct linecache *c, uint64_t id)
{
	struct open_file *best = &c->files[0];

	for (size_t i = 0; i < LINECACHE_MAX_OPEN; i++) {
		struct open_file *f = &c->files[i];

		if (f->is_open && f->id == id)
			return f;
		if (!f->is_open || (best->is_open && f->used < best->used))
			best = f;
	}
	close_file(best);
	return best;
}

static int open_file(struct linecache *c, struct open_file *f, uint64_t id, const int *fds,
		     size_t fd_cnt)
{
	int r = 0;

	if (f->is_open)
		return 0;
	if (c->sandbox)
		r = sandbox_open(c->sandbox, JOB_LINES, fds, fd_cnt, &linecache_limits,
				 &f->session);
	if (r)
		return r;
	f->is_open = true;
	f->id = id;
	c->stats.opened++;
	return 0;
}

/* One question and its answer. */
static int ask(struct linecache *c, struct open_file *f, const int *fds, size_t fd_cnt,
	       const uint64_t *offsets, size_t cnt)
{
	struct str request = {(const char *)offsets, cnt * sizeof(*offsets)};

	c->stats.asked += cnt;
	buf_clear(&c->reply);
	return f->session ? sandbox_ask(f->session, request, &c->reply)
			  : lines_job(fds, fd_cnt, request, &c->reply, &f->state);
}

struct piece {
	lines_fn fn;
	void *arg;
	size_t first;
	int result;
};

static int hand_on(void *arg, size_t i, const struct lines_frame *frames, size_t cnt)
{
	struct piece *p = arg;

	p->result = p->fn(p->arg, p->first + i, frames, cnt);
	return p->result;
}

int lines_resolve(struct linecache *c, uint64_t id, int fd, int debug_fd, const uint64_t *offsets,
		  size_t cnt, lines_fn fn, void *arg)
{
	int fds[] = {fd, debug_fd}, r = 0;
	size_t fd_cnt = debug_fd >= 0 ? 2 : 1;
	struct open_file *f;

	if (has_failed(c, id))
		return -ENOENT;
	f = find_file(c, id);
	r = open_file(c, f, id, fds, fd_cnt);
	if (r)
		return r == -ENOMEM ? r : -EAGAIN; /* no child now: not the file's fault */
	f->used = ++c->now;
	for (size_t at = 0; at < cnt; at += LINES_MAX_OFFSETS) {
		size_t n = cnt - at < LINES_MAX_OFFSETS ? cnt - at : LINES_MAX_OFFSETS;
		struct piece piece = {fn, arg, at, 0};

		r = ask(c, f, fds, fd_cnt, offsets + at, n);
		if (!r)
			r = lines_decode((struct str){c->reply.data, c->reply.len}, n, hand_on,
					 &piece);
		if (piece.result)
			return piece.result;
		if (r == -EAGAIN) {
			close_file(f);
			return r;
		}
		if (r) {
			note_failed(c, f);
			return -ENOENT;
		}
	}
	return 0;
}
