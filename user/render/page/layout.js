// SPDX-License-Identifier: Apache-2.0
/*
 * layout.js - where each node goes, before anything is drawn.
 *
 * layout(tree, width, order) → {x, w, own, levels, whole}
 *	x, w	by node, in the diff's unit; the root takes 0 … whole
 *	own	where the node's own part begins: behind its children, up to x + w
 *	levels	by depth: the nodes that have a width, from left to right (so that what is in sight is
 *		found by bisection)
 *
 * width	'max': the larger of a node's own times plus its children's widths, so that what only one
 *		side has is in the picture; 'a', 'b': one side; 'delta': the sizes of the changes
 * order	'name', 'size' (widest first) or 'change' (largest change first)
 */
culprit.layout = (function () {
	const OWN = {
		a: (a) => a,
		b: (a, b) => b,
		max: (a, b) => Math.max(a, b),
		delta: (a, b) => Math.abs(b - a),
	};

	function widths(tree, width) {
		const own = OWN[width] || OWN.max, w = new Float64Array(tree.cnt);
		for (let n = tree.cnt - 1; n >= 0; n--) {
			w[n] += own(tree.own[0][n], tree.own[1][n]);
			if (n)
				w[tree.parent[n]] += w[n];
		}
		return w;
	}

	// Children that have a width; what is pruned comes last.
	function ordered(tree, n, w, order) {
		const list = [];
		let pruned = -1;
		for (let c = n + 1; c < tree.end[n]; c = tree.end[c]) {
			if (!(w[c] > 0))
				continue;
			if (tree.kind(c) === culprit.KIND.PRUNED)
				pruned = c;
			else
				list.push(c);
		}
		if (order === 'size')
			list.sort((p, q) => w[q] - w[p]);
		else if (order === 'change')
			list.sort((p, q) => Math.abs(tree.delta(q)) - Math.abs(tree.delta(p)));
		if (pruned >= 0)
			list.push(pruned);
		return list;
	}

	return function (tree, width, order) {
		const w = widths(tree, width), x = new Float64Array(tree.cnt), own = new Float64Array(tree.cnt);
		const levels = [], stack = [0];
		while (stack.length) {
			const n = stack.pop(), list = ordered(tree, n, w, order);
			let at = x[n];
			(levels[tree.depth[n]] = levels[tree.depth[n]] || []).push(n);
			for (const c of list) {
				x[c] = at;
				at += w[c];
			}
			own[n] = at;
			for (let i = list.length - 1; i >= 0; i--)
				stack.push(list[i]);
		}
		return {x, w, own, whole: w[0], levels: levels.map((l) => Uint32Array.from(l))};
	};
})();
