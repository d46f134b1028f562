// SPDX-License-Identifier: Apache-2.0
'use strict';
/*
 * heat_data.js - class HeatData: the moments of render/heat_data.h, and what lies in a range of them.
 *
 * Time is counted in steps of 20 ms from the map's begin, ROWS of them to a second. A range is
 * {from, to}, to excluded.
 *
 *	await HeatData.load(id, tree)
 *	grid({from, to, width, group})	seconds from … to in columns of `width` seconds: {columns, cells},
 *					samples (or time) of cell [column * ROWS + row]
 *	tree({from, to}, group)		the call tree of a range
 *	diff(a, b, group)		of two ranges
 *	cell(second, width, row, group)	{cnt, weight, top: group, topCnt} of one cell
 *	count(range, group)		samples in it
 *
 * A group is the number of a node of the tree's first level, or 0 for all.
 */
culprit.HeatData = class HeatData {
	static async load(id, tree) {
		const data = new HeatData(), r = new culprit.data.Reader(await culprit.data.bytes(id));
		if (r.text(4) !== 'CPH1')
			throw new Error('no data of this kind');
		data.facts = JSON.parse(r.text(r.num()));
		data.base = tree;
		data.cnt = r.num();
		data.step = r.nums(data.cnt, new Uint32Array(data.cnt));
		data.node = r.nums(data.cnt, new Uint32Array(data.cnt));
		data.count_ = r.nums(data.cnt, new Uint32Array(data.cnt));
		const {period} = data.facts;
		data.weight = period ? Float64Array.from(data.count_, (c) => c * period) : r.nums(data.cnt, new Float64Array(data.cnt));
		return data.index();
	}

	// Where each second begins among the moments, and the group of each node.
	index() {
		const {cnt, step, base} = this, {ROWS} = HeatData;
		for (let i = 1; i < cnt; i++)
			step[i] += step[i - 1];
		this.seconds = this.facts.seconds;
		this.steps = this.seconds * ROWS;
		this.begin = new Uint32Array(this.seconds + 1);
		for (let s = 0, i = 0; s <= this.seconds; s++) {
			while (i < cnt && step[i] < s * ROWS)
				i++;
			this.begin[s] = i;
		}
		this.group = new Uint32Array(base.cnt);
		for (let n = 1; n < base.cnt; n++)
			this.group[n] = base.depth[n] > 1 ? this.group[base.parent[n]] : n;
		return this;
	}

	// The first moment at or after a step.
	at(step) {
		let low = 0, high = this.cnt;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.step[middle] < step)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}

	get isTime() {
		return this.base.facts.unit !== 'samples';
	}

	// What a cell of so many seconds shows: cores that were busy, or samples.
	shown(cnt, weight, width) {
		return this.isTime ? weight / 1e9 / (width / HeatData.ROWS) : this.facts.period ? cnt : weight;
	}

	grid({from, to, width, group}) {
		const {ROWS} = HeatData, columns = Math.ceil((to - from) / width), cells = new Float32Array(columns * ROWS);
		const last = this.begin[Math.min(to, this.seconds)];
		for (let i = this.begin[from]; i < last; i++) {
			if (group && this.group[this.node[i]] !== group)
				continue;
			const step = this.step[i], second = Math.floor(step / ROWS);
			cells[Math.floor((second - from) / width) * ROWS + step - second * ROWS] += this.shown(this.count_[i], this.weight[i], width);
		}
		return {columns, cells};
	}

	each(range, group, fn) {
		const last = this.at(range.to);
		for (let i = this.at(range.from); i < last; i++)
			if (!group || this.group[this.node[i]] === group)
				fn(this.node[i], this.count_[i], this.weight[i]);
	}

	count(range, group) {
		let sum = 0;
		this.each(range, group, (n, cnt) => { sum += cnt; });
		return sum;
	}

	cell(second, width, row, group) {
		const {ROWS} = HeatData, byGroup = new Map(), all = {cnt: 0, weight: 0, top: 0, topCnt: 0};
		for (let s = second; s < Math.min(second + width, this.seconds); s++)
			this.each({from: s * ROWS + row, to: s * ROWS + row + 1}, group, (n, cnt, weight) => {
				const g = this.group[n];
				all.cnt += cnt;
				all.weight += weight;
				byGroup.set(g, (byGroup.get(g) || 0) + cnt);
			});
		for (const [g, cnt] of byGroup)
			if (cnt > all.topCnt) {
				all.top = g;
				all.topCnt = cnt;
			}
		return all;
	}

	// Own time by node in the tree's unit, and samples.
	weights(range, group) {
		const own = new Float64Array(this.base.cnt), cnt = new Float64Array(this.base.cnt), {unit} = this.base.facts;
		const length = (range.to - range.from) / HeatData.ROWS;
		const scale = unit === 'cores' ? 1e-9 / length : unit === 'seconds' ? 1e-9 : 1;
		this.each(range, group, (n, c, weight) => {
			own[n] += weight * scale;
			cnt[n] += c;
		});
		return {own, cnt};
	}

	tree(range, group) {
		const b = this.weights(range, group);
		return culprit.Tree.select(this.base, null, b.own, null, b.cnt, {single: true, basis: 'none'});
	}

	diff(rangeA, rangeB, group) {
		const a = this.weights(rangeA, group), b = this.weights(rangeB, group);
		return culprit.Tree.select(this.base, a.own, b.own, a.cnt, b.cnt, {single: false, basis: 'counting'});
	}

	// The groups with the most samples first: {node, name, cnt}.
	groups() {
		const cnts = new Map();
		for (let i = 0; i < this.cnt; i++) {
			const g = this.group[this.node[i]];
			cnts.set(g, (cnts.get(g) || 0) + this.count_[i]);
		}
		return Array.from(cnts, ([node, cnt]) => ({node, cnt, name: this.base.label(node)})).filter((g) => g.node)
			.sort((x, y) => y.cnt - x.cnt || (x.name < y.name ? -1 : 1));
	}

	// A point of time in words; iso: as --from and --until take it.
	time(step, iso) {
		const {first, wall} = this.facts, second = Math.floor(step / HeatData.ROWS), ms = (step - second * HeatData.ROWS) * HeatData.STEP_MS;
		if (!wall)
			return (first + second) + '.' + String(ms).padStart(3, '0') + (iso ? '' : ' s');
		const text = new Date((first + second) * 1000 + ms).toISOString();
		return iso ? text : text.slice(0, 10) + ' ' + text.slice(11, 23) + ' UTC';
	}

	// The same without the date.
	clock(step) {
		return this.facts.wall ? this.time(step, true).slice(11, 23) : this.time(step, false);
	}

	static duration(steps) {
		const ms = steps * HeatData.STEP_MS;
		return ms < 1000 ? ms + ' ms' : ms % 1000 ? (ms / 1000).toFixed(2) + ' s' : culprit.value.count(ms / 1000) + ' s';
	}
};
culprit.HeatData.ROWS = 50;
culprit.HeatData.STEP_MS = 20;
