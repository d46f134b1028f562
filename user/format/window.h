/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - what a file says of a window of time, as words: the `# window …` line of windowed
 * folded files and the same words in a comment of our pprof files.
 *
 *	start=1700000000.25 length=10 cpus=4 hz=97 lost=3 lost_ring_full=3
 *
 * start is Unix seconds, length seconds, both with up to nine digits of fraction. lost is the
 * number of whole samples that are gone for any reason; the lost_<reason> words (names of
 * model/loss.h) say which, and add the reasons that do not cost whole samples. What lost has beyond
 * the reasons named counts as LOSS_IMPORT. unit=nanoseconds says that the numbers behind the stacks
 * are CPU nanoseconds, unit=samples that they stay samples; without it they are samples that stand
 * for 1e9 / hz nanoseconds each, if hz is known. Several windows merged say so by windows=, and by
 * end= and capacity= (Unix seconds, CPU-seconds) where these do not follow from the rest.
 * psi_cpu=1.25/10, psi_io= and psi_memory= are pressure: seconds in which somebody waited, of so many
 * that were watched for it. Words that are not known are ignored.
 */
#ifndef FORMAT_WINDOW_H
#define FORMAT_WINDOW_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "model/profile.h"

#define WINDOW_MAX_LENGTH_NS (UINT64_C(366) * 86400 * NSEC_PER_SEC)
#define WINDOW_MAX_CPUS	     65536
#define WINDOW_MAX_HZ	     1e6

struct builder;

struct window {
	int64_t start_ns;
	int64_t end_ns;
	uint64_t length_ns;
	uint64_t capacity_ns;
	uint32_t window_cnt;
	uint32_t cpus; /* 0 = not said */
	double hz;     /* 0 = not said */
	bool has_start, has_length, has_capacity;
	enum profile_unit unit; /* of the numbers behind the stacks; 0 = not said */
	uint64_t lost[LOSS_CNT];
	struct pressure pressure[PRESSURE_CNT];
};

/* Takes the words apart. -EINVAL with the word that is wrong in err. Nothing is required. */
int must_check window_parse(struct str words, struct window *ret, struct err *err);

/* The words for a profile, without a newline; with unit= unless `unit` is 0. */
void window_add(struct buf *b, const struct profile *p, enum profile_unit unit);

/* Tells a builder of the window and its losses. A zero window tells of time that nobody knows. */
void window_tell(const struct window *w, struct builder *b);

/* CPU nanoseconds between two samples: 1e9 / hz as a whole number, at least 1; 0 when hz is 0. */
uint64_t window_period_ns(double hz);

#endif
