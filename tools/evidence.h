/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h - what blame is given: a history, and when the incident recurred. From a store or from
 * files.
 */
#ifndef TOOLS_EVIDENCE_H
#define TOOLS_EVIDENCE_H

#include "blame/blame.h"
#include "diff/diff.h"
#include "model/matcher.h"
#include "model/profile.h"
#include "opt.h"
#include "source.h"

struct store;

/* What to look at in a store: an incident by name, or ranges given by hand. */
struct evidence_query {
	const char *dir;
	const char *name; /* NULL: `ranges` */
	const struct opt_ranges *ranges;
	struct time_range within; /* the history */
	const struct matcher *matcher;
	const char *group_key;
	int64_t now_ns;
	const struct source_reading *reading; /* of files; NULL: as by default */
};

/* What has to be said of when an incident of that name recurred. */
struct evidence_log {
	uint64_t early_ns;    /* its recurrences may have begun so much earlier; the largest */
	int64_t open_from_ns; /* start of the one that is not over; 0: all are */
	bool silent;	      /* nobody tells of that one any more */
	size_t skipped;	      /* earlier ones, since there are more than can be looked at */
};

struct evidence {
	struct timeline *timeline;
	struct blame_incident *incidents;
	size_t incident_cnt;
	struct evidence_log log;
	bool synthetic_times;	  /* files without times: order and distance mean nothing */
	struct store *store;	  /* private; NULL when from files */
	struct profile **windows; /* private: of files; owned */
	size_t window_cnt, window_cap;
	const struct matcher *matcher; /* borrowed */
	const char *group_key;	       /* borrowed; as entity.h takes it */
	struct evidence_query far;     /* private: the backend to ask for stacks; dir NULL: none */
};

/* 0 or -errno with a line in err; release in both cases. */
int must_check evidence_from_store(struct evidence *e, const struct evidence_query *q,
				   struct err *err);

/*
 * From an agent or a backend (q->dir is its URL; source.h); a backend must be told the ranges of the
 * incidents, an agent has a log of them. Without a range a backend is asked for the day before the first incident to the hour after
 * the last. What the query points to, but for the ranges, must live as long as the evidence.
 */
int must_check evidence_from_far(struct evidence *e, const struct evidence_query *q,
				 struct err *err);

/*
 * Each file is one window, or the windows that it holds. Files that bear no time are laid out one
 * behind the other, the incidents among them at uneven distances, so that no schedule is seen where
 * there is none.
 */
int must_check evidence_from_files(struct evidence *e, const struct opt_list *incident_files,
				   const struct opt_list *baseline_files,
				   const struct evidence_query *q, struct err *err);

/*
 * Asks anew, by another label, whose values are who can be blamed. -ENOTSUP for an agent or a backend, which
 * told of one label only, and -ENODATA when no series has it; the old timeline stays then.
 */
int must_check evidence_regroup(struct evidence *e, const struct evidence_query *q,
				struct err *err);

/*
 * All windows of one side of the verdict, merged; owned. Of a long baseline in a store it is
 * evidence_sampled() stretches as long as a block, spread over all of it: what is read then is a
 * hundred times what the incidents hold, and more would tell nothing better.
 */
int must_check evidence_profile(struct evidence *e, const struct verdict *v, enum verdict_side side,
				struct profile **ret_profile, struct err *err);

/* So many stretches of the baseline are read; 0: all of it is. */
uint32_t evidence_sampled(const struct evidence *e, const struct verdict *v);

/*
 * Lays the windows over the diff of the two profiles, so that it learns how much its values scatter:
 * each recurrence stands for itself, and so does each stretch of baseline as long as one, of which
 * some hundred, spread evenly, are read. 0 or -errno.
 */
int must_check evidence_replicate(struct evidence *e, const struct verdict *v, struct diff *d,
				  const struct diff_options *opt);

/* One more recurrence; 0 or -ENOMEM. */
int must_check evidence_add(struct evidence *e, struct time_range range);

/* Shows the warnings of the store and lets go of everything. */
void evidence_release(struct evidence *e);

#endif
