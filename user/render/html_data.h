/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_data.h - a diff's tree as the bytes that a page carries: base64 of a gzip member. The reader
 * is page/data.js.
 *
 * What is inside, all numbers LEB128 unless said otherwise:
 *	"CPT1"
 *	length of the facts, the facts: a JSON object
 *		{"single", "unit", "groups", "lines", "counted": [a, b], "scale": [a, b],
 *		 "labels": [a, b], "basis": "none" | "counting" | "windows", "sigmas", "whole",
 *		 "pruned": {"frames", "a", "b", "below"}}
 *		scale: one unit of the weights below in the diff's unit; counted: whether samples
 *		were counted on that side. A change is noise when it is below sigmas standard
 *		errors.
 *	strings	how many, the length of each in bytes, then their bytes: valid UTF-8 without control
 *		characters, at most HTML_MAX_NAME bytes. String 0 is empty.
 *	frames	how many, then the name of each, the module of each, the kind of each: one byte, enum
 *		frame_kind, HTML_KIND_LABEL (the root and the label levels) or HTML_KIND_PRUNED
 *	nodes	how many, N, in preorder, then one column after the other:
 *		up	N - 1 numbers: the parent of node n is found that many levels above n - 1
 *		frame	N numbers
 *		self	N numbers of A (not of one profile alone), N of B
 *		samples of each side that was counted, N zigzag numbers: those that end here, less
 *			what the node's weight makes one expect (rounded self * all samples / all
 *			weight)
 *		hidden	N numbers: how many nodes a HTML_KIND_PRUNED node stands for, 0 for all
 *			others
 *		line	only if there are lines: N numbers, the strings that tell where in their
 *			source the nodes were
 *		spread	only for the basis "windows": N bytes for the change of the total, N for
 *			that of the self time, see html_spread_code(); then N bytes: 1 when the
 *			former is within the noise, plus 2 when the latter is
 *	functions  only for the basis "windows": how many, then of each the string of its name and
 *			three bytes as of spread, of all its frames together
 *
 * Totals are not written: they are sums. What is pruned hangs as one node of the kind
 * HTML_KIND_PRUNED below the parent of what was taken, so that the sums still come out exactly.
 */
#ifndef RENDER_HTML_DATA_H
#define RENDER_HTML_DATA_H

#include "base/buf.h"
#include "diff/diff.h"

#define HTML_MIN_SHARE	 1e-6
#define HTML_MAX_NODES	 200000
#define HTML_MAX_NAME	 4096
#define HTML_KIND_LABEL	 254
#define HTML_KIND_PRUNED 255

struct html_data_options {
	/* Nodes whose larger side is below this share of the larger total are pruned. 0:
	 * HTML_MIN_SHARE; negative: none. */
	double min_share;
	/* More than that many nodes: the lightest are pruned, too. 0: HTML_MAX_NODES. */
	uint32_t max_nodes;
	/* NULL, or room for d->node_cnt numbers: which node of the page each of the diff's nodes
	 * is, or is in, when it was pruned. */
	uint32_t *ret_node_of;
};

struct html_pruned {
	uint32_t cnt;	 /* nodes that are gone */
	double total[2]; /* what the topmost of them took, in the diff's unit */
	double below;	 /* all of them were below that on their larger side, in the diff's unit */
};

/* Appends. `opt` NULL: defaults. 0, -ENOMEM, -EIO or the buf's error. */
int must_check html_data(const struct diff *d, const struct html_data_options *opt, struct buf *out,
			 struct html_pruned *ret_pruned);

/* Bytes as base64 of a gzip member: what page/data.js takes apart. Appends. */
int must_check html_data_pack(struct str plain, struct buf *out);

/*
 * A standard deviation as one byte: 0 none, else 2^((code - 1) / 8) times the smallest step, which
 * is `whole` / 2^31. Never less than it is, and at most 9 % more.
 */
unsigned int html_spread_code(double spread, double whole);

#endif
