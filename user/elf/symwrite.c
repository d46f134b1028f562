// SPDX-License-Identifier: Apache-2.0
/*
 * Rows and text are written side by side, each a stream of whole blocks: where the text begins is
 * known from the number of rows. The checksums are collected meanwhile and follow at the end; the
 * header comes last, so that a file that was cut off in the middle has none.
 */
#include "elf/symwrite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compress.h"
#include "elf/demangle.h"
#include "elf/symformat.h"

#define STREAM_BLOCKS 16

struct stream {
	int fd;
	int error;
	uint64_t at;	 /* of the file, where `bytes` belong */
	uint64_t total;	 /* bytes added */
	size_t len;	 /* in `bytes` */
	struct buf sums; /* 4 bytes a block */
	uint8_t bytes[STREAM_BLOCKS * SYMFORMAT_BLOCK];
};

static int write_at(int fd, uint64_t at, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static void stream_init(struct stream *s, int fd, uint64_t at)
{
	s->fd = fd;
	s->error = 0;
	s->at = at;
	s->total = 0;
	s->len = 0;
	buf_init(&s->sums, (size_t)64 << 20);
}

/* Full blocks; the last one of a stream is filled up with zeros. */
static void stream_flush(struct stream *s)
{
	size_t len = (s->len + SYMFORMAT_BLOCK - 1) / SYMFORMAT_BLOCK * SYMFORMAT_BLOCK;

	memset(s->bytes + s->len, 0, len - s->len);
	for (size_t at = 0; at < len; at += SYMFORMAT_BLOCK) {
		uint32_t crc = compress_crc32(0, s->bytes + at, SYMFORMAT_BLOCK);

		buf_add(&s->sums, &crc, sizeof(crc));
	}
	if (!s->error)
		s->error = buf_error(&s->sums);
	if (!s->error)
		s->error = write_at(s->fd, s->at, s->bytes, len);
	s->at += len;
	s->len = 0;
}

static void stream_add(struct stream *s, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	s->total += len;
	while (len) {
		size_t n = sizeof(s->bytes) - s->len;

		n = n < len ? n : len;
		memcpy(s->bytes + s->len, p, n);
		s->len += n;
		p += n;
		len -= n;
		if (s->len == sizeof(s->bytes))
			stream_flush(s);
	}
}

struct writer {
	const struct symtab *table;
	int image_region[SYMTAB_MAX_REGIONS]; /* 1 + which of the header; 0: its names are copied */
	bool is_eager;
	struct symformat_header header;
	struct stream rows, text;
	char raw[SYMTAB_MAX_NAME], name[DEMANGLE_MAX_OUT];
};

static void find_image_regions(struct writer *w)
{
	for (size_t i = 0; i < w->table->region_cnt; i++) {
		const struct elf_content *c = &w->table->regions[i];

		if (c->is_expanded || c->file != w->table->image || c->file->mem)
			continue;
		w->header.regions[w->header.region_cnt].offset = c->offset;
		w->header.regions[w->header.region_cnt].size = c->size;
		w->image_region[i] = (int)++w->header.region_cnt;
	}
}

/* Plain names stay where they are, if that is the image; all others go to the text. */
static int add_row(struct writer *w, const struct symtab_sym *s)
{
	unsigned int from = symtab_region(s);
	uint64_t region = (uint64_t)w->image_region[from];
	struct symformat_row row = {.size = symtab_size(s), .name = s->name};
	struct str name = {w->raw, 0};
	size_t len;

	if (!region || w->is_eager)
		name.len = symtab_name(w->table, s, w->raw, sizeof(w->raw));
	if (w->is_eager) {
		len = demangle(name, w->name);
		if (len != name.len || memcmp(w->name, w->raw, len)) {
			region = 0;
			name = (struct str){w->name, len};
		}
	}
	if (!region) {
		if (w->text.total + name.len >= UINT32_MAX)
			return -EFBIG;
		row.name = (uint32_t)w->text.total;
		stream_add(&w->text, name.p, name.len);
		stream_add(&w->text, "", 1);
	}
	row.where =
		s->key | region << SYMFORMAT_OFFSET_BITS | (w->is_eager ? 0 : SYMFORMAT_MANGLED);
	stream_add(&w->rows, &row, sizeof(row));
	return w->rows.error ? w->rows.error : w->text.error;
}

static void set_fences(struct writer *w)
{
	uint64_t blocks = (w->table->cnt + SYMFORMAT_ROWS - 1) / SYMFORMAT_ROWS;
	uint64_t stride = (blocks + SYMFORMAT_FENCES - 1) / SYMFORMAT_FENCES;

	w->header.fence_stride = (uint32_t)stride;
	for (uint64_t i = 0; i < blocks; i += stride)
		w->header.fences[w->header.fence_cnt++] = w->table->syms[i * SYMFORMAT_ROWS].key;
}

static int finish(struct writer *w, int fd)
{
	uint64_t at;
	int r;

	stream_flush(&w->rows);
	stream_flush(&w->text);
	r = w->rows.error ? w->rows.error : w->text.error;
	at = w->text.at;
	w->header.row_cnt = w->rows.total / sizeof(struct symformat_row);
	w->header.text_bytes = w->text.total;
	w->header.sums_crc = compress_crc32(compress_crc32(0, w->rows.sums.data, w->rows.sums.len),
					    w->text.sums.data, w->text.sums.len);
	w->header.crc = compress_crc32(0, &w->header, offsetof(struct symformat_header, crc));
	if (!r)
		r = write_at(fd, at, w->rows.sums.data, w->rows.sums.len);
	if (!r)
		r = write_at(fd, at + w->rows.sums.len, w->text.sums.data, w->text.sums.len);
	return r ? r : write_at(fd, 0, &w->header, sizeof(w->header));
}

static void begin_header(struct writer *w, const struct symfile_info *info)
{
	memcpy(w->header.magic, SYMFORMAT_MAGIC, sizeof(w->header.magic));
	w->header.version = SYMFORMAT_VERSION;
	w->header.byte_order = SYMFORMAT_BYTE_ORDER;
	w->header.info.build_id = info->build_id;
	w->header.info.link = info->link;
	w->header.info.wants_debug = info->wants_debug;
	w->header.info.debug_used = info->debug_used;
	w->header.info.debug_tried = info->debug_tried;
}

int symwrite(const struct symtab *t, const struct symfile_info *info, uint32_t max_eager, int fd)
{
	struct writer *w = calloc(1, sizeof(*w));
	uint64_t row_blocks = (t->cnt + SYMFORMAT_ROWS - 1) / SYMFORMAT_ROWS;
	int r = 0;

	if (!w)
		return -ENOMEM;
	w->table = t;
	w->is_eager = t->cnt <= max_eager;
	begin_header(w, info);
	find_image_regions(w);
	stream_init(&w->rows, fd, SYMFORMAT_BLOCK);
	stream_init(&w->text, fd, SYMFORMAT_BLOCK * (1 + row_blocks));
	set_fences(w);
	for (size_t i = 0; i < t->cnt && !r; i++)
		r = add_row(w, &t->syms[i]);
	if (!r)
		r = finish(w, fd);
	buf_release(&w->rows.sums);
	buf_release(&w->text.sums);
	free(w);
	return r;
}
