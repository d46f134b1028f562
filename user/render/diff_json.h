/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_json.h - a diff (or one profile) as JSON for other programs.
 *
 *	{"version": 1,
 *	 "a": side or null (one profile alone), "b": side,
 *	 "unit": "cores" | "seconds" | "samples", "normalised": "none" | "time" | "total",
 *	 "processes": [{"process", "a", "b", "delta", "ratio", "change", "share_a", "share_b",
 *			"samples_a", "samples_b"}],
 *	 "functions": [{"function", "module", … as for processes, "self_a", "self_b",
 *			"self_delta"}],
 *	 "tree": {"group_levels", "strings": [..], "name": [..], "module": [..], "kind": [..],
 *		  "parent": [..], "self_a": [..], "self_b": [..], "total_a": [..], "total_b": [..],
 *		  "samples_a": [..], "samples_b": [..]},
 *	 "lost": {"a": {reason: count}, "b": {..}},
 *	 "notes": [..]}
 *
 * side: {"label", "from", "until" (RFC 3339 or null), "length_s", "capacity_s", "windows", "cpus",
 *	"hz", "total" (in the unit), "samples", "lost_samples", "lost_share"}; null = unknown.
 * ratio is b / a, null unless both are above 0; change is "new", "gone", "both" or "neither".
 * delta is b - a. Rows are sorted by the size of the delta, functions by that of the own time.
 *
 * The tree is flat: entry i of each array is node i in preorder, parent[i] < i, the root is 0;
 * name and module index into strings. It nests deeper than JSON readers like to go. Of one profile
 * alone the "_a" members are left out everywhere, and so are delta, ratio and change.
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
