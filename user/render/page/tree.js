// SPDX-License-Identifier: Apache-2.0
/*
 * tree.js - class Tree: the union of two call trees.
 *
 * Nodes stand in preorder, node 0 is the root: the subtree of n is n … end[n] - 1, its first child
 * n + 1, the next sibling of a child c is end[c]. Arrays by node:
 *
 *	frame, parent, end, depth
 *	own[side], total[side]	 in the diff's unit (side culprit.A or culprit.B)
 *	cnt[side]		 samples that pass; null where nobody counted
 *	hidden			 nodes that a pruned one stands for
 *	lines			 strings: where in their source they were, 0 unknown
 *
 * Who builds one fills frame, parent, depth, own, ownCnt and calls finish().
 */
culprit.Tree = class Tree {
	constructor(frames, facts, cnt) {
		this.frames = frames;
		this.facts = facts;
		this.cnt = cnt;
		this.frame = new Uint32Array(cnt);
		this.parent = new Uint32Array(cnt);
		this.end = new Uint32Array(cnt);
		this.depth = new Uint32Array(cnt);
		this.hidden = new Uint32Array(cnt);
		this.lines = new Uint32Array(cnt);
		this.own = [new Float64Array(cnt), new Float64Array(cnt)];
		this.ownCnt = [null, null];
		this.ownVariance = null;
		this.variance = null;
	}

	static sumUp(tree, own) {
		const total = Float64Array.from(own);
		for (let n = tree.cnt - 1; n > 0; n--)
			total[tree.parent[n]] += total[n];
		return total;
	}

	// Ends, totals and colour steps from what was filled in.
	finish() {
		const {cnt, parent, end, depth} = this;
		end.fill(0);
		this.maxDepth = 0;
		for (let n = cnt - 1; n >= 0; n--) {
			end[n] = Math.max(end[n], n + 1);
			if (n)
				end[parent[n]] = Math.max(end[parent[n]], end[n]);
			this.maxDepth = Math.max(this.maxDepth, depth[n]);
		}
		this.total = this.own.map((own) => Tree.sumUp(this, own));
		this.samples = this.ownCnt.map((own) => own && Tree.sumUp(this, own));
		if (this.ownVariance && !this.variance)
			this.variance = Tree.sumUp(this, this.ownVariance);
		this.setSteps();
		return this;
	}

	// Of html_spread_code(): standard errors of total and own time, and which changes are noise.
	readSpread(total, own, within) {
		this.variance = Float64Array.from(total, (code) => this.varianceOfCode(code));
		this.ownVariance = Float64Array.from(own, (code) => this.varianceOfCode(code));
		this.judged = within.slice();
		this.judgedFunctions = new Map();
	}

	varianceOfCode(code) {
		return code ? (this.facts.whole * 2 ** ((code - 1) / 8 - 31)) ** 2 : 0;
	}

	// The same of a function, all its frames together.
	readFunction(name, codes) {
		this.judgedFunctions.set(name, {variance: this.varianceOfCode(codes[0]), ownVariance: this.varianceOfCode(codes[1]), judged: codes[2]});
	}

	// Colour steps, -10 … 10: the change relative to the larger side, 0 when within the noise.
	setSteps() {
		this.step = new Int8Array(this.cnt);
		this.ownStep = new Int8Array(this.cnt);
		if (this.facts.single)
			return;
		for (let n = 0; n < this.cnt; n++) {
			this.step[n] = this.isNoise(n) ? 0 : this.stepOf(this.total[0][n], this.total[1][n]);
			this.ownStep[n] = this.isOwnNoise(n) ? 0 : this.stepOf(this.own[0][n], this.own[1][n]);
		}
	}

	stepOf(a, b) {
		const larger = Math.max(a, b);
		return larger > 0 ? Math.round((b - a) / larger * culprit.colour.STEPS) : 0;
	}

	// Is a change of that variance nothing but chance?
	within(delta, variance) {
		return this.facts.basis !== 'none' && (!delta || Math.abs(delta) < this.facts.sigmas * Math.sqrt(variance));
	}

	isNoise(n) {
		return this.judged ? (this.judged[n] & 1) > 0 : this.within(this.delta(n), this.varianceOf(n));
	}

	isOwnNoise(n) {
		return this.judged ? (this.judged[n] & 2) > 0 : this.within(this.ownDelta(n), this.ownVarianceOf(n));
	}

	// Variance of a change: as it was measured, else of counting; 0 when unknown.
	varianceOf(n) {
		return this.variance ? this.variance[n] : this.counting(this.total, n);
	}

	ownVarianceOf(n) {
		return this.ownVariance ? this.ownVariance[n] : this.counting(this.own, n);
	}

	// w of n samples scatters by w / sqrt(n); own samples are their share of all that pass.
	counting(weights, n) {
		let variance = 0;
		for (let side = 0; side < 2; side++) {
			const k = this.samplesOf(n, side);
			if (k > 0)
				variance += weights[side][n] * this.total[side][n] / k;
		}
		return variance;
	}

	// 0 when nobody counted.
	samplesOf(n, side) {
		if (this.samples[side])
			return this.samples[side][n];
		return this.facts.unit === 'samples' ? this.total[side][n] : 0;
	}

	name(n) {
		return n ? this.frames.strings[this.frames.name[this.frame[n]]] : this.title || 'all';
	}

	// What to call a node where there must be a word.
	label(n) {
		if (this.kind(n) === culprit.KIND.PRUNED)
			return culprit.value.count(this.hidden[n]) + ' pruned';
		return this.name(n) || '[no name]';
	}

	module(n) {
		return n ? this.frames.strings[this.frames.module[this.frame[n]]] : '';
	}

	// "src/a.c:42"; empty when it is unknown.
	line(n) {
		return this.frames.strings[this.lines[n]];
	}

	kind(n) {
		return this.frames.kind[this.frame[n]];
	}

	fn(n) {
		return this.frames.fn[this.frame[n]];
	}

	isFunction(n) {
		return this.kind(n) < culprit.KIND.LABEL;
	}

	delta(n) {
		return this.total[1][n] - this.total[0][n];
	}

	ownDelta(n) {
		return this.own[1][n] - this.own[0][n];
	}

	share(n, side) {
		const whole = this.total[side][0];
		return whole > 0 ? this.total[side][n] / whole : 0;
	}

	isGone(n) {
		return this.total[0][n] > 0 && !(this.total[1][n] > 0);
	}

	isNew(n) {
		return this.total[1][n] > 0 && !(this.total[0][n] > 0);
	}

	children(n) {
		const list = [];
		for (let c = n + 1; c < this.end[n]; c = this.end[c])
			list.push(c);
		return list;
	}

	// From the root to n, both included.
	path(n) {
		const list = [n];
		while (n) {
			n = this.parent[n];
			list.push(n);
		}
		return list.reverse();
	}

	// The nodes of which the function is no part further up: its time without counting twice.
	*outermost(fn) {
		for (let n = 1; n < this.cnt; n++) {
			if (this.fn(n) !== fn)
				continue;
			yield n;
			n = this.end[n] - 1;
		}
	}

	// Is a row's change chance? `own`: that of its own time.
	isRowNoise(row, own) {
		if (row.judged !== undefined)
			return (row.judged & (own ? 2 : 1)) > 0;
		const values = own ? row.own : row.total;
		return this.within(values[1] - values[0], own ? row.ownVariance : row.variance);
	}

	// One row for each function below `root`: {fn, node, total, own, cnt}, recursion counted once.
	functions(root) {
		const rows = new Map(), open = new Uint32Array(this.frames.fns.length);
		for (let n = root; n < this.end[root]; n++) {
			if (!this.isFunction(n))
				continue;
			const fn = this.fn(n);
			let row = rows.get(fn);
			if (!row) {
				row = {fn, node: n, name: this.name(n), module: this.module(n), total: [0, 0],
					own: [0, 0], cnt: [0, 0], variance: 0, ownVariance: 0};
				rows.set(fn, row);
			}
			row.own[0] += this.own[0][n];
			row.own[1] += this.own[1][n];
			row.ownVariance += this.ownVarianceOf(n);
			if (n < open[fn])
				continue;
			open[fn] = this.end[n];
			row.variance += this.varianceOf(n);
			for (let side = 0; side < 2; side++) {
				row.total[side] += this.total[side][n];
				row.cnt[side] += this.samplesOf(n, side);
			}
		}
		const list = Array.from(rows.values());
		if (!root && this.judgedFunctions)
			for (const row of list)
				Object.assign(row, this.judgedFunctions.get(this.frames.name[this.frame[row.node]]));
		return list;
	}

	// One row for each node of the first level.
	groups() {
		return this.children(0).filter((n) => this.kind(n) !== culprit.KIND.PRUNED).map((n) => ({
			node: n, name: this.label(n), module: '', total: [this.total[0][n], this.total[1][n]],
			own: [0, 0], cnt: [this.samplesOf(n, 0), this.samplesOf(n, 1)],
			variance: this.varianceOf(n), ownVariance: 0, judged: this.isNoise(n) ? 3 : 2,
		}));
	}

	/*
	 * The part of `base` that has weight: a and b are arrays by base's node, of own time in the
	 * diff's unit (a null: one side alone); cntA, cntB the samples, or null. `facts` changes base's.
	 */
	static select(base, a, b, cntA, cntB, facts) {
		const none = new Float64Array(base.cnt), keep = new Uint8Array(base.cnt);
		const weights = [a || none, b || none], counts = [cntA || null, cntB || null];
		let cnt = 0;
		for (let n = base.cnt - 1; n >= 0; n--) {
			if (weights[0][n] || weights[1][n] || !n)
				keep[n] = 1;
			if (keep[n])
				keep[base.parent[n]] = 1;
			cnt += keep[n];
		}
		const tree = new Tree(base.frames, Object.assign({}, base.facts, facts), cnt);
		const to = new Uint32Array(base.cnt);
		tree.ownCnt = counts.map((c) => c && new Float64Array(cnt));
		for (let n = 0, at = 0; n < base.cnt; n++) {
			if (!keep[n])
				continue;
			to[n] = at;
			tree.frame[at] = base.frame[n];
			tree.parent[at] = to[base.parent[n]];
			tree.depth[at] = base.depth[n];
			tree.hidden[at] = base.hidden[n];
			for (let side = 0; side < 2; side++) {
				tree.own[side][at] = weights[side][n];
				if (counts[side])
					tree.ownCnt[side][at] = counts[side][n];
			}
			at++;
		}
		return tree.finish();
	}
};
