// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/*
 * A raw file. A checksum of zero stands for the right one, which a fuzzer does not guess; a version
 * of zero for the current one, so that seeds outlive it.
 */
#include "format/raw.h"
#include "fuzz/fuzz.h"
#include "store/encode.h"

struct seen {
	uint64_t infos, records;
};

static void give_checksums(uint8_t *file, size_t size)
{
	struct raw_file_header header;
	struct raw_chunk_header chunk;
	size_t at;

	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	if (!header.version)
		header.version = RAW_VERSION;
	memcpy(file, &header, sizeof(header));
	at = header.header_bytes;
	while (at <= size && size - at >= sizeof(chunk)) {
		memcpy(&chunk, file + at, sizeof(chunk));
		at += sizeof(chunk);
		if (chunk.bytes > size - at)
			break;
		if (!chunk.crc) {
			chunk.crc = encode_crc32(0, file + at, chunk.bytes);
			memcpy(file + at - sizeof(chunk), &chunk, sizeof(chunk));
		}
		at += chunk.bytes;
	}
}

static int take_info(void *arg, const struct raw_info *info)
{
	struct seen *seen = arg;

	seen->infos++;
	must(info->hz >= 0);
	return 0;
}

static int take_record(void *arg, const struct wire_header *rec)
{
	struct seen *seen = arg;

	seen->records++;
	must(!((uintptr_t)rec & 7) && wire_check(rec, rec->size));
	must(rec->type >= WIRE_SAMPLE && rec->type <= WIRE_PRESSURE);
	fuzz_touch(rec, rec->size);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct raw_report report = {0};
	struct seen seen = {0};
	struct err err = {0};
	const char *path;
	uint8_t *copy = malloc(size ? size : 1);
	int r;

	must(copy);
	if (size)
		memcpy(copy, data, size);
	give_checksums(copy, size);
	(void)fuzz_file(copy, size, &path);
	r = raw_read(path, take_info, take_record, &seen, &report, &err);
	must(!r || err.text[0]);
	must(seen.infos <= 1 && (seen.infos || !seen.records));
	must(report.record_cnt == seen.records);
	if (!r && report.tail_bytes)
		must(report.tail_at + report.tail_bytes == size);
	free(copy);
	return 0;
}
