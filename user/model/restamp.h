/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restamp.h - the same samples with another time, rate or more labels: what a file does not say of
 * itself and a person does (culprit import --at … --length … --label …).
 */
#ifndef MODEL_RESTAMP_H
#define MODEL_RESTAMP_H

#include "model/profile.h"

struct restamp {
	int64_t start_ns;   /* wall clock */
	uint64_t length_ns; /* 0 = unknown */
	uint32_t cpus;	    /* 0 = unknown */
	double hz; /* > 0: samples become CPU time, one period each; 0: the unit stays, the rate too */
	const struct str (*labels)[2]; /* added to every series, replacing those of the same key */
	size_t label_cnt;
};

/* An owned copy of p that is one window as `how` says. Losses are kept. 0, -ENOSPC, -ENOMEM. */
int must_check profile_restamp(const struct profile *p, const struct restamp *how,
			       struct profile **ret_profile);

#endif
