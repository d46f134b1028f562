// SPDX-License-Identifier: Apache-2.0
'use strict';
/*
 * core.js - the one global name of the page's scripts, and a helper for elements.
 *
 * The files of this folder are plain scripts. The makefile puts them together in the order below,
 * without comments and indentation, into one script that a page carries inside (render/html.h). A
 * comment begins on a line of its own; no text runs over lines.
 *
 *	core	this file
 *	value	numbers as people read them: value.h in a browser
 *	data	await culprit.data.load('f-data') → {facts, frames, tree} from the block of
 *		render/html_data.h
 *	tree	class Tree: nodes in preorder as typed arrays, weights of two sides, noise; tables of
 *		functions and processes. Tree.select(base, a, b, …) makes a tree from a weight for each
 *		node of another one: the way from a list of (stack, weight) to a flame graph.
 *	derive	leaf first, callers and callees of a function: trees from trees
 *	colour	palettes of both themes, contrast
 *	layout	where each node goes (a pure function)
 *	search	a regular expression, what it hits, and how much that is, nothing counted twice
 *	tip	the words and numbers of one node
 *	draw	paints what is visible of a layout onto a canvas
 *	view	class View: canvas, scrolling, zoom, pointer and keyboard of one tree
 *	aria	the neighbourhood of the focused node for screen readers
 *	tables	class Table: sortable rows, of which only the visible ones exist
 *	state	zoom, search, … in the URL's fragment
 *	panel	class Panel: toolbar, views, legend and tables of one data block
 *	main	mounts a Panel in every <section data-flame="ID">, theme, help
 *
 * A page with a picture of its own loads data, makes trees and puts a View (one tree) or a Panel
 * (all around it) where it wants:
 *
 *	const data = await culprit.data.load('f-data');
 *	const panel = new culprit.Panel(section, data);	 reads and writes the fragment
 *	panel.setTree(culprit.Tree.select(data.tree, weightsA, weightsB));
 *
 * Names come from outside. They reach the document as text nodes and canvas text only.
 */
const culprit = {};

// An element with properties, attributes (with a dash or in lower case after "$") and children.
culprit.el = function (tag, props, ...children) {
	const e = document.createElement(tag);
	for (const [key, v] of Object.entries(props || {})) {
		if (v === undefined || v === null || v === false)
			continue;
		if (key.startsWith('on'))
			e.addEventListener(key.slice(2), v);
		else if (key.startsWith('$'))
			e.setAttribute(key.slice(1), v === true ? '' : v);
		else
			e[key] = v;
	}
	e.append(...children.filter((c) => c !== null && c !== undefined));
	return e;
};

culprit.A = 0;
culprit.B = 1;
// Kinds of frames: enum frame_kind, and two of the encoding.
culprit.KIND = {UNKNOWN: 0, USER: 1, KERNEL: 2, JIT: 3, INLINED: 4, LABEL: 254, PRUNED: 255};
culprit.reducedMotion = function () {
	return matchMedia('(prefers-reduced-motion: reduce)').matches;
};
