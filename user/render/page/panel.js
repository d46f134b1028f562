// SPDX-License-Identifier: Apache-2.0
/*
 * panel.js - class Panel: everything around one tree of data: toolbar, the way to the zoomed node,
 * one view (two in a sandwich), the line of what is pointed at, legend, tables.
 *
 *	new Panel(section, data, {prefix})	data of culprit.data; prefix of its keys in the fragment
 *	setTree(tree)				another tree of the same frames
 *	setTheme('light' or 'dark')
 *	command(key)				a key that no view has used; true when it meant something
 *
 * The state is the truth: whatever the reader does changes it, and show() brings the page in line.
 */
culprit.Panel = class Panel {
	constructor(section, data, options) {
		this.section = section;
		this.data = data;
		this.base = data.tree;
		this.facts = data.facts;
		this.derived = new Map();
		this.shown = {};
		this.views = [];
		this.theme = 'light';
		this.state = new culprit.State((options && options.prefix) || '', {mode: 'icicle', zoom: this.focus(), up: '0', q: '',
			width: 'max', order: 'name', fn: '', all: '', sort: this.facts.single ? '-b' : '-size',
			rows: this.facts.single ? '-ownb' : '-own'}, () => this.show());
		this.build();
		this.show();
	}

	// The node that the page opens at, unless its address says otherwise.
	focus() {
		const name = this.section.dataset.focus, row = name && this.base.groups().find((r) => r.name === name);
		return String(row ? row.node : 0);
	}

	// ---- elements ----------------------------------------------------------------------------

	build() {
		const {el} = culprit, single = this.facts.single;
		this.crumbs = el('nav', {className: 'crumbs', '$aria-label': 'Way to the zoomed frame'});
		this.place = el('div', {className: 'views'});
		this.strip = el('div', {className: 'strip', hidden: true});
		this.status = el('div', {className: 'status'});
		this.legend = el('div', {className: 'legend'});
		this.groupPlace = el('div', {className: 'table groups'});
		this.functionPlace = el('div', {className: 'table functions'});
		this.section.replaceChildren(this.toolbar(), this.crumbs, this.place, this.strip,
			el('div', {className: 'below'}, this.status, this.legend),
			el('div', {className: 'tables' + (single ? ' single' : '')}, this.groupPlace, this.functionPlace));
		this.buildTables();
	}

	toolbar() {
		const {el} = culprit, single = this.facts.single;
		this.modes = [['icicle', 'Icicle', 'root on top'], ['flame', 'Flame', 'root at the bottom'],
			['leaves', 'Leaf first', 'functions by own time, with their callers'],
			['sandwich', 'Sandwich', 'callers and callees of one function']].map(([mode, text, title]) =>
			el('button', {type: 'button', title, value: mode, onclick: () => this.pickMode(mode)}, text));
		this.width = this.select('Width', 'width', [['max', 'larger side'], ['b', 'B'], ['a', 'A'], ['delta', '|change|']]);
		this.order = this.select('Order', 'order', [['name', 'name'], ['size', 'width']].concat(single ? [] : [['change', 'change']]));
		this.input = el('input', {type: 'search', placeholder: 'Search (regex)', '$aria-label': 'Search functions by regular expression',
			spellcheck: false, autocomplete: 'off', oninput: () => this.state.set({q: this.input.value}, true) || this.show()});
		this.found = el('output', {className: 'found', '$aria-live': 'polite'});
		const clear = el('button', {type: 'button', className: 'quiet', onclick: () => this.reset()}, 'Reset');
		return el('div', {className: 'toolbar'}, el('div', {className: 'segments', $role: 'group', '$aria-label': 'View'}, ...this.modes),
			single ? null : this.width.label, this.order.label,
			el('div', {className: 'search'}, this.input, this.found), clear);
	}

	select(text, key, choices) {
		const {el} = culprit, select = el('select', {onchange: () => this.go({[key]: select.value})},
			...choices.map(([v, name]) => el('option', {value: v}, name)));
		return {select, label: el('label', {className: 'choice'}, text, ' ', select)};
	}

	columns(own) {
		const f = this.facts, v = culprit.value, single = f.single, max = {total: 0, own: 0};
		this.scales = this.scales || {};
		this.scales[own ? 'functions' : 'groups'] = max;
		const num = (key, head, of, cls) => ({key, head, cls: 'num ' + (cls || ''), text: (r) => v.plain(f, of(r)), sort: of});
		const delta = (key, head, what, cls) => {
			const of = (r) => r[what][1] - r[what][0];
			return {key, head, cls: 'num delta ' + (cls || ''), sort: key === 'size' || key === 'own' ? (r) => Math.abs(of(r)) : of,
				text: (r) => v.delta(f, of(r)), bar: (r) => max[what] ? of(r) / max[what] : 0,
				quiet: (r) => this.base.isRowNoise(r, what === 'own')};
		};
		const name = {key: 'name', head: own ? 'function' : 'process', sort: (r) => r.name};
		if (single)
			return own ? [name, num('ownb', 'own', (r) => r.own[1]), num('b', 'total', (r) => r.total[1]), this.share('b')] :
				[name, num('b', 'total', (r) => r.total[1]), this.share('b')];
		const ratio = {key: 'ratio', head: 'ratio', cls: 'num wide', text: (r) => v.ratio(r.total[0], r.total[1]), sort: Panel.ratioOf};
		const both = [num('a', 'A', (r) => r.total[0]), num('b', 'B', (r) => r.total[1])];
		return own ? [name, delta('own', 'own change', 'own'), delta('size', 'change', 'total'), ...both, ratio] :
			[name, delta('size', 'change', 'total'), ...both, ratio];
	}

	share(key) {
		const whole = () => this.base.total[1][0];
		return {key: 'share', head: 'share', cls: 'num', text: (r) => culprit.value.percent(whole() ? r.total[1] / whole() : 0),
			sort: (r) => r.total[1]};
	}

	// New is above, gone below every ratio.
	static ratioOf(r) {
		const [a, b] = r.total;
		return a > 0 ? b / a : b > 0 ? Infinity : 1;
	}

	buildTables() {
		const groupName = this.facts.groups ? 'Processes' : 'Roots', unit = culprit.value.unit(this.facts);
		const hidden = () => this.go({all: this.state.get().all ? '' : '1'});
		this.groups = new culprit.Table(this.groupPlace, {title: groupName, unit, hidden, columns: this.columns(false), sort: this.state.defaults.sort,
			pick: (row) => this.go({mode: this.isBase() ? this.state.get().mode : 'icicle', zoom: String(row.node)}),
			sorted: (sort) => this.state.set({sort}, true)});
		this.functions = new culprit.Table(this.functionPlace, {title: 'Functions', unit, hidden, columns: this.columns(true), sort: this.state.defaults.rows,
			pick: (row) => this.pickFunction(row), more: (row) => this.sandwich(row.fn),
			sorted: (rows) => this.state.set({rows}, true)});
	}

	// ---- what the reader does ----------------------------------------------------------------

	go(changes, keep) {
		this.state.set(changes, keep);
		this.show();
	}

	isBase(mode) {
		return ['icicle', 'flame'].includes(mode || this.state.get().mode);
	}

	pickMode(mode) {
		const same = this.isBase(mode) && this.isBase();
		this.go(Object.assign({mode}, same ? {} : {zoom: '0', up: '0'}));
	}

	sandwich(fn) {
		this.go({mode: 'sandwich', fn: this.base.frames.fns[fn].name, zoom: '0', up: '0'});
	}

	// The first click finds the function, the second lets it go.
	pickFunction(row) {
		const q = '^' + culprit.search.quote(row.name) + '$';
		this.go({q: this.state.get().q === q ? '' : q});
	}

	reset() {
		this.go({q: '', zoom: '0', up: '0'});
	}

	setTree(tree) {
		this.base = tree;
		this.derived.clear();
		this.shown = {};
		this.state.set({zoom: '0', up: '0'}, true);
		this.show();
	}

	setTheme(theme) {
		this.theme = theme;
		const palette = culprit.colour.palette(theme);
		this.views.forEach((v) => v.setLook({palette}));
		this.showLegend(palette);
	}

	command(key) {
		const s = this.state.get(), view = this.views[this.views.length - 1];
		if (key === '/') {
			this.input.focus();
			this.input.select();
		} else if (key === 'Escape') {
			if (document.activeElement === this.input && s.q)
				this.go({q: ''});
			else if (this.views[0] && this.views[0].zoom + view.zoom)
				this.go({zoom: String(view.tree.parent[view.zoom]), up: '0'});
			else
				this.reset();
			this.input.blur();
		} else if (key === 'i') {
			this.pickMode(s.mode === 'icicle' ? 'flame' : 'icicle');
		} else if (key === 'l') {
			this.pickMode('leaves');
		} else if (key === 'n' || key === 'N') {
			return this.nextHit(key === 'n' ? 1 : -1);
		} else {
			return false;
		}
		return true;
	}

	// Walks over the frames that a search has found.
	nextHit(step) {
		const view = this.views[this.views.length - 1], {tree, layout} = view, hits = this.hits;
		if (!hits)
			return false;
		for (let i = 1, n = Math.max(view.focus, 0); i <= tree.cnt; i++) {
			n = (n + step + tree.cnt) % tree.cnt;
			if (n && hits[tree.fn(n)] && layout.w[n] > 0) {
				view.scroller.focus();
				view.focusOn(n);
				return true;
			}
		}
		return false;
	}

	// ---- bringing the page in line with the state --------------------------------------------

	// The trees to show: [tree, root at the bottom?, key of its zoom in the state].
	trees(s) {
		if (s.mode === 'leaves')
			return [[this.derive('leaves', () => culprit.derive.invert(this.base)), false, 'zoom']];
		if (s.mode === 'sandwich') {
			const fn = this.functionOf(s.fn);
			return [[this.derive('callers ' + fn, () => culprit.derive.callers(this.base, fn)), true, 'up'],
				[this.derive('callees ' + fn, () => culprit.derive.callees(this.base, fn)), false, 'zoom']];
		}
		return [[this.base, s.mode === 'flame', 'zoom']];
	}

	// A few are kept: going back must be quick, memory must not grow for ever.
	derive(key, make) {
		if (!this.derived.has(key)) {
			if (this.derived.size >= 6)
				this.derived.delete(this.derived.keys().next().value);
			this.derived.set(key, make());
		}
		return this.derived.get(key);
	}

	// By name; without one the function whose own time changed most.
	functionOf(name) {
		const fns = this.base.frames.fns, fn = fns.findIndex((f) => f.name === name && name &&
			this.base.frames.kind[f.frame] < culprit.KIND.LABEL);
		if (fn >= 0)
			return fn;
		const rows = this.base.functions(0), size = (r) => this.facts.single ? r.own[1] : Math.abs(r.own[1] - r.own[0]);
		return rows.length ? rows.reduce((best, r) => size(r) > size(best) ? r : best).fn : 0;
	}

	show() {
		const s = this.state.get(), trees = this.trees(s);
		this.search(s.q);
		this.showViews(s, trees);
		this.showToolbar(s);
		this.showCrumbs(s);
		this.showStrip(s);
		this.showStatus(-1);
		clearTimeout(this.later);
		this.later = setTimeout(() => this.showTables(s), 60);
	}

	search(q) {
		if (this.shown.q === q)
			return;
		const regex = culprit.search.compile(q);
		this.shown.q = q;
		this.hits = regex ? culprit.search.hits(this.base.frames, regex) : null;
	}

	showViews(s, trees) {
		const {el} = culprit, palette = culprit.colour.palette(this.theme);
		if (this.views.length !== trees.length) {
			this.views.forEach((v) => v.release());
			this.place.replaceChildren();
			this.views = trees.map(([, , key], i) => {
				const place = el('div', {className: 'view'});
				this.place.append(place);
				return new culprit.View(place, {zoom: (n) => this.go({[key]: String(n)}), focus: (n) => this.showStatus(n, i),
					sandwich: (fn) => this.sandwich(fn)});
			});
		}
		this.place.classList.toggle('sandwich', trees.length > 1);
		trees.forEach(([tree, flip, key], i) => {
			const view = this.views[i], fresh = view.tree !== tree;
			const look = {width: s.width, order: s.order, hits: this.hits, palette, flip};
			if (fresh)
				view.setTree(tree, look);
			else
				view.setLook(look);
			const zoom = Math.floor(+s[key]), n = zoom > 0 && zoom < tree.cnt ? zoom : 0;
			if (n !== view.zoom)
				view.zoomTo(n, !fresh);
		});
	}

	showToolbar(s) {
		this.modes.forEach((b) => b.setAttribute('aria-pressed', String(b.value === s.mode)));
		this.width.select.value = s.width;
		this.order.select.value = s.order;
		if (this.input.value !== s.q)
			this.input.value = s.q;
		this.found.textContent = this.hits ? this.foundText() : '';
	}

	foundText() {
		const m = culprit.search.measure(this.base, this.hits), v = culprit.value, whole = this.base.total;
		const share = (side) => v.percent(whole[side][0] ? m.total[side] / whole[side][0] : 0);
		if (!m.cnt)
			return 'no match';
		const frames = v.count(m.cnt) + (m.cnt === 1 ? ' frame' : ' frames');
		return frames + ': ' + (this.facts.single ? share(1) : share(0) + ' of A, ' + share(1) + ' of B');
	}

	showCrumbs(s) {
		const {el} = culprit, view = this.views[this.views.length - 1], path = view.tree.path(view.zoom), MAX = 12;
		const crumb = (n) => el('button', {type: 'button', onclick: () => this.go({zoom: String(n)}),
			'$aria-current': n === view.zoom ? 'location' : null}, culprit.tip.cut(view.tree.label(n), 60));
		const shown = path.length > MAX ? [...path.slice(0, 3), -1, ...path.slice(4 - MAX)] : path;
		this.crumbs.replaceChildren(...shown.map((n) => n < 0 ? el('span', null, '\u2026') : crumb(n)));
		if (s.mode === 'sandwich')
			this.crumbs.prepend(el('span', {className: 'hint'}, 'callers above, callees below'));
	}

	// What the chosen side does not have would be out of sight: it is named here.
	showStrip(s) {
		const {el} = culprit, side = s.width === 'b' ? 0 : 1, tree = this.base, MAX = 6, list = [];
		this.strip.hidden = true;
		if (this.facts.single || (s.width !== 'a' && s.width !== 'b') || !this.isBase(s.mode))
			return;
		for (let n = 1; n < tree.cnt; n++)
			if (side === 0 ? tree.isGone(n) : tree.isNew(n)) {
				list.push(n);
				n = tree.end[n] - 1;
			}
		if (!list.length)
			return;
		list.sort((x, y) => tree.total[side][y] - tree.total[side][x]);
		const sum = list.reduce((all, n) => all + tree.total[side][n], 0), v = culprit.value;
		this.strip.replaceChildren(el('b', null, 'Only in ' + 'AB'[side] + ': ' + v.plain(this.facts, sum) + ' ' + v.unit(this.facts)),
			...list.slice(0, MAX).map((n) => el('button', {type: 'button', className: side ? 'new' : 'gone',
				onclick: () => this.go({width: 'max', zoom: String(n)})},
			culprit.tip.cut(tree.label(n), 40) + ' ' + v.plain(this.facts, tree.total[side][n]))),
			list.length > MAX ? el('span', null, 'and ' + v.count(list.length - MAX) + ' more') : '');
		this.strip.hidden = false;
	}

	showTables(s) {
		const root = this.isBase(s.mode) ? this.views[0].zoom : 0, key = [root, s.all, s.q].join(' ');
		this.groups.mark((row) => row.node === root);
		if (this.shown.table !== key) {
			this.shown.table = key;
			this.functions.title.textContent = root ? 'Functions in ' + culprit.tip.cut(this.base.label(root), 40) : 'Functions';
			this.fillTable('functions', this.base.functions(root).filter((r) => !this.hits || this.hits[r.fn]), s);
			this.fillTable('groups', this.base.groups().filter((r) => !this.hits || this.hasHit(r.node)), s);
		}
		if (this.groups.sort !== s.sort)
			this.groups.setSort(s.sort);
		if (this.functions.sort !== s.rows)
			this.functions.setSort(s.rows);
	}

	// Changes that are chance are left out, unless they were searched for or asked for.
	fillTable(table, rows, s) {
		const within = (r) => this.base.isRowNoise(r, false) && this.base.isRowNoise(r, true);
		const noise = this.facts.single ? 0 : rows.filter(within).length, hide = noise && !s.all && !this.hits;
		this.setScale(table, rows);
		this[table].setRows(hide ? rows.filter((r) => !within(r)) : rows);
		this[table].setHidden(!noise || this.hits ? '' : culprit.value.count(noise) + (hide ? ' within noise: show' : ' within noise: hide'));
	}

	setScale(table, rows) {
		for (const what of ['total', 'own'])
			this.scales[table][what] = rows.reduce((max, r) => Math.max(max, Math.abs(r[what][1] - r[what][0])), 0);
	}

	hasHit(node) {
		for (let n = node; n < this.base.end[node]; n++)
			if (this.hits[this.base.fn(n)])
				return true;
		return false;
	}

	showStatus(n, view) {
		const v = this.views[view || 0];
		this.status.textContent = n >= 0 && v ? culprit.tip.line(v.tree, n) :
			matchMedia('(pointer: coarse)').matches ? 'Tap a frame for its numbers, once more to zoom.' :
				'Click a frame to zoom, shift-click for its callers and callees. Press ? for the keys.';
	}

	showLegend(palette) {
		const {el} = culprit, chip = (colour, text, cls) => {
			const box = el('i', {className: cls || ''});
			box.style.backgroundColor = colour;
			return el('span', {className: 'chip'}, box, text);
		};
		if (this.facts.single) {
			const kinds = [[0, 'code'], [1, 'user'], [2, 'kernel'], [3, 'JIT'], [4, 'inlined']], there = new Set(this.base.frames.kind);
			this.legend.replaceChildren(...kinds.filter(([k]) => there.has(k))
				.map(([k, text]) => chip(palette.fills[palette.kindAt(k, 5)].fill, text)));
			return;
		}
		const scale = el('span', {className: 'scale', $role: 'img',
			'$aria-label': 'Colour: from gone (blue, minus) over unchanged to new (red, plus), relative to the larger side'});
		palette.fills.slice(0, 2 * culprit.colour.STEPS + 1).forEach((c) => {
			const box = el('i');
			box.style.backgroundColor = c.fill;
			scale.append(box);
		});
		const ticks = el('span', {className: 'ticks', '$aria-hidden': 'true'}, ...['\u22120', '\u00d7\u00bc', '\u00d7\u00bd', '=', '\u00d72', '\u00d74', 'new']
			.map((t, i) => el('span', null, i ? t : 'gone')));
		const basis = this.facts.basis === 'none' ? 'unchanged' : 'within noise';
		this.legend.replaceChildren(el('span', {className: 'ramp'}, scale, ticks), chip(palette.fills[culprit.colour.STEPS].fill, basis),
			chip(palette.fills[0].fill, 'only in A', 'hatch'), chip(palette.fills[2 * culprit.colour.STEPS].fill, 'only in B', 'dots'),
			chip(palette.more, 'own time more'), chip(palette.less, 'less'));
	}
};
