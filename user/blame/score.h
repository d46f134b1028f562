/* SPDX-License-Identifier: Apache-2.0 */
/*
 * score.h - what one process did in the incidents, measured against its own history (steps A to C).
 *
 * Private to blame. Scratch memory is taken once; score_entity() then costs a few passes over the
 * blocks.
 */
#ifndef BLAME_SCORE_H
#define BLAME_SCORE_H

#include "base/compiler.h"
#include "blame/axis.h"
#include "blame/plan.h"
#include "model/timeline.h"

/* Tie to the incidents at the best number of allowed misses. */
struct linkage {
	double log_bf;
	double plain; /* the best of it that leaves nothing out of the baseline */
	double f;
	double blocks; /* independent ones that f rests on */
	double tau;    /* the level that counts as busy, */
	double level;  /* and that of the weakest hit */
	uint32_t hits, runs, misses;
	bool flat; /* no block of any set is that busy */
};

struct score {
	struct linkage with;	/* all reference sets */
	struct linkage without; /* all but those at the incidents' phase */
	uint32_t phase_busy;	/* times at that phase at which it was that busy, */
	uint32_t phase_cnt;	/* of so many */
	double delta;		/* mean rise, falls counted as 0 */
	double delta_hit;	/* mean of the upper half of the rises */
	double loss;		/* mean fall below the smaller of the medians; negative: rose */
	double loss_log_bf;	/* the same evidence for having less than ever */
};

struct scorer {
	const struct timeline *t;
	const struct axis *axis;
	const struct plan *plan;

	/* of the entity scored last */
	double *levels; /* per incident */
	double *rises;	/* per incident: above the larger median */
	double *falls;	/* per incident: below the smaller median */
	double *blocks; /* per block: level */

	/* summed over the entities scored so far */
	double *upward;		/* per block: rise above the local median */
	double *total;		/* per block: level */
	double *incident_total; /* per incident: level */
	double *incident_rise;	/* per incident: rises */

	double *value, *before, *scratch, *local; /* private */
	double *sorted;				  /* private */
	double *tau; /* private: for each of the levels, sorted, from where on a block is as busy */
	uint32_t *busy[3];   /* private: by threshold and set */
	uint8_t *sets;	     /* private: sets a block belongs to */
	uint32_t set_cnt[3]; /* private */
};

int must_check scorer_init(struct scorer *s, const struct timeline *t, const struct axis *a,
			   const struct plan *p);
void scorer_release(struct scorer *s); /* zeroed is fine */

/* Scores one entity; its series stays in s->levels, rises, falls and blocks. `count` adds it to the
 * sums (once for each entity). */
void score_entity(struct scorer *s, uint32_t entity, bool count, struct score *ret);

/* The q-quantile (0..1) of v[0 … cnt-1], which is reordered; 0 when cnt is 0. */
double score_quantile(double *v, size_t cnt, double q);

#endif
