// SPDX-License-Identifier: Apache-2.0
/*
 * What the parts of the reader of pprof share; nobody else includes this. The road: columns say
 * what a value is, stacks turn locations into frames, pprof.c adds sample by sample.
 * All functions return 0 or a negative errno with the reason in the reader's err.
 */
#ifndef FORMAT_PPROF_READER_H
#define FORMAT_PPROF_READER_H

#include "base/idmap.h"
#include "format/pprof.h"
#include "format/pprof_decode.h"
#include "model/builder.h"

#define PPROF_NO_COLUMN SIZE_MAX

/*
 * A location can stand for a thousand inlined frames and be named by a byte or two: files of some
 * kilobytes would unfold into stacks without end. Stacks of real programs have fewer frames than
 * their file has bytes, even where most of them are inlined.
 */
#define PPROF_FRAMES_PER_BYTE 8
#define PPROF_FRAMES_AT_LEAST (1 << 20)

/* What a location becomes: its frames, root first. */
struct spot {
	uint32_t first; /* in pprof_reader.frames */
	uint32_t cnt;
	bool is_nothing; /* [unknown] of no mapping: alone, it is a stack without frames */
};

struct pprof_reader {
	const struct pprof_read_opts *opts;
	struct pprof_report *report;
	struct err *err;
	struct arena arena;
	Perftools__Profiles__Profile *pb;
	struct builder *b;
	struct idmap mappings, functions, locations; /* id -> index */
	struct spot *spots;			     /* by index of the location */
	uint32_t *frames;
	size_t frame_cnt;
	uint64_t frames_left;	   /* that stacks may still unfold into */
	size_t value_at, count_at; /* columns of a sample; PPROF_NO_COLUMN */
	enum profile_unit unit;
	uint64_t scale;	    /* weight = value x scale */
	uint64_t period_ns; /* 0 = unknown */
	uint64_t base_cnt;  /* samples of the base of a difference */
	struct buf scratch;
};

/* Says that memory or the profile's room is at its end; returns r. */
int pprof_fail_build(struct pprof_reader *s, int r);

/* The string number i of `what` number `n`; borrowed from the decoded profile, never NULL. */
int pprof_string(struct pprof_reader *s, int64_t i, const char *what, uint64_t n, struct str *ret);

/* Picks the columns, unit and scale (see pprof.h), reads the period, tells the report the type. */
int pprof_choose_unit(struct pprof_reader *s);

/* Indexes the tables by id and turns every location into frames of the builder. */
int pprof_make_frames(struct pprof_reader *s);

/* The stack of sample number n in the builder; the root, 0, if it has no frames. */
int pprof_make_stack(struct pprof_reader *s, const Perftools__Profiles__Sample *in, uint64_t n,
		     uint32_t *ret);

#endif
