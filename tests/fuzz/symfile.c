// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=20480 */
/*
 * A symbol file that a child wrote that was taken over: its checksums are made right, since such a
 * child would do so, too.
 */
#include "base/compress.h"
#include "elf/symformat.h"
#include "fuzz/fuzz.h"

static void seal(uint8_t *bytes, size_t size)
{
	struct symformat_header header;
	size_t blocks = (size - SYMFORMAT_BLOCK) / (SYMFORMAT_BLOCK + 4);
	uint8_t *sums = bytes + SYMFORMAT_BLOCK * (1 + blocks);

	for (size_t i = 0; i < blocks; i++) {
		uint32_t crc =
			compress_crc32(0, bytes + SYMFORMAT_BLOCK * (1 + i), SYMFORMAT_BLOCK);

		memcpy(sums + 4 * i, &crc, sizeof(crc));
	}
	memcpy(&header, bytes, sizeof(header));
	memcpy(header.magic, SYMFORMAT_MAGIC, sizeof(header.magic));
	header.version = SYMFORMAT_VERSION;
	header.byte_order = SYMFORMAT_BYTE_ORDER;
	header.sums_crc = compress_crc32(0, sums, size - (size_t)(sums - bytes));
	header.crc = compress_crc32(0, &header, offsetof(struct symformat_header, crc));
	memcpy(bytes, &header, sizeof(header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct symfile_name name;
	struct symfile_info info;
	struct symfile *sf;
	uint8_t *bytes;
	int fd;

	if (size < SYMFORMAT_BLOCK)
		return 0;
	bytes = malloc(size);
	must(bytes);
	memcpy(bytes, data, size);
	seal(bytes, size);
	fd = dup(fuzz_file(bytes, size, NULL));
	free(bytes);
	if (symfile_open(fd, &sf))
		return 0;
	must(!symfile_info(sf, &info) && info.build_id.len <= BUILDID_MAX);
	for (uint64_t offset = 0; offset < 100000; offset += 997) {
		int r = symfile_find(sf, fd, offset, &name); /* as if it were the image, too */

		must(r <= 1);
		if (r == 1)
			must(name.len < sizeof(name.text) && strlen(name.text) == name.len);
	}
	symfile_free(sf);
	return 0;
}
