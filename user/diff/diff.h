/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h - two profiles laid one over the other: the union of their call trees, with what every
 * frame took on side A (before, the baseline) and on side B (after, the incident).
 *
 * The tree is that of model/tree.h: preorder, children sorted by name, label levels below the root,
 * then frames; a frame that only one side knows is there all the same. Weights are kept as the
 * whole numbers they came as, so that on both sides total = self + the children's totals, exactly;
 * they become numbers for people by one factor for each side (diff_side.scale) at the last moment,
 * in doubles, never truncated.
 *
 * The unit of those numbers:
 *	cores	CPU-seconds per second watched, when both sides know their length and weigh in
 *		nanoseconds (DIFF_NORMALISE_TIME, the default then). Two stretches of different
 *		length then compare as they are.
 *	seconds	CPU time; both weigh in nanoseconds, but a length is unknown or not wanted.
 *	samples	everything else. A side that weighs in nanoseconds is counted by its samples. Where
 *		both lengths are known A is scaled to B's.
 * Shares of a total are not a unit: one process's rise would show as every other one's fall.
 * Whoever wants that nevertheless asks for DIFF_NORMALISE_TOTAL.
 *
 * One profile alone is a diff whose side A is absent (diff_new() with a NULL): `single` is set, all
 * of A is 0, and everything that draws diffs draws it too.
 *
 * Made by diff_new(), owned by the caller, read-only afterwards, independent of the profiles.
 */
#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/intern.h"
#include "diff/names.h"
#include "model/profile.h"

enum diff_which {
	DIFF_A = 0,
	DIFF_B = 1,
};

enum diff_unit {
	DIFF_CORES = 1,
	DIFF_SECONDS = 2,
	DIFF_SAMPLES = 3,
};

/* What makes the two sides comparable. */
enum diff_normalise {
	DIFF_NORMALISE_AUTO = 0,  /* asked: by time if both lengths are known, else not at all */
	DIFF_NORMALISE_NONE = 1,  /* weights as they were counted */
	DIFF_NORMALISE_TIME = 2,  /* per second watched: cores; samples of A as if watched like B */
	DIFF_NORMALISE_TOTAL = 3, /* A is scaled so that its total is B's */
};

/* What the noise of a change was taken from. */
enum diff_noise_basis {
	DIFF_NOISE_UNKNOWN = 0,	 /* nobody counted samples: no change can be told from noise */
	DIFF_NOISE_COUNTING = 1, /* one window on each side: only what counting makes */
	DIFF_NOISE_WINDOWS = 2,	 /* besides, how windows of a side differ among themselves */
};

struct diff_options {
	enum diff_normalise normalise;
	const struct str *group_keys; /* labels that become the first levels; NULL: process */
	size_t group_cnt;
	struct str label_a, label_b; /* what to call the sides; copied; empty: "A", "B" */
	struct names_rules rules;    /* what of names is no part of their identity */
};

struct diff_count {
	uint64_t self;	/* weight of the samples that end here */
	uint64_t total; /* weight of the samples that pass here */
	uint64_t cnt;	/* samples that pass here; 0 when nobody counted */
};

struct diff_node {
	uint32_t name;	 /* into names; the root has the empty name */
	uint32_t module; /* into names; B's where B has the frame */
	uint32_t kind;	 /* enum frame_kind */
	uint32_t parent; /* the root is its own */
	uint32_t end;	 /* one past the last node of the subtree */
	uint32_t depth;	 /* root 0 */
	struct diff_count side[2];
};

/* Where in its source a node was, on side B, or on A if only that knows. */
struct diff_line {
	uint32_t file;	 /* into names; the empty name: unknown */
	uint32_t line;	 /* the one with the most weight; 0: unknown, and the rest does not count */
	uint32_t others; /* further lines of the node */
	double share;	 /* of the node's total on that side, at that line */
};

/* What is known of a side besides its tree: as in struct profile. */
struct diff_side {
	char *label; /* owned, raw bytes from outside */
	enum profile_unit unit;
	int64_t start_ns, end_ns;
	uint64_t length_ns, capacity_ns;
	uint32_t window_cnt, cpus;
	double hz;
	uint64_t lost[LOSS_CNT];
	uint64_t lost_cnt;	/* whole samples */
	double lost_share;	/* 0..1 */
	uint32_t replicate_cnt; /* stretches of time that stand for themselves; at least 1 */
	uint64_t total;		/* weight of the root */
	uint64_t cnt;		/* samples; 0 = unknown */
	bool by_cnt;		/* the weights of its nodes are counts */
	double scale;		/* one unit of weight in the diff's unit, normalisation included */
};

#define DIFF_MAX_NOTES 16

/* Variance of each side's value as its replicates show it, in the square of the diff's unit. */
struct diff_scatter {
	double total[2], self[2];
};

struct diff {
	struct intern names;
	struct diff_node *nodes;
	uint32_t node_cnt; /* at least 1 */
	uint32_t max_depth;
	uint32_t group_cnt; /* so many levels below the root are labels */
	bool single;
	enum diff_unit unit;
	enum diff_normalise normalised; /* what was done, never AUTO; may be less than was asked */
	enum diff_noise_basis noise_basis;
	struct diff_side side[2];
	/* with DIFF_NOISE_WINDOWS, else NULL; owned (replicates.h makes them) */
	struct diff_scatter *scatter;	   /* by node */
	struct diff_scatter *name_scatter; /* of functions, by name */
	struct diff_line *lines;	   /* by node; owned; NULL: neither profile has lines */
	/* what a reader must know before believing the numbers; whole sentences, raw bytes */
	char *notes[DIFF_MAX_NOTES]; /* owned */
	uint32_t note_cnt;
};

/*
 * Copies what it needs. `a` NULL: b alone. `opt` NULL: defaults. 0, -ENOSPC, -ENOMEM. Units that do
 * not match, missing lengths, an empty side are no failures; the notes say what was made of them.
 */
int must_check diff_new(const struct profile *a, const struct profile *b,
			const struct diff_options *opt, struct diff **ret_diff);
void diff_free(struct diff *d);

struct str diff_name(const struct diff *d, uint32_t node);   /* borrowed */
struct str diff_module(const struct diff *d, uint32_t node); /* borrowed */
/* NULL: unknown. */
const struct diff_line *diff_line(const struct diff *d, uint32_t node);
const char *diff_unit_name(enum diff_unit unit); /* "cores", "seconds", "samples" */

/* In the diff's unit. */
double diff_self(const struct diff *d, uint32_t node, enum diff_which side);
double diff_total(const struct diff *d, uint32_t node, enum diff_which side);
double diff_delta(const struct diff *d, uint32_t node);	     /* total of B - total of A */
double diff_self_delta(const struct diff *d, uint32_t node); /* the same of self */

/* Samples that pass a node: counted, else derived from the weight; 0 when it cannot be known. */
uint64_t diff_samples(const struct diff *d, uint32_t node, enum diff_which side);

/*
 * Standard error of the node's inclusive delta, and of that of its own time, in the diff's unit
 * (noise.h has the formula). 0 when it is unknown, and for one profile alone.
 */
double diff_noise(const struct diff *d, uint32_t node);
double diff_self_noise(const struct diff *d, uint32_t node);

/*
 * Is the change smaller than what chance makes in nineteen of twenty frames that did not change?
 * Such a change is drawn neutral and left out of tables. False when the noise is unknown.
 */
bool diff_within_noise(const struct diff *d, uint32_t node);
bool diff_self_within_noise(const struct diff *d, uint32_t node);

/* How the noise was found, and how the sides were made comparable: sentences for people. */
void diff_add_noise_words(const struct diff *d, struct buf *b);
const char *diff_normalised_words(const struct diff *d);

/* The first-level node of that label value, or -ENOENT. */
int diff_find_process(const struct diff *d, struct str process, uint32_t *ret_node);

#endif
