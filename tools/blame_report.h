/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blame_report.h - a verdict with all that an output may want to show of it.
 *
 * Where processes were asked for and none is named, two other ways to tell who is who are tried. Two
 * programs of one name in two containers are told apart: the one that is always busy hides the other.
 * And control groups are asked: of a storm of short processes no single program stands out, but the
 * service, session or container that they belong to does. What it takes to be named is the same there,
 * for half of the error that is allowed.
 */
#ifndef TOOLS_BLAME_REPORT_H
#define TOOLS_BLAME_REPORT_H

#include "blame/blame.h"
#include "blame/causes.h"
#include "diff/descend.h"
#include "diff/diff.h"
#include "evidence.h"
#include "render/verdict_words.h"

struct blame_report {
	struct str name; /* of the incident; borrowed; set by the caller */
	struct verdict *verdict;
	struct diff *diff;     /* baseline against incidents */
	struct descend *paths; /* of each suspect, */
	struct where *places;  /* and where it ran */
	struct verdict_view view;
};

/* 0 or -errno with a line in err; release in any case. The evidence may be regrouped. */
int must_check blame_report_make(struct blame_report *report, struct evidence *e,
				 const struct evidence_query *q, const struct blame_opts *opt,
				 struct err *err);
void blame_report_release(struct blame_report *report); /* zeroed is fine */

#endif
