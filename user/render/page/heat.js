// SPDX-License-Identifier: Apache-2.0
/*
 * heat.js - class Heat: the map in a <section data-heat="ID" data-tree="ID">, its selections, and the
 * flame graph of what is selected.
 *
 * The state in the fragment is the truth: b and a are the two ranges as from-to in steps, proc the
 * process that is shown alone, view the seconds in sight.
 */
culprit.Heat = class Heat {
	constructor(section, data) {
		this.section = section;
		this.data = data;
		this.groups = data.groups();
		this.cursor = 0;
		this.anchor = null;
		this.side = 'b';
		this.drawn = {};
		this.flames = {};
		this.state = new culprit.State('', {b: '', a: '', proc: '', view: ''}, () => this.show());
		this.build();
		new ResizeObserver(() => this.paint()).observe(this.place);
		document.addEventListener('culprit-theme', () => this.paint());
		this.show();
	}

	// ---- elements ----------------------------------------------------------------------------

	build() {
		const {el} = culprit, count = culprit.value.count;
		this.sides = [['b', 'Incident'], ['a', 'Baseline']].map(([side, text]) => el('button', {type: 'button', value: side,
			title: side === 'b' ? 'Select the range to look at' : 'Select the range to compare it with', onclick: () => this.pickSide(side)}, text));
		this.process = el('select', {onchange: () => this.go({proc: this.process.value})}, el('option', {value: ''}, 'all'),
			...this.groups.slice(0, 500).map((g) => el('option', {value: g.name}, culprit.tip.cut(g.name, 60) + ' (' + count(g.cnt) + ')')));
		this.zoomIn = el('button', {type: 'button', className: 'quiet', onclick: () => this.zoomToSelection()}, 'Zoom to selection');
		this.zoomOut = el('button', {type: 'button', className: 'quiet', onclick: () => this.go({view: ''})}, 'Whole time');
		this.clear = el('button', {type: 'button', className: 'quiet', onclick: () => this.go({a: '', b: ''})}, 'Clear');
		this.canvas = el('canvas', {'$aria-hidden': 'true'});
		this.cellPlace = el('div', {className: 'aria', $role: 'row'});
		this.place = el('div', {className: 'map', tabIndex: 0, $role: 'grid', '$aria-rowcount': culprit.HeatData.ROWS,
			'$aria-colcount': this.data.seconds}, this.canvas, this.cellPlace);
		this.tip = el('div', {className: 'tip', hidden: true});
		this.legend = el('div', {className: 'heat-legend'});
		this.hint = el('p', {className: 'hint'}, 'Drag over the map, tap its two ends, or walk with the arrows and hold Shift, to select a range.');
		this.ranges = el('div', {className: 'ranges', '$aria-live': 'polite'});
		this.flamePlace = el('div', {className: 'flames'});
		this.section.replaceChildren(
			el('div', {className: 'toolbar'}, el('div', {className: 'segments', $role: 'group', '$aria-label': 'What is selected'}, ...this.sides),
				el('label', {className: 'choice'}, 'Process ', this.process), this.zoomIn, this.zoomOut, this.clear),
			this.place, el('div', {className: 'below'}, this.hint, this.legend), this.ranges, this.tip, this.flamePlace);
		this.ctx = this.canvas.getContext('2d', {alpha: false});
		this.listen();
	}

	listen() {
		const p = this.place;
		p.addEventListener('pointerdown', (e) => this.press(e));
		p.addEventListener('pointermove', (e) => this.move(e));
		p.addEventListener('pointerup', (e) => this.lift(e));
		p.addEventListener('pointercancel', () => { this.drag = null; this.paint(); });
		p.addEventListener('pointerleave', () => { this.tip.hidden = true; });
		p.addEventListener('keydown', (e) => this.key(e));
		p.addEventListener('focus', () => { this.drawn.focus = p.matches(':focus-visible'); this.paint(); this.announce(); });
		p.addEventListener('blur', () => { this.drawn.focus = false; this.tip.hidden = true; this.paint(); });
	}

	// ---- the state ---------------------------------------------------------------------------

	go(changes) {
		this.state.set(changes);
		this.show();
	}

	static parse(text, max) {
		const m = /^(\d+)-(\d+)$/.exec(text), from = m ? +m[1] : 0, to = m ? Math.min(+m[2], max) : 0;
		return from < to ? {from, to} : null;
	}

	range(side) {
		return Heat.parse(this.state.get()[side], this.data.steps);
	}

	view() {
		return Heat.parse(this.state.get().view, this.data.seconds) || {from: 0, to: this.data.seconds};
	}

	group() {
		const found = this.groups.find((g) => g.name === this.state.get().proc);
		return found ? found.node : 0;
	}

	pickSide(side) {
		this.side = side;
		this.anchor = null;
		this.showToolbar();
	}

	zoomToSelection() {
		const {ROWS} = culprit.HeatData, both = ['a', 'b'].map((s) => this.range(s)).filter((r) => r);
		const from = Math.min(...both.map((r) => Math.floor(r.from / ROWS))), to = Math.max(...both.map((r) => Math.ceil(r.to / ROWS)));
		const around = Math.max(2, Math.ceil((to - from) / 4));
		this.go({view: Math.max(0, from - around) + '-' + Math.min(this.data.seconds, to + around)});
	}

	// From one cell to another, in either order; whole columns when a column is more than a second.
	rangeOf(x, y) {
		const {ROWS} = culprit.HeatData, per = this.scene ? this.scene.width * ROWS : ROWS;
		let from = Math.min(x, y), to = Math.max(x, y) + 1;
		if (per > ROWS) {
			const begin = this.scene.from * ROWS;
			from = begin + Math.floor((from - begin) / per) * per;
			to = begin + Math.ceil((to - begin) / per) * per;
		}
		return {from, to: Math.min(to, this.data.steps)};
	}

	select(range) {
		this.go({[this.side]: range.from + '-' + range.to});
	}

	// ---- bringing the page in line -----------------------------------------------------------

	show() {
		this.showToolbar();
		this.paint();
		this.showRanges();
		this.showFlame();
	}

	showToolbar() {
		const s = this.state.get(), any = this.range('a') || this.range('b');
		this.sides.forEach((b) => b.setAttribute('aria-pressed', String(b.value === this.side)));
		this.process.value = this.group() ? s.proc : '';
		this.zoomIn.disabled = this.clear.disabled = !any;
		this.zoomOut.disabled = !Heat.parse(s.view, this.data.seconds);
	}

	words(side, range) {
		const {el} = culprit, d = this.data, n = d.count(range, this.group()), name = {a: 'Baseline', b: 'Incident'}[side];
		const code = '--exact --from ' + d.time(range.from, true) + ' --until ' + d.time(range.to, true);
		return el('div', {className: 'side side-' + side}, el('b', {className: 'badge'}, side.toUpperCase()), el('span', {className: 'label'}, name),
			el('span', {className: 'facts'}, d.time(range.from) + ' \u2013 ' + d.clock(range.to) + ' \u00b7 ' +
				culprit.HeatData.duration(range.to - range.from) + ' \u00b7 ' + culprit.value.count(n) + (n === 1 ? ' sample' : ' samples')),
			d.facts.wall ? el('code', {className: 'paste', tabIndex: 0, title: 'For culprit show DIR'}, code) : null);
	}

	showRanges() {
		const {el} = culprit, [a, b] = [this.range('a'), this.range('b')], list = [];
		if (a)
			list.push(this.words('a', a));
		if (b)
			list.push(this.words('b', b));
		if (!a && !b)
			list.push(el('p', {className: 'hint'}, 'Nothing is selected: below is all of the time.'));
		else if (a && !b)
			list.push(el('p', {className: 'hint'}, 'Select the incident, too, to see what differs.'));
		this.ranges.replaceChildren(...list);
	}

	// The flame graph of the selection; one panel for one range and one for two, made when needed.
	showFlame() {
		const [a, b] = [this.range('a'), this.range('b')], group = this.group(), d = this.data, kind = a && b ? 'diff' : 'single';
		const key = JSON.stringify([a, b, group]);
		if (this.drawn.flame === key)
			return;
		this.drawn.flame = key;
		const tree = kind === 'diff' ? d.diff(a, b, group) : b || a ? d.tree(b || a, group) : group ? d.tree({from: 0, to: d.steps}, group) : d.base;
		for (const [name, f] of Object.entries(this.flames))
			f.section.hidden = name !== kind;
		const flame = this.flames[kind];
		if (flame) {
			flame.panel.facts = tree.facts;
			flame.panel.setTree(tree);
			return;
		}
		const section = culprit.el('section', {className: 'flame'});
		this.flamePlace.append(section);
		const panel = new culprit.Panel(section, {facts: tree.facts, frames: tree.frames, tree}, {prefix: kind === 'diff' ? 'd-' : ''});
		panel.setTheme(culprit.theme.current());
		culprit.panels.push(panel);
		this.flames[kind] = {section, panel};
	}

	// ---- painting ----------------------------------------------------------------------------

	paint() {
		const style = getComputedStyle(this.place), dpr = window.devicePixelRatio || 1, room = this.place.clientWidth;
		if (!room)
			return;
		const {ROWS} = culprit.HeatData, v = this.view(), left = 58, top = 6, row = room < 600 ? 5 : 6, group = this.group();
		const {width, size} = culprit.heatDraw.layout(v.to - v.from, room - left - 8), key = [v.from, v.to, width, group].join();
		if (this.drawn.grid !== key) {
			this.grid = this.data.grid({from: v.from, to: v.to, width, group});
			this.scale = culprit.heatDraw.scale(this.grid.cells);
			this.drawn.grid = key;
		}
		const theme = culprit.theme.current(), height = top + ROWS * row + 26, start = performance.now();
		this.scene = {grid: this.grid, scale: this.scale, theme, size, row, left, top, from: v.from, width, data: this.data};
		this.canvas.style.width = room + 'px';
		this.canvas.style.height = height + 'px';
		this.canvas.width = Math.round(room * dpr);
		this.canvas.height = Math.round(height * dpr);
		this.ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
		this.ctx.fillStyle = style.getPropertyValue('--card');
		this.ctx.fillRect(0, 0, room, height);
		culprit.heatDraw.paint(this.ctx, this.scene);
		culprit.heatDraw.axes(this.ctx, this.scene, style.getPropertyValue('--quiet'), '11px ' + style.fontFamily);
		this.paintSelections(style);
		this.showLegend(theme);
		this.last = {ms: performance.now() - start, columns: this.grid.columns};
	}

	paintSelections(style) {
		const {outline} = culprit.heatDraw, s = this.scene, drag = this.drag && this.drag.range, halo = style.getPropertyValue('--card');
		for (const side of ['a', 'b']) {
			const range = drag && this.side === side ? drag : this.range(side);
			if (range)
				outline(this.ctx, s, range, style.getPropertyValue(side === 'a' ? '--less' : '--more'), halo, side === 'a');
		}
		if (this.drawn.focus)
			outline(this.ctx, s, this.rangeOf(this.cursor, this.cursor), style.getPropertyValue('--text'), halo, false);
	}

	showLegend(theme) {
		const {el, value} = culprit, {max, clipped} = this.scale, {width} = this.scene, key = [theme, max, clipped, width].join();
		if (this.drawn.legend === key)
			return;
		this.drawn.legend = key;
		const colours = culprit.heatDraw.colours(theme), bar = el('canvas', {width: 240, height: 12, '$aria-hidden': 'true'}), ctx = bar.getContext('2d');
		colours.forEach((c, i) => {
			ctx.fillStyle = c;
			ctx.fillRect(i * 240 / colours.length, 0, 240 / colours.length + 1, 12);
		});
		const f = this.data.base.facts, number = (v) => value.plain(f, v), unit = this.data.isTime ? 'cores' : 'samples';
		this.legend.replaceChildren(el('span', null, '0'), bar, el('span', null, (clipped ? '\u2265 ' : '') + number(max) + ' ' + unit),
			el('span', {className: 'hint'}, 'in 20 ms' + (width > 1 ? ' of each second; a column is ' + culprit.HeatData.duration(width * 50) : '; a column is 1 s')));
	}

	// ---- pointer -----------------------------------------------------------------------------

	// The step under the pointer, inside the map or at its nearest edge.
	stepAt(e, clamp) {
		const {ROWS} = culprit.HeatData, s = this.scene, box = this.canvas.getBoundingClientRect(), v = this.view();
		let c = Math.floor((e.clientX - box.left - s.left) / s.size), r = Math.floor((e.clientY - box.top - s.top) / s.row);
		if (!clamp && (c < 0 || c >= s.grid.columns || r < 0 || r >= ROWS))
			return -1;
		c = Math.max(0, Math.min(s.grid.columns - 1, c));
		r = Math.max(0, Math.min(ROWS - 1, r));
		return Math.min((v.from + c * s.width) * ROWS + r, this.data.steps - 1);
	}

	// A finger may be about to scroll: it selects from tap to tap.
	press(e) {
		const at = this.stepAt(e, false);
		if (e.button || at < 0)
			return;
		this.cursor = at;
		if (e.pointerType === 'touch') {
			this.drag = {from: this.anchor === null ? at : this.anchor, touch: true};
			return;
		}
		this.drag = {from: e.shiftKey && this.anchor !== null ? this.anchor : at};
		this.drag.range = this.rangeOf(this.drag.from, at);
		this.place.setPointerCapture(e.pointerId);
		this.paint();
	}

	move(e) {
		if (this.drag && !this.drag.touch) {
			this.cursor = this.stepAt(e, true);
			this.drag.range = this.rangeOf(this.drag.from, this.cursor);
			this.paint();
			this.showTip(e, this.drag.range);
		} else if (e.pointerType !== 'touch') {
			this.showTip(e, null);
		}
	}

	lift(e) {
		const {drag} = this;
		this.drag = null;
		if (!drag)
			return;
		const range = this.rangeOf(drag.from, this.cursor);
		this.anchor = drag.touch && this.anchor !== null ? null : drag.from;
		this.select(range);
		this.tip.hidden = true;
		if (drag.touch)
			this.showTip(e, null);
	}

	line(step) {
		const {ROWS} = culprit.HeatData, s = this.scene, d = this.data, second = Math.floor(step / ROWS), row = step % ROWS;
		const first = s.from + Math.floor((second - s.from) / s.width) * s.width, cell = d.cell(first, s.width, row, this.group());
		const when = s.width === 1 ? d.time(step) : d.time(first * ROWS) + ' and ' + (s.width - 1) + ' s after it, from ' + row * 20 + ' ms of each second';
		const shown = culprit.value.plain(d.base.facts, d.shown(cell.cnt, cell.weight, s.width)), unit = d.isTime ? ' cores, ' : '';
		const words = [when, (unit ? shown + unit : '') + culprit.value.count(cell.cnt) + (cell.cnt === 1 ? ' sample' : ' samples')];
		if (cell.top)
			words.push('most: ' + culprit.tip.cut(d.base.label(cell.top), 80) + ', ' + culprit.value.count(cell.topCnt));
		return words;
	}

	showTip(e, range) {
		const at = this.stepAt(e, range !== null), {el} = culprit, d = this.data;
		if (at < 0) {
			this.tip.hidden = true;
			return;
		}
		const words = range ? [d.time(range.from) + ' \u2013 ' + d.clock(range.to), culprit.HeatData.duration(range.to - range.from),
			culprit.value.count(d.count(range, this.group())) + ' samples'] : this.line(at);
		this.tip.replaceChildren(...words.map((w, i) => el('div', {className: i ? 'tip-where' : 'tip-name'}, w)));
		this.tip.hidden = false;
		const page = document.documentElement, w = this.tip.offsetWidth, h = this.tip.offsetHeight;
		this.tip.style.left = Math.max(6, Math.min(e.clientX + 14, page.clientWidth - w - 6)) + 'px';
		this.tip.style.top = (e.clientY + 18 + h > window.innerHeight ? Math.max(6, e.clientY - h - 10) : e.clientY + 18) + 'px';
	}

	// ---- keyboard ----------------------------------------------------------------------------

	// Where a key leads to; undefined: none of the keys that walk.
	walk(key) {
		const {ROWS} = culprit.HeatData, v = this.view(), column = this.scene.width * ROWS, at = this.cursor;
		const to = {ArrowDown: at + 1, ArrowUp: at - 1, ArrowRight: at + column, ArrowLeft: at - column, PageDown: at + 10 * column,
			PageUp: at - 10 * column, Home: v.from * ROWS + at % ROWS, End: (v.to - 1) * ROWS + at % ROWS}[key];
		return to === undefined ? to : Math.max(v.from * ROWS, Math.min(v.to * ROWS - 1, to));
	}

	key(e) {
		if (e.ctrlKey || e.metaKey || e.altKey)
			return;
		const to = this.walk(e.key), from = this.cursor;
		if (to !== undefined) {
			this.cursor = to;
			this.drawn.focus = true;
			this.anchor = e.shiftKey ? this.anchor === null ? from : this.anchor : null;
			if (e.shiftKey)
				this.select(this.rangeOf(this.anchor, to));
			else
				this.paint();
		} else if (e.key === 'Enter' || e.key === ' ') {
			this.select(this.rangeOf(from, from));
		} else if (e.key === 'Escape') {
			this.go({[this.side]: ''});
		} else if (e.key === 'b' || e.key === 'a') {
			this.pickSide(e.key);
		} else if (e.key === 'z') {
			this.zoomToSelection();
		} else if (e.key === 'Z') {
			this.go({view: ''});
		} else {
			return;
		}
		this.announce();
		e.preventDefault();
		e.stopPropagation();
	}

	// The one cell that a screen reader is at.
	announce() {
		const {ROWS} = culprit.HeatData, step = this.cursor, r = this.range(this.side);
		const cell = culprit.el('span', {id: 'heat-cell', $role: 'gridcell', '$aria-colindex': Math.floor(step / ROWS) + 1,
			'$aria-rowindex': step % ROWS + 1, '$aria-selected': String(Boolean(r && r.from <= step && step < r.to))}, this.line(step).join('; '));
		this.cellPlace.replaceChildren(cell);
		this.place.setAttribute('aria-activedescendant', 'heat-cell');
	}

	summary() {
		const d = this.data, v = this.view(), {cells} = this.grid, {ROWS} = culprit.HeatData;
		const at = cells.reduce((best, x, i) => x > cells[best] ? i : best, 0), c = Math.floor(at / ROWS);
		return 'Heat map of ' + (v.to - v.from) + ' seconds from ' + d.time(v.from * ROWS) + ', 50 rows of 20 ms. Fullest: ' +
			this.line((v.from + c * this.scene.width) * ROWS + at - c * ROWS).join('; ');
	}
};

culprit.heatReady = (async function () {
	await culprit.ready;
	const section = document.querySelector('section[data-heat]');
	try {
		const {tree} = await culprit.data.load(section.dataset.tree);
		culprit.heat = new culprit.Heat(section, await culprit.HeatData.load(section.dataset.heat, tree));
		culprit.heat.place.setAttribute('aria-label', culprit.heat.summary());
	} catch (e) {
		section.append(culprit.el('p', {className: 'note'}, 'This browser cannot show the heat map: ' + e.message));
		throw e;
	}
})();
