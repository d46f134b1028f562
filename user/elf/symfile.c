// SPDX-License-Identifier: Apache-2.0
/*
 * Reading. The header has the first offset of every stride-th block of rows (its fences), so that a
 * search costs the header, a few blocks to halve one stride, and the block with the answer. What was
 * read last is in the blocks that all symbol files share; without them each file has one on the
 * stack.
 */
#include "elf/symfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compress.h"
#include "elf/symblocks.h"
#include "elf/symformat.h"

#define MAX_OUTWARD 32 /* how many functions are looked at for one that encloses */

struct symfile {
	int fd;
	struct symblocks *cache; /* borrowed; NULL: none */
	uint64_t owner;		 /* in there */
	uint64_t row_cnt, text_bytes;
	uint64_t sums; /* offset of the checksums */
	uint64_t size;
};

struct block {		 /* where there is no cache */
	uint64_t number; /* 0: none is read yet */
	uint8_t bytes[SYMFORMAT_BLOCK];
};

static int read_at(int fd, uint64_t offset, void *buf, size_t len)
{
	struct elf_file file = {.fd = fd};

	return elf_file_read(&file, offset, buf, len) ? -EBADMSG : 0;
}

static uint64_t row_blocks(uint64_t row_cnt)
{
	return (row_cnt + SYMFORMAT_ROWS - 1) / SYMFORMAT_ROWS;
}

/* Also checks it: `size` is that of the file. */
static int read_header(int fd, uint64_t size, struct symformat_header *ret)
{
	uint64_t blocks;

	if (size < sizeof(*ret) || read_at(fd, 0, ret, sizeof(*ret)))
		return -EBADMSG;
	if (memcmp(ret->magic, SYMFORMAT_MAGIC, sizeof(ret->magic)) ||
	    ret->version != SYMFORMAT_VERSION || ret->byte_order != SYMFORMAT_BYTE_ORDER ||
	    ret->crc != compress_crc32(0, ret, offsetof(struct symformat_header, crc)))
		return -EBADMSG;
	if (ret->row_cnt > SYMFORMAT_MAX_ROWS || ret->text_bytes > UINT32_MAX ||
	    ret->region_cnt > SYMFORMAT_REGIONS || ret->fence_cnt > SYMFORMAT_FENCES ||
	    (ret->row_cnt && (!ret->fence_stride || !ret->fence_cnt)) ||
	    ret->info.build_id.len > BUILDID_MAX ||
	    memchr(ret->info.link.name, '\0', DEBUGLINK_MAX_NAME) == NULL)
		return -EBADMSG;
	for (size_t i = 0; i < ret->region_cnt; i++)
		if (ret->regions[i].offset > INT64_MAX || ret->regions[i].size > INT64_MAX)
			return -EBADMSG;
	blocks = row_blocks(ret->row_cnt) +
		 (ret->text_bytes + SYMFORMAT_BLOCK - 1) / SYMFORMAT_BLOCK;
	return size == SYMFORMAT_BLOCK * (1 + blocks) + 4 * blocks ? 0 : -EBADMSG;
}

static int check_sums(const struct symfile *sf, uint32_t want)
{
	uint8_t chunk[SYMFORMAT_BLOCK];
	uint32_t crc = 0;

	for (uint64_t at = sf->sums; at < sf->size;) {
		size_t len =
			sf->size - at < sizeof(chunk) ? (size_t)(sf->size - at) : sizeof(chunk);

		if (read_at(sf->fd, at, chunk, len))
			return -EBADMSG;
		crc = compress_crc32(crc, chunk, len);
		at += len;
	}
	return crc == want ? 0 : -EBADMSG;
}

int symfile_open(int fd, struct symfile **ret)
{
	struct symformat_header header;
	struct symfile *sf = NULL;
	struct stat st;
	int r = fstat(fd, &st) || !S_ISREG(st.st_mode)
			? -EBADMSG
			: read_header(fd, (uint64_t)st.st_size, &header);

	if (!r) {
		sf = calloc(1, sizeof(*sf));
		r = sf ? 0 : -ENOMEM;
	}
	if (!r) {
		*sf = (struct symfile){
			.fd = fd,
			.row_cnt = header.row_cnt,
			.text_bytes = header.text_bytes,
			.size = (uint64_t)st.st_size,
		};
		sf->sums = SYMFORMAT_BLOCK *
			   (1 + (sf->size - SYMFORMAT_BLOCK) / (SYMFORMAT_BLOCK + 4));
		r = check_sums(sf, header.sums_crc);
	}
	if (r) {
		(void)close(fd);
		free(sf);
		return r;
	}
	*ret = sf;
	return 0;
}

void symfile_share(struct symfile *sf, struct symblocks *cache)
{
	sf->cache = cache;
	sf->owner = symblocks_owner(cache);
}

void symfile_free(struct symfile *sf)
{
	if (!sf)
		return;
	(void)close(sf->fd);
	free(sf);
}

/* The header again, which symfile_open() has seen: it may have been damaged since. */
static int reread_header(const struct symfile *sf, struct symformat_header *ret)
{
	const uint8_t *known = sf->cache ? symblocks_find(sf->cache, sf->owner, 0) : NULL;
	uint8_t *room;
	int r;

	if (known) {
		memcpy(ret, known, sizeof(*ret));
		return 0;
	}
	r = read_header(sf->fd, sf->size, ret);
	room = !r && sf->cache ? symblocks_room(sf->cache, sf->owner, 0) : NULL;
	if (room) {
		memcpy(room, ret, sizeof(*ret));
		symblocks_keep(sf->cache, sf->owner, 0);
	}
	return r;
}

int symfile_info(const struct symfile *sf, struct symfile_info *ret)
{
	struct symformat_header header;
	int r = reread_header(sf, &header);

	if (r)
		return r;
	*ret = (struct symfile_info){
		.build_id = header.info.build_id,
		.link = header.info.link,
		.wants_debug = header.info.wants_debug,
		.debug_used = header.info.debug_used,
		.debug_tried = header.info.debug_tried,
	};
	return 0;
}

uint64_t symfile_cnt(const struct symfile *sf)
{
	return sf->row_cnt;
}

uint64_t symfile_size(const struct symfile *sf)
{
	return sf->size;
}

static int read_checked(const struct symfile *sf, uint64_t number, uint8_t *bytes)
{
	uint32_t sum;

	if (read_at(sf->fd, number * SYMFORMAT_BLOCK, bytes, SYMFORMAT_BLOCK) ||
	    read_at(sf->fd, sf->sums + 4 * (number - 1), &sum, sizeof(sum)) ||
	    compress_crc32(0, bytes, SYMFORMAT_BLOCK) != sum)
		return -EBADMSG;
	return 0;
}

/* Borrowed until the next block is wanted; NULL when it is damaged. */
static const uint8_t *block_at(const struct symfile *sf, uint64_t number, struct block *own)
{
	const uint8_t *known = sf->cache ? symblocks_find(sf->cache, sf->owner, number) : NULL;
	uint8_t *room;

	if (known)
		return known;
	room = sf->cache ? symblocks_room(sf->cache, sf->owner, number) : NULL;
	if (room) {
		if (read_checked(sf, number, room))
			return NULL;
		symblocks_keep(sf->cache, sf->owner, number);
		return room;
	}
	if (own->number == number)
		return own->bytes;
	own->number = 0;
	if (read_checked(sf, number, own->bytes))
		return NULL;
	own->number = number;
	return own->bytes;
}

static int read_row(const struct symfile *sf, uint64_t i, struct block *block,
		    struct symformat_row *ret)
{
	const uint8_t *bytes = block_at(sf, 1 + i / SYMFORMAT_ROWS, block);

	if (!bytes)
		return -EBADMSG;
	memcpy(ret, bytes + i % SYMFORMAT_ROWS * sizeof(*ret), sizeof(*ret));
	return 0;
}

/* How many rows begin at or before `offset`? */
static int search(const struct symfile *sf, const struct symformat_header *header, uint64_t offset,
		  struct block *block, uint64_t *ret)
{
	uint64_t fence, low, high, last;
	struct symformat_row row;
	int r = 0;

	for (low = 0, high = header->fence_cnt; low < high;) {
		uint64_t mid = low + (high - low) / 2;

		if (header->fences[mid] <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	fence = low;
	if (!fence || !sf->row_cnt) {
		*ret = 0;
		return 0;
	}
	last = sf->row_cnt - 1;
	low = (fence - 1) * header->fence_stride * SYMFORMAT_ROWS;
	high = fence * header->fence_stride * SYMFORMAT_ROWS;
	if (low > last)
		return -EBADMSG;
	high = high < sf->row_cnt ? high : sf->row_cnt;
	/* by the first rows of blocks, then within one: each probe reads a block */
	while (!r && high - low > SYMFORMAT_ROWS) {
		uint64_t blocks = (high - low + SYMFORMAT_ROWS - 1) / SYMFORMAT_ROWS;
		uint64_t mid = low + blocks / 2 * SYMFORMAT_ROWS;

		r = read_row(sf, mid, block, &row);
		if (!r && symformat_offset(&row) <= offset)
			low = mid;
		else
			high = mid;
	}
	while (!r && low < high) {
		uint64_t mid = low + (high - low) / 2;

		r = read_row(sf, mid, block, &row);
		if (!r && symformat_offset(&row) <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	*ret = low;
	return r;
}

static size_t cut_version(char *name, size_t len)
{
	char *at = memchr(name, '@', len);

	return at && at != name ? (size_t)(at - name) : len;
}

static int read_text(const struct symfile *sf, uint64_t at, struct symfile_name *ret)
{
	uint64_t first = 1 + row_blocks(sf->row_cnt), left = sf->text_bytes - at;
	struct block block = {.number = 0};
	size_t len = 0, n, from;

	while (len < sizeof(ret->text) - 1 && left) {
		const uint8_t *bytes = block_at(sf, first + at / SYMFORMAT_BLOCK, &block);
		const uint8_t *end;

		if (!bytes)
			return -EBADMSG;
		from = at % SYMFORMAT_BLOCK;
		n = SYMFORMAT_BLOCK - from;
		if (n > left)
			n = (size_t)left;
		if (n > sizeof(ret->text) - 1 - len)
			n = sizeof(ret->text) - 1 - len;
		end = memchr(bytes + from, '\0', n);
		if (end)
			n = (size_t)(end - (bytes + from));
		memcpy(ret->text + len, bytes + from, n);
		len += n;
		if (end)
			break;
		at += n;
		left -= n;
	}
	ret->len = len;
	return 0;
}

static int read_name(const struct symfile *sf, const struct symformat_header *header, int image_fd,
		     const struct symformat_row *row, struct symfile_name *ret)
{
	unsigned int region = symformat_region(row);
	struct elf_file image = {.fd = image_fd};
	struct elf_content strings = {.file = &image};

	ret->is_mangled = symformat_is_mangled(row);
	if (!region)
		return row->name < sf->text_bytes ? read_text(sf, row->name, ret) : -EBADMSG;
	if (region > header->region_cnt)
		return -EBADMSG;
	strings.offset = header->regions[region - 1].offset;
	strings.size = header->regions[region - 1].size;
	ret->len = elf_content_text(&strings, row->name, ret->text, sizeof(ret->text));
	ret->len = cut_version(ret->text, ret->len);
	return 0;
}

/*
 * How far the answer reaches: to the end of the function, or to the next one that begins inside of
 * it. `next` is the row behind the one that the name was found in.
 */
static int find_until(const struct symfile *sf, uint64_t next, struct block *block,
		      struct symfile_name *name)
{
	struct symformat_row row;
	int r;

	name->until = name->end;
	if (next == sf->row_cnt)
		return 0;
	r = read_row(sf, next, block, &row);
	if (!r && symformat_offset(&row) < name->end)
		name->until = symformat_offset(&row);
	return r;
}

int symfile_find(const struct symfile *sf, int image_fd, uint64_t offset, struct symfile_name *ret)
{
	struct symformat_header header;
	struct block block = {.number = 0};
	struct symformat_row row;
	uint64_t next = 0;
	int r = reread_header(sf, &header);

	if (!r)
		r = search(sf, &header, offset, &block, &next);
	for (uint64_t looked = 0; !r && next > looked && looked < MAX_OUTWARD; looked++) {
		r = read_row(sf, next - 1 - looked, &block, &row);
		if (r)
			break;
		if (symformat_offset(&row) > offset || offset - symformat_offset(&row) >= row.size)
			continue;
		r = read_name(sf, &header, image_fd, &row, ret);
		if (r || !ret->len)
			return r;
		ret->text[ret->len] = '\0';
		ret->start = symformat_offset(&row);
		ret->end = ret->until = ret->start + row.size;
		if (looked) /* others that have ended before are in between */
			ret->until = ret->start;
		else
			r = find_until(sf, next, &block, ret);
		return r ? r : 1;
	}
	return r;
}
