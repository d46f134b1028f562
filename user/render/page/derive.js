// SPDX-License-Identifier: Apache-2.0
/*
 * derive.js - trees made from trees, by merging paths of equal functions.
 *
 *	invert(tree)		leaf first: who burns the time, then who called it
 *	callers(tree, fn)	below the function those that call it; totals are its total
 *	callees(tree, fn)	below the function what it calls
 *
 * A function that calls itself counts once: its outermost node of a path is taken, and what stands
 * below is among its callees. At most MAX_NODES nodes are made, the heaviest paths first; what finds
 * no place is one pruned node below the root, so that the totals stay whole.
 */
culprit.derive = (function () {
	const MAX_NODES = 300000;

	// A tree under construction: nodes in the order they were made.
	class Growing {
		constructor(base) {
			this.base = base;
			this.frame = [base.frame[0]];
			this.parent = [0];
			this.byKey = new Map();
			this.first = [];
			this.own = [[0], [0]];
			this.cnt = [[0], [0]];
			this.variance = [0];
			this.left = [[0, 0], [0, 0]];
			this.leftNodes = 0;
		}

		// The child of `parent` that is the function of base's node n; -1 when it would be too many.
		child(parent, n) {
			const fns = this.base.frames.fns.length, key = parent * fns + this.base.fn(n);
			let at = this.byKey.get(key);
			if (at === undefined) {
				at = this.frame.length;
				if (at >= MAX_NODES)
					return -1;
				this.byKey.set(key, at);
				this.frame.push(this.base.frame[n]);
				this.parent.push(parent);
				this.own[0].push(0);
				this.own[1].push(0);
				this.cnt[0].push(0);
				this.cnt[1].push(0);
				this.variance.push(0);
			}
			return at;
		}

		// What node n has (its total, or only its own) goes to `at`; -1: it finds no place.
		add(at, n, whole) {
			const base = this.base, weights = whole ? base.total : base.own;
			const counts = whole ? base.samples : base.ownCnt;
			if (at < 0)
				this.leftNodes++;
			for (let side = 0; side < 2; side++) {
				const w = weights[side][n], k = counts[side] ? counts[side][n] : 0;
				if (at < 0) {
					this.left[0][side] += w;
					this.left[1][side] += k;
				} else {
					this.own[side][at] += w;
					this.cnt[side][at] += k;
				}
			}
			if (at >= 0 && base.ownVariance)
				this.variance[at] += (whole ? base.variance : base.ownVariance)[n];
		}

		// Children of each node, by name.
		lists() {
			const lists = this.frame.map(() => null), rank = ranks(this.base.frames), fn = this.base.frames.fn;
			for (let n = 1; n < this.frame.length; n++)
				(lists[this.parent[n]] = lists[this.parent[n]] || []).push(n);
			for (const list of lists)
				if (list && list.length > 1)
					list.sort((x, y) => rank[fn[this.frame[x]]] - rank[fn[this.frame[y]]]);
			return lists;
		}

		fill(tree, at, from, parent) {
			tree.frame[at] = this.frame[from];
			tree.parent[at] = parent;
			tree.depth[at] = at ? tree.depth[parent] + 1 : 0;
			for (let side = 0; side < 2; side++) {
				tree.own[side][at] = this.own[side][from];
				if (tree.ownCnt[side])
					tree.ownCnt[side][at] = this.cnt[side][from];
			}
			if (tree.ownVariance)
				tree.ownVariance[at] = this.variance[from];
		}

		addLeft(tree, at) {
			tree.frame[at] = prunedFrame(this.base.frames);
			tree.parent[at] = 0;
			tree.depth[at] = 1;
			tree.hidden[at] = this.leftNodes;
			for (let side = 0; side < 2; side++) {
				tree.own[side][at] = this.left[0][side];
				if (tree.ownCnt[side])
					tree.ownCnt[side][at] = this.left[1][side];
			}
		}

		finish(title, upwards) {
			const base = this.base, cnt = this.frame.length + (this.leftNodes ? 1 : 0);
			const tree = new culprit.Tree(base.frames, base.facts, cnt), lists = this.lists();
			const stack = [[0, 0]];
			let at = 0;
			tree.title = title;
			tree.upwards = upwards;
			tree.ownCnt = base.ownCnt.map((c) => c && new Float64Array(cnt));
			tree.ownVariance = base.ownVariance && new Float64Array(cnt);
			while (stack.length) {
				const [from, parent] = stack.pop(), list = lists[from] || [];
				this.fill(tree, at, from, parent);
				for (let i = list.length - 1; i >= 0; i--)
					stack.push([list[i], at]);
				at++;
			}
			if (this.leftNodes)
				this.addLeft(tree, at);
			return tree.finish();
		}
	}

	// The order of the functions' names, made once.
	function ranks(frames) {
		if (!frames.ranks) {
			const order = frames.fns.map((f, i) => i);
			order.sort((x, y) => frames.fns[x].name < frames.fns[y].name ? -1 : 1);
			frames.ranks = new Uint32Array(order.length);
			order.forEach((fn, i) => { frames.ranks[fn] = i; });
		}
		return frames.ranks;
	}

	function prunedFrame(frames) {
		const at = frames.kind.indexOf(culprit.KIND.PRUNED);
		return at < 0 ? 0 : at;
	}

	function heaviestFirst(nodes, weights) {
		const w = (n) => Math.max(weights[0][n], weights[1][n]);
		return nodes.sort((x, y) => w(y) - w(x));
	}

	// Hangs the way from base's node n up to the root below the growing root.
	function hangUpwards(growing, n) {
		let at = 0;
		for (; n && at >= 0; n = growing.base.parent[n])
			at = growing.child(at, n);
		return at;
	}

	function invert(tree) {
		const growing = new Growing(tree), nodes = [];
		for (let n = 0; n < tree.cnt; n++)
			if (tree.own[0][n] || tree.own[1][n])
				nodes.push(n);
		for (const n of heaviestFirst(nodes, tree.own))
			growing.add(hangUpwards(growing, n), n, false);
		return growing.finish('all, leaf first', true);
	}

	function callers(tree, fn) {
		const growing = new Growing(tree), nodes = Array.from(tree.outermost(fn));
		for (const n of heaviestFirst(nodes, tree.total))
			growing.add(hangUpwards(growing, tree.parent[n]), n, true);
		return growing.finish(tree.frames.fns[fn].name, true);
	}

	function callees(tree, fn) {
		const growing = new Growing(tree), to = new Map();
		for (const root of heaviestFirst(Array.from(tree.outermost(fn)), tree.total)) {
			to.set(root, 0);
			growing.add(0, root, false);
			for (let n = root + 1; n < tree.end[root]; n++) {
				const parent = to.get(tree.parent[n]), at = parent < 0 ? -1 : growing.child(parent, n);
				to.set(n, at);
				growing.add(at, n, false);
			}
		}
		return growing.finish(tree.frames.fns[fn].name, false);
	}

	return {invert, callers, callees, MAX_NODES};
})();
