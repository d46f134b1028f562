/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rivals.h - what others would rank by, on the same data that blame gets: a timeline and the labels.
 *
 * Incident windows are those whose middle lies in a label, all others are baseline: no guards, no
 * reference sets, as these are used in practice.
 */
#ifndef TESTS_ACCURACY_RIVALS_H
#define TESTS_ACCURACY_RIVALS_H

#include "blame/blame.h"
#include "model/timeline.h"

enum rival {
	RIVAL_SHARE_DELTA, /* share of all samples, difference: difffolded.pl, pprof -diff_base */
	RIVAL_SHARE_RATIO, /* …and their ratio, a share taken as 1e-6 at least */
	RIVAL_CORES_DELTA, /* busy CPUs, difference */
	RIVAL_POOLED_Z,	   /* two Poisson counts, all incidents against all the rest */
	RIVAL_WELCH,	   /* Welch's t, incident means against means of blocks as long */
	RIVAL_BARO, /* BARO's score (Pham et al., FSE 2024): max over the incident's windows of
		       (x - median) / IQR of the baseline; a zero IQR is 1, as in its scaler */
	RIVAL_CNT
};

extern const char *const rival_names[RIVAL_CNT];

/*
 * ret_rank[r] = place of `entity` under rival r, from 1; entities with the same score share the
 * middle of their places, rounded up. 0 or -ENOMEM.
 */
int rivals_rank(const struct timeline *t, const struct blame_incident *inc, size_t cnt,
		uint32_t entity, uint32_t ret_rank[RIVAL_CNT]);

#endif
