/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symptom.h - candidate incidents from what a history itself shows, for those whom nothing alerts.
 *
 *	timeline ─► one series (the node's load, what a victim loses, how much of the time somebody
 *	waited for a resource) ─► stretches (epidemic.h)
 *	─► groups that look like one incident that recurs
 *
 * A group's first member is its strongest; the others are as long and as high as that one within a
 * factor of 2.5. Groups come in order of how much there is to explain (sum of the scores).
 */
#ifndef INCIDENT_SYMPTOM_H
#define INCIDENT_SYMPTOM_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/times.h"
#include "model/timeline.h"

enum symptom_series {
	SYMPTOM_LOAD = 0,     /* the node's load rises; of a victim: its CPU falls */
	SYMPTOM_PRESSURE_CPU, /* in the order of enum pressure_resource */
	SYMPTOM_PRESSURE_IO,
	SYMPTOM_PRESSURE_MEMORY,
	SYMPTOM_SERIES_CNT
};

/* "load", "psi-cpu", … */
const char *symptom_series_name(enum symptom_series series);

struct symptom_opts {
	enum symptom_series series;
	struct str victim;    /* a process that loses CPU; len 0: none. With SYMPTOM_LOAD only */
	uint64_t shortest_ns; /* 0: two windows */
	uint64_t longest_ns;  /* 0: half an hour; never more than an eighth of the history */
	double least_rise; /* 0: 5 % of the node, or of the time; of a victim: a fifth of what it usually takes */
	double false_alarm; /* in the whole history; 0: 0.01 */
};

struct symptom_window {
	struct time_range range;
	double rise;  /* in the unit of the list; of a victim: its loss */
	double score; /* see epidemic.h */
	size_t group; /* index */
};

struct symptom_group {
	size_t cnt;
	double rise, score; /* mean, sum */
	uint64_t length_ns; /* mean */
};

struct symptom_list {
	struct symptom_window *windows; /* by group, then by time; owned */
	struct symptom_group *groups;	/* owned */
	size_t cnt, group_cnt;
	const char *unit; /* "share of the node", "cores", "samples/s", "share of the time" */
	double usual;	  /* median of the series */
	size_t points;
	uint64_t point_ns; /* length of one */
};

/*
 * `t` is sealed and borrowed. *ret is written on success: symptom_list_release(). 0; -ENOENT: no
 * such victim; -ENODATA: fewer than 16 windows, or of unknown length, or none that knows of that
 * pressure; -E2BIG; -ENOMEM.
 */
int must_check symptom_find(const struct timeline *t, const struct symptom_opts *o,
			    struct symptom_list *ret, struct err *err);
void symptom_list_release(struct symptom_list *l);

#endif
