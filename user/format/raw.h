/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raw.h - the raw file: the stream of records of culprit/wire.h, written down.
 *
 * Whatever the collector hands on can be kept and replayed later, without root and on another
 * machine: the file is a header (rate, CPUs, where the monotonic clock stands on the wall) and
 * chunks of records. A chunk is written by one write(2) and carries its length and a CRC-32, so
 * that a recorder that was killed, or a disk that was full, costs the tail and nothing before it.
 *
 *	struct raw_file_header                   72 bytes, byte order of the writer
 *	{ struct raw_chunk_header, records } …   records as in wire.h, sizes multiples of 8
 *
 * The file of a machine of the other byte order is refused. Neither side keeps more than one chunk
 * in memory. A writer belongs to one thread.
 */
#ifndef FORMAT_RAW_H
#define FORMAT_RAW_H

#include "base/compiler.h"
#include "base/err.h"
#include "model/record.h"

#define RAW_MAGIC	"CULPRAW\n"
#define RAW_MAGIC_LEN	8
#define RAW_BYTE_ORDER	0x01020304u
#define RAW_VERSION	2u
#define RAW_CHUNK_MAGIC 0x4b4e4843u /* "CHNK" */
#define RAW_CHUNK_MAX	(1u << 20)  /* bytes of records in one chunk, so no record is larger */

/* On disk; grows only at the end (header_bytes says how much there is). */
struct raw_file_header {
	char magic[RAW_MAGIC_LEN];
	uint32_t byte_order;
	uint32_t version;
	uint32_t header_bytes;
	uint32_t cpus;
	uint64_t period_ns;
	uint64_t millihertz;
	int64_t wall_at_mono0_ns;
	uint64_t reserved[3];
};

struct raw_chunk_header {
	uint32_t magic;
	uint32_t bytes; /* of records behind this header */
	uint32_t crc;	/* CRC-32 (zlib) of them */
	uint32_t cnt;	/* how many records */
};

struct raw_info {
	double hz;		  /* sampling rate, kept in thousandths; 0 = unknown */
	uint64_t period_ns;	  /* CPU time between two samples of a CPU; 0 = unknown */
	uint32_t cpus;		  /* online when the recording began; 0 = unknown */
	int64_t wall_at_mono0_ns; /* wall clock at CLOCK_MONOTONIC 0: add it to a record's time */
};

struct raw_writer;

/* Creates (or empties) the file, "-" is standard output. 0 or -errno with a line in err. */
int must_check raw_writer_new(const char *path, const struct raw_info *info,
			      struct raw_writer **ret_writer, struct err *err);

/*
 * Copies one record. 0; -EINVAL when it does not pass wire_check(); -E2BIG over RAW_CHUNK_MAX; else
 * the errno of the write, which then sticks. `writer` is a struct raw_writer *: the function is a
 * record_fn.
 */
int must_check raw_writer_put(void *writer, const struct wire_header *rec);

/* Writes out what is kept back: what a kill can cost. Call it every second. 0 or sticky -errno. */
int must_check raw_writer_flush(struct raw_writer *w);

/*
 * Flushes, syncs, closes and frees, also after errors and for NULL. 0, or the first error that the
 * writer met.
 */
int must_check raw_writer_close(struct raw_writer *w, struct err *err);

struct raw_report {
	uint64_t record_cnt;	 /* handed to the callback */
	uint64_t skipped_cnt;	 /* of a type that this version does not know */
	uint64_t bad_cnt;	 /* chunks given up at a record that fails wire_check() */
	uint64_t damaged_chunks; /* checksum wrong: left out */
	uint64_t tail_bytes;	 /* at the end, no whole chunk; 0 for a file that was closed */
	uint64_t tail_at;	 /* where they begin, when there are any */
};

typedef int (*raw_info_fn)(void *arg, const struct raw_info *info);

/*
 * Streams a raw file ("-": standard input): info_fn (may be NULL) once, then fn for each record,
 * borrowed for the call and 8-aligned. A callback that returns non-zero stops the reading;
 * its value is returned. Otherwise 0, or -errno with a line that names file and byte in err: no raw
 * file, other byte order or version, nothing readable. A truncated tail and damaged chunks are no
 * error, they are in *report (may be NULL).
 */
int must_check raw_read(const char *path, raw_info_fn info_fn, record_fn fn, void *arg,
			struct raw_report *report, struct err *err);

#endif
