/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_tables.h - a diff as rows: who changed, then which functions.
 *
 * Rows borrow their names from the diff. Tables are sorted by the size of the change (of one side
 * alone: by what it took), equal ones by the other order's change, then by name; sides swapped give
 * the same order and the opposite changes.
 */
#ifndef DIFF_DIFF_TABLES_H
#define DIFF_DIFF_TABLES_H

#include "diff/diff.h"

/* How the two sides of a row stand to each other. A ratio exists for DIFF_BOTH only. */
enum diff_change {
	DIFF_NEITHER = 0,
	DIFF_NEW = 1,  /* on side B only */
	DIFF_GONE = 2, /* on side A only */
	DIFF_BOTH = 3,
};

struct diff_row {
	struct str name;   /* borrowed */
	struct str module; /* borrowed; empty for processes */
	uint32_t node;	   /* the process's node; for functions the first node of that name */
	double total[2];   /* inclusive, in the diff's unit; recursion counted once per stack */
	double self[2];
	double share[2]; /* total as a share of the side's total, 0..1 */
	uint64_t cnt[2]; /* samples of `total`; 0 when unknown */
	/* by enum diff_order: standard error of the change, 0 when unknown; is it within the noise? */
	double noise[2];
	bool within_noise[2];
};

enum diff_order {
	DIFF_BY_TOTAL = 0, /* the inclusive value */
	DIFF_BY_SELF = 1,
};

struct diff_table {
	struct diff_row *rows;
	size_t cnt;
};

/* One row for each first-level node (each process, unless grouped otherwise). 0 or -ENOMEM. */
int must_check diff_processes(const struct diff *d, struct diff_table *ret_table);

/*
 * One row for each function, whichever processes it ran in. Its inclusive value is the weight of
 * the stacks in which it appears at all: a frame below one of the same name adds nothing. Takes
 * time linear in the nodes and does not recurse. 0 or -ENOMEM.
 */
int must_check diff_functions(const struct diff *d, enum diff_order order,
			      struct diff_table *ret_table);
void diff_table_release(struct diff_table *t);

/*
 * Takes out the rows whose change is within the noise, by both orders; functions may have a change
 * of their own that is not. Returns how many they were. Of one profile alone nothing goes.
 */
size_t diff_table_drop_noise(struct diff_table *t, const struct diff *d);

/* What `order` sorts by: B - A. */
double diff_row_delta(const struct diff_row *row, enum diff_order order);
enum diff_change diff_change(double a, double b);

#endif
