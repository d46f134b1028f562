/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_json.h - a diff (or one profile) as JSON for other programs.
 *
 *	{"version": 2,
 *	 "a": side or null (one profile alone), "b": side,
 *	 "unit": "cores" | "seconds" | "samples", "normalised": "none" | "time" | "total",
 *	 "normalised_words", "noise": {"basis": "unknown" | "counting" | "windows", "confidence",
 *		"words"} or null,
 *	 "processes": [{"process", "a", "b", "delta", "ratio", "change", "noise", "within_noise",
 *			"share_a", "share_b", "samples_a", "samples_b"}],
 *	 "functions": [{"function", "module", … as for processes, "self_a", "self_b",
 *			"self_delta", "self_noise", "self_within_noise"}],
 *	 "tree": {"group_levels", "strings": [..], "name": [..], "module": [..], "kind": [..],
 *		  "parent": [..], "self_a": [..], "self_b": [..], "total_a": [..], "total_b": [..],
 *		  "samples_a": [..], "samples_b": [..]},
 *	 "lost": {"a": {reason: count}, "b": {..}},
 *	 "notes": [..]}
 *
 * side: {"label", "from", "until" (RFC 3339 or null), "length_s", "capacity_s", "windows",
 *	"measurements" (those that stand for themselves), "cpus", "hz", "total" (in the unit), "samples", "lost_samples", "lost_share"}; null = unknown.
 * ratio is b / a, null unless both are above 0; change is "new", "gone", "both" or "neither".
 * noise is the standard error of delta, null when unknown. delta is b - a. diff.schema.json beside
 * this file says all that exactly. Rows are sorted by the size of the delta, functions by that of the own time.
 *
 * The tree is flat: entry i of each array is node i in preorder, parent[i] < i, the root is 0;
 * name and module index into strings. It nests deeper than JSON readers like to go. Of one profile
 * alone the "_a" members are left out everywhere, and so are delta, ratio, change and noise.
 */
#ifndef RENDER_DIFF_JSON_H
#define RENDER_DIFF_JSON_H

#include "base/buf.h"
#include "diff/diff.h"

struct diff_json_options {
	bool pretty;
	bool no_tree;		/* "tree" is null */
	uint32_t max_functions; /* 0: all */
};

/* Appends. `opt` NULL: defaults. 0, -ENOMEM or the buf's error. */
int must_check diff_json(const struct diff *d, const struct diff_json_options *opt,
			 struct buf *out);

#endif
