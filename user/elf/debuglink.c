// SPDX-License-Identifier: Apache-2.0
#include "elf/debuglink.h"

#include <string.h>

#include "base/compress.h"
#include "base/reader.h"

#define DEBUG_ROOT    "/usr/lib/debug"
#define MAX_CRC_BYTES (UINT64_C(1) << 30) /* of a debug file that must be read whole */

/* A name, padded with NULs to a multiple of 4, and the CRC. */
bool debuglink_read(const struct elf_file *file, const struct elf_section *sections, size_t cnt,
		    struct debuglink *ret)
{
	const struct elf_section *section =
		elf_file_find_section(file, sections, cnt, ".gnu_debuglink");
	uint8_t bytes[DEBUGLINK_MAX_NAME + 4];
	struct debuglink link = {0};
	struct reader r;
	size_t len;

	memset(ret, 0, sizeof(*ret));
	if (!section || section->size < 8 || section->size > sizeof(bytes) ||
	    elf_file_read(file, section->offset, bytes, section->size))
		return false;
	reader_init(&r, bytes, section->size);
	len = strnlen((const char *)bytes, section->size - 4);
	if (!len || len >= DEBUGLINK_MAX_NAME || !reader_bytes(&r, (len + 4) & ~(size_t)3))
		return false;
	link.crc = reader_u32(&r);
	memcpy(link.name, bytes, len);
	if (r.failed || strchr(link.name, '/') || !strcmp(link.name, "..") ||
	    !strcmp(link.name, "."))
		return false;
	*ret = link;
	return true;
}

static void add_build_id(struct buf *out, const struct buildid *id)
{
	if (id->len < 2)
		return;
	buf_addf(out, DEBUG_ROOT "/.build-id/%02x/", id->bytes[0]);
	for (size_t i = 1; i < id->len; i++)
		buf_addf(out, "%02x", id->bytes[i]);
	buf_addstr(out, ".debug");
}

bool debuglink_path(size_t i, struct str image_path, const struct buildid *id,
		    const struct debuglink *link, struct buf *out)
{
	static const struct {
		const char *root, *below;
	} places[] = {{"", "/"}, {"", "/.debug/"}, {DEBUG_ROOT, "/"}};
	const char *slash = image_path.len ? memrchr(image_path.p, '/', image_path.len) : NULL;

	buf_clear(out);
	if (i >= DEBUGLINK_CANDIDATES)
		return false;
	if (!i) {
		add_build_id(out, id);
		return true;
	}
	if (!link->name[0] || !slash || image_path.p[0] != '/')
		return true;
	buf_addstr(out, places[i - 1].root);
	buf_add(out, image_path.p, (size_t)(slash - image_path.p));
	buf_addstr(out, places[i - 1].below);
	buf_addstr(out, link->name);
	return true;
}

static bool crc_is(const struct elf_file *file, uint32_t want)
{
	uint8_t chunk[16384];
	uint32_t crc = 0;
	uint64_t at = 0;

	if (file->size > MAX_CRC_BYTES)
		return false;
	while (at < file->size) {
		size_t len =
			file->size - at < sizeof(chunk) ? (size_t)(file->size - at) : sizeof(chunk);

		if (elf_file_read(file, at, chunk, len))
			return false;
		crc = compress_crc32(crc, chunk, len);
		at += len;
	}
	return crc == want;
}

bool debuglink_fits(const struct elf_file *debug, const struct buildid *id,
		    const struct debuglink *link)
{
	struct buildid other;
	bool has_id = buildid_read(debug, &other);

	if (id->len)
		return has_id && other.len == id->len && !memcmp(other.bytes, id->bytes, id->len);
	return link->name[0] && crc_is(debug, link->crc);
}
