// SPDX-License-Identifier: Apache-2.0
#include "format/raw.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compress.h"
#include "base/fs.h"
#include "base/mem.h"

#define FLUSH_BYTES 65536 /* the writer's chunks, unless a single record is larger */

_Static_assert(sizeof(struct raw_file_header) == 72, "on disk");
_Static_assert(sizeof(struct raw_chunk_header) == 16, "on disk");

struct raw_writer {
	char *path; /* owned, for messages */
	int fd;
	int error; /* sticks */
	uint32_t cnt;
	size_t len; /* of chunk, header included */
	size_t cap;
	unsigned char *chunk;
};

static int write_all(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_file_header(int fd, const struct raw_info *info)
{
	struct raw_file_header h = {
		.byte_order = RAW_BYTE_ORDER,
		.version = RAW_VERSION,
		.header_bytes = sizeof(h),
		.cpus = info->cpus,
		.period_ns = info->period_ns,
		.millihertz =
			info->hz > 0 && info->hz < 1e9 ? (uint64_t)llround(info->hz * 1000) : 0,
		.wall_at_mono0_ns = info->wall_at_mono0_ns,
	};

	memcpy(h.magic, RAW_MAGIC, RAW_MAGIC_LEN);
	return write_all(fd, &h, sizeof(h));
}

int raw_writer_new(const char *path, const struct raw_info *info, struct raw_writer **ret_writer,
		   struct err *err)
{
	struct raw_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_set(err, ENOMEM, "%s: out of memory", path);
	w->fd = -1;
	w->len = sizeof(struct raw_chunk_header);
	w->path = mem_strndup(path, strlen(path));
	r = w->path ? mem_grow(&w->chunk, &w->cap, w->len + FLUSH_BYTES, 1, w->len + RAW_CHUNK_MAX)
		    : -ENOMEM;
	if (!r) {
		w->fd = strcmp(path, "-")
				? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
				: fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		r = w->fd < 0 ? -errno : write_file_header(w->fd, info);
	}
	if (r) {
		w->error = r;
		return raw_writer_close(w, err);
	}
	*ret_writer = w;
	return 0;
}

int raw_writer_flush(struct raw_writer *w)
{
	struct raw_chunk_header h = {.magic = RAW_CHUNK_MAGIC, .cnt = w->cnt};

	if (w->error || !w->cnt)
		return w->error;
	h.bytes = (uint32_t)(w->len - sizeof(h));
	h.crc = compress_crc32(0, w->chunk + sizeof(h), h.bytes);
	memcpy(w->chunk, &h, sizeof(h));
	w->error = write_all(w->fd, w->chunk, w->len);
	w->len = sizeof(h);
	w->cnt = 0;
	return w->error;
}

int raw_writer_put(void *writer, const struct wire_header *rec)
{
	struct raw_writer *w = writer;
	int r;

	if (w->error)
		return w->error;
	if (!wire_check(rec, rec->size))
		return -EINVAL;
	if (rec->size > RAW_CHUNK_MAX)
		return -E2BIG;
	if (w->len + rec->size > sizeof(struct raw_chunk_header) + FLUSH_BYTES) {
		r = raw_writer_flush(w);
		if (r)
			return r;
	}
	r = mem_grow(&w->chunk, &w->cap, w->len + rec->size, 1,
		     sizeof(struct raw_chunk_header) + RAW_CHUNK_MAX);
	if (r)
		return r;
	memcpy(w->chunk + w->len, rec, rec->size);
	w->len += rec->size;
	w->cnt++;
	return 0;
}

int raw_writer_close(struct raw_writer *w, struct err *err)
{
	int r;

	if (!w)
		return 0;
	r = raw_writer_flush(w);
	/* pipes and terminals cannot be synced, and need not */
	if (!r && fsync(w->fd) && errno != EINVAL && errno != EROFS)
		r = -errno;
	if (w->fd >= 0 && close(w->fd) && !r)
		r = -errno;
	if (r)
		err_set(err, r, "%s: cannot write: %s", w->path ? w->path : "raw file",
			strerror(-r));
	free(w->chunk);
	free(w->path);
	free(w);
	return r;
}

/* ---- reading ---- */

struct raw_reader {
	const char *path;
	int fd;
	uint64_t at;	 /* bytes read so far */
	uint64_t *chunk; /* 8-aligned, RAW_CHUNK_MAX bytes */
	record_fn fn;
	void *arg;
	struct raw_report report;
};

/* Reads until len bytes or the end of the file; how many there were, or -errno. */
static ssize_t read_some(struct raw_reader *r, void *p, size_t len)
{
	size_t got;
	int err = fs_read_part(r->fd, p, len, &got);

	if (err)
		return err;
	r->at += got;
	return (ssize_t)got;
}

static int read_file_header(struct raw_reader *r, struct raw_info *info, struct err *err)
{
	struct raw_file_header h;
	char skipped[64];
	ssize_t n;

	n = read_some(r, &h, sizeof(h));
	if (n < 0)
		return err_set(err, (int)n, "%s: %s", r->path, strerror((int)-n));
	if (n < RAW_MAGIC_LEN || memcmp(h.magic, RAW_MAGIC, RAW_MAGIC_LEN))
		return err_set(err, EINVAL,
			       "%s: not a raw record file (those are written by record --raw)",
			       r->path);
	if ((size_t)n < sizeof(h))
		return err_set(err, EINVAL, "%s: the raw file ends at byte %zd, inside its header",
			       r->path, n);
	if (h.byte_order != RAW_BYTE_ORDER)
		return err_set(err, EINVAL,
			       "%s: recorded on a machine of the other byte order, replay it there",
			       r->path);
	if (h.version != RAW_VERSION || h.header_bytes < sizeof(h) || h.header_bytes > 4096)
		return err_set(err, EINVAL,
			       "%s: raw format version %u, this program reads version %u", r->path,
			       h.version, RAW_VERSION);
	for (size_t left = h.header_bytes - sizeof(h); left;) {
		size_t part = left < sizeof(skipped) ? left : sizeof(skipped);

		n = read_some(r, skipped, part);
		if (n != (ssize_t)part)
			return err_set(err, EINVAL, "%s: the raw file ends inside its header",
				       r->path);
		left -= part;
	}
	info->hz = (double)h.millihertz / 1000;
	info->period_ns = h.period_ns;
	info->cpus = h.cpus;
	info->wall_at_mono0_ns = h.wall_at_mono0_ns;
	return 0;
}

/* Hands out the whole records among the first len bytes of the chunk; 0 or what the callback said.
 */
static int deliver(struct raw_reader *r, size_t len, size_t *ret_used)
{
	const char *base = (const char *)r->chunk;
	size_t at = 0;
	int rc;

	while (at < len) {
		const struct wire_header *rec = (const void *)(base + at);

		if (!wire_check(rec, len - at))
			break;
		if (rec->type == WIRE_NONE || rec->type > WIRE_PRESSURE) {
			r->report.skipped_cnt++;
		} else {
			r->report.record_cnt++;
			rc = r->fn(r->arg, rec);
			if (rc)
				return rc;
		}
		at += rec->size;
	}
	*ret_used = at;
	return 0;
}

/* Notes where the file stops making sense, and how much of it is left there. */
static int note_tail(struct raw_reader *r, uint64_t tail_at)
{
	ssize_t n;

	do {
		n = read_some(r, r->chunk, RAW_CHUNK_MAX);
	} while (n > 0);
	r->report.tail_at = tail_at;
	r->report.tail_bytes = r->at - tail_at;
	return n < 0 ? (int)n : 0;
}

/* 1 when there may be more chunks, 0 at the end, else what stopped it; *ret_cb tells whether a
 * callback did. */
static int read_chunk(struct raw_reader *r, bool *ret_cb)
{
	struct raw_chunk_header h;
	uint64_t start = r->at;
	size_t used = 0;
	ssize_t n;
	int rc;

	n = read_some(r, &h, sizeof(h));
	if (n <= 0)
		return (int)n;
	if (n < (ssize_t)sizeof(h) || h.magic != RAW_CHUNK_MAGIC || h.bytes > RAW_CHUNK_MAX ||
	    h.bytes % 8)
		return note_tail(r, start);
	n = read_some(r, r->chunk, h.bytes);
	if (n < 0)
		return (int)n;
	if (n == (ssize_t)h.bytes && compress_crc32(0, (const void *)r->chunk, h.bytes) != h.crc) {
		r->report.damaged_chunks++;
		return 1;
	}
	rc = deliver(r, (size_t)n, &used);
	if (rc) {
		*ret_cb = true;
		return rc;
	}
	if (n < (ssize_t)h.bytes)
		return note_tail(r, start + sizeof(h) + used);
	r->report.bad_cnt += used < h.bytes;
	return 1;
}

int raw_read(const char *path, raw_info_fn info_fn, record_fn fn, void *arg,
	     struct raw_report *report, struct err *err)
{
	struct raw_reader r = {.path = path, .fd = -1, .fn = fn, .arg = arg};
	struct raw_info info = {0};
	bool by_callback = false;
	int rc;

	r.fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				 : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (r.fd < 0)
		return err_set(err, errno, "%s: %s", path, strerror(errno));
	r.chunk = malloc(RAW_CHUNK_MAX);
	rc = r.chunk ? read_file_header(&r, &info, err)
		     : err_set(err, ENOMEM, "%s: out of memory", path);
	if (!rc && info_fn) {
		rc = info_fn(arg, &info);
		by_callback = rc;
	}
	if (!rc) {
		do {
			rc = read_chunk(&r, &by_callback);
		} while (rc == 1 && !by_callback);
		if (rc < 0 && !by_callback)
			rc = err_set(err, rc, "%s: byte %llu: %s", path, (unsigned long long)r.at,
				     strerror(-rc));
	}
	free(r.chunk);
	(void)close(r.fd);
	if (report)
		*report = r.report;
	return rc;
}
