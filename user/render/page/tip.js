// SPDX-License-Identifier: Apache-2.0
/*
 * tip.js - what there is to say about one node.
 *
 *	line(tree, n)		one sentence: for screen readers and the line below the graph
 *	fill(element, tree, n)	a small table: both sides, the change, own time, samples, spread
 */
culprit.tip = (function () {
	const {el, value} = culprit;
	const MAX_NAME = 400;
	const KINDS = ['', '', 'kernel', 'JIT', 'inlined'];

	function cut(text, max) {
		const chars = Array.from(text.length > 4 * max ? text.slice(0, 4 * max) : text);
		return chars.length > max ? chars.slice(0, max - 1).join('') + '\u2026' : text;
	}

	// "more", "less", "new", "gone", "within noise"
	function verdict(tree, n) {
		const [a, b] = [tree.total[0][n], tree.total[1][n]];
		if (tree.isNoise(n))
			return 'within noise';
		return tree.isNew(n) ? 'new' : tree.isGone(n) ? 'gone' : b > a ? 'more' : b < a ? 'less' : 'no change';
	}

	function line(tree, n) {
		const f = tree.facts, u = value.unit(f), name = cut(tree.label(n), MAX_NAME);
		const side = (s) => value.plain(f, tree.total[s][n]) + ' ' + u + ', ' + value.percent(tree.share(n, s));
		if (f.single)
			return name + '; ' + side(1) + '; own ' + value.plain(f, tree.own[1][n]);
		return name + '; A ' + side(0) + '; B ' + side(1) + '; change ' + value.delta(f, tree.delta(n)) + ', ' +
			value.ratio(tree.total[0][n], tree.total[1][n]) + ', ' + verdict(tree, n) +
			(tree.upwards ? '' : '; own change ' + value.delta(f, tree.ownDelta(n)));
	}

	function where(tree, n) {
		const kind = tree.kind(n);
		if (kind === culprit.KIND.PRUNED)
			return 'frames too small to be in this page';
		return [tree.module(n), KINDS[kind] || (kind === culprit.KIND.LABEL && n ? 'label' : ''), tree.line(n)]
			.filter((s) => s).join(', ');
	}

	function row(head, cells, cls) {
		return el('tr', {className: cls || ''}, el('th', {$scope: 'row'}, head), ...cells.map((c) => el('td', null, c)));
	}

	function sampleCells(tree, n) {
		const cells = [0, 1].map((s) => tree.samplesOf(n, s)).map((k) => k ? value.count(k) : '\u2013');
		return tree.facts.single ? cells.slice(1) : [...cells, '', ''];
	}

	function valueCells(tree, weights, n) {
		const f = tree.facts, [a, b] = [weights[0][n], weights[1][n]];
		if (f.single)
			return [value.plain(f, b)];
		return [value.plain(f, a), value.plain(f, b), value.delta(f, b - a), value.ratio(a, b)];
	}

	function rows(tree, n) {
		const f = tree.facts, single = f.single, list = [];
		list.push(row('total', valueCells(tree, tree.total, n), 'total'));
		list.push(row('share', single ? [value.percent(tree.share(n, 1))] :
			[value.percent(tree.share(n, 0)), value.percent(tree.share(n, 1)), '', '']));
		if (!tree.upwards)
			list.push(row('own', valueCells(tree, tree.own, n)));
		if (f.unit !== 'samples' && (tree.samplesOf(n, 0) || tree.samplesOf(n, 1)))
			list.push(row('samples', sampleCells(tree, n)));
		return list;
	}

	function spread(tree, n) {
		const error = Math.sqrt(tree.varianceOf(n)), f = tree.facts;
		if (f.single)
			return '';
		if (!error)
			return f.basis === 'none' ? 'how much this scatters is unknown' : '';
		return (tree.isNoise(n) ? 'within noise: ' : 'change ') + value.delta(f, tree.delta(n)) + ' \u00b1 ' +
			value.plain(f, error) + (f.basis === 'windows' ? ' (from window to window)' : ' (counting)');
	}

	function fill(element, tree, n) {
		const single = tree.facts.single, heads = single ? [''] : ['A', 'B', 'change', 'ratio'];
		const table = el('table', null, el('thead', null, el('tr', null, el('td', null, value.unit(tree.facts)),
			...heads.map((h) => el('th', {$scope: 'col'}, h)))), el('tbody', null, ...rows(tree, n)));
		element.replaceChildren(el('div', {className: 'tip-name'}, cut(tree.label(n), MAX_NAME)),
			el('div', {className: 'tip-where'}, where(tree, n)), table,
			el('div', {className: 'tip-where'}, spread(tree, n)));
	}

	return {line, fill, verdict, cut};
})();
