// SPDX-License-Identifier: Apache-2.0
/*
 * view.js - class View: one tree on a canvas that scrolls, with zoom, pointer and keyboard.
 *
 *	new View(place, events)	 puts itself into the element `place`
 *	setTree(tree, look)	 shows it whole
 *	setLook({width, order, flip, hits, palette})	 any of them; see layout.js and draw.js
 *	zoomTo(n, animate)	 n fills the width
 *	focusOn(n)		 the node that the keyboard is at; -1: none
 *	release()
 *
 * events: {zoom(n), focus(n), sandwich(fn), key(event) → true when it was used}. The canvas is only
 * as large as what is in sight, so no depth of stack reaches the limits of canvases. After each
 * frame `last` is {ms, boxes}.
 */
culprit.View = class View {
	constructor(place, events) {
		const {el} = culprit;
		this.events = events || {};
		this.look = {width: 'max', order: 'name', flip: false, hits: null, palette: culprit.colour.palette('light')};
		this.canvas = el('canvas', {'$aria-hidden': 'true'});
		this.marks = el('canvas', {className: 'marks', '$aria-hidden': 'true'});
		this.glass = el('div', {className: 'glass'}, this.canvas, this.marks);
		this.space = el('div', {className: 'space'}, this.glass);
		this.scroller = el('div', {className: 'graph', tabIndex: 0}, this.space);
		this.tip = el('div', {className: 'tip', hidden: true});
		this.aria = new culprit.Aria(this.scroller);
		place.append(this.scroller, this.tip);
		this.ctx = this.canvas.getContext('2d', {alpha: false});
		this.marksCtx = this.marks.getContext('2d');
		this.tree = null;
		this.zoom = 0;
		this.focus = this.hover = -1;
		this.listen();
	}

	listen() {
		const s = this.scroller;
		this.sizes = new ResizeObserver(() => this.resize());
		this.sizes.observe(s);
		s.addEventListener('scroll', () => this.redraw());
		s.addEventListener('pointermove', (e) => this.pointAt(e));
		s.addEventListener('pointerleave', (e) => e.pointerType === 'mouse' && this.leave());
		s.addEventListener('click', (e) => this.click(e));
		s.addEventListener('keydown', (e) => this.key(e));
		s.addEventListener('focus', () => s.matches(':focus-visible') && this.focus < 0 && this.focusOn(this.zoom));
		s.addEventListener('blur', () => this.hideTip());
	}

	release() {
		this.sizes.disconnect();
		this.scroller.remove();
		this.tip.remove();
	}

	setTree(tree, look) {
		this.tree = tree;
		Object.assign(this.look, look);
		this.layout = culprit.layout(tree, this.look.width, this.look.order);
		this.zoom = 0;
		this.focus = this.hover = -1;
		[this.from, this.to] = this.rangeOf(0);
		this.hideTip();
		this.aria.show(tree, -1);
		this.resize();
		this.scrollToRow(0);
	}

	setLook(look) {
		const old = this.look;
		this.look = Object.assign({}, old, look);
		if (!this.tree)
			return;
		if (old.width !== this.look.width || old.order !== this.look.order) {
			this.layout = culprit.layout(this.tree, this.look.width, this.look.order);
			[this.from, this.to] = this.rangeOf(this.zoom);
		}
		this.resize();
		if (old.flip !== this.look.flip)
			this.scrollToRow(this.tree.depth[this.zoom]);
	}

	// What of the width is shown when n fills it. A node without width shows its nearest ancestor.
	rangeOf(n) {
		while (n && !(this.layout.w[n] > 0))
			n = this.tree.parent[n];
		return [this.layout.x[n], this.layout.x[n] + this.layout.w[n]];
	}

	// ---- size and painting -------------------------------------------------------------------

	resize() {
		if (!this.tree)
			return;
		const style = getComputedStyle(this.scroller), dpr = this.dpr = window.devicePixelRatio || 1;
		this.row = parseFloat(style.getPropertyValue('--row')) || 20;
		this.rows = this.layout.levels.length;
		this.space.style.height = this.rows * this.row + 'px';
		this.scroller.style.setProperty('--content', this.rows * this.row + 2 + 'px');
		this.width = this.scroller.clientWidth;
		this.height = Math.min(this.scroller.clientHeight, Math.max(this.rows * this.row, 1));
		this.glass.style.height = this.height + 'px';
		for (const ctx of [this.ctx, this.marksCtx]) {
			ctx.canvas.style.width = this.width + 'px';
			ctx.canvas.style.height = this.height + 'px';
			ctx.canvas.width = Math.round(this.width * dpr);
			ctx.canvas.height = Math.round(this.height * dpr);
			ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
		}
		this.font = style.getPropertyValue('--graph-font').trim() || '12px monospace';
		this.ctx.font = this.font;
		this.charWidth = this.ctx.measureText('0'.repeat(50)).width / 50;
		this.paint();
	}

	scene() {
		return {tree: this.tree, layout: this.layout, palette: this.look.palette, width: this.width, height: this.height,
			from: this.from, to: this.to, top: this.scroller.scrollTop, row: this.row, rows: this.rows,
			flip: this.look.flip, zoom: this.zoom, focus: this.focus, hover: this.hover, hits: this.look.hits,
			font: this.font, charWidth: this.charWidth, dpr: this.dpr};
	}

	redraw() {
		if (!this.pending)
			this.pending = requestAnimationFrame(() => {
				this.pending = 0;
				this.paint();
			});
	}

	paint() {
		if (!this.tree || !this.width)
			return;
		const start = performance.now(), boxes = culprit.draw.paint(this.ctx, this.scene());
		this.last = {ms: performance.now() - start, boxes};
		this.mark();
	}

	mark() {
		culprit.draw.mark(this.marksCtx, this.scene());
	}

	// ---- zoom and focus ----------------------------------------------------------------------

	zoomTo(n, animate) {
		const from = [this.from, this.to], to = this.rangeOf(n), start = performance.now(), MS = 220;
		this.zoom = n;
		this.goal = to;
		this.scrollToRow(this.tree.depth[n]);
		if (!animate || culprit.reducedMotion()) {
			[this.from, this.to] = to;
			this.redraw();
			return;
		}
		const move = (now) => {
			const t = Math.max(0, Math.min(1, (now - start) / MS)), eased = 1 - (1 - t) ** 3;
			if (this.goal !== to)
				return;
			this.from = from[0] + (to[0] - from[0]) * eased;
			this.to = from[1] + (to[1] - from[1]) * eased;
			if (t === 1)
				[this.from, this.to] = to;
			this.paint();
			if (t < 1)
				requestAnimationFrame(move);
		};
		requestAnimationFrame(move);
	}

	// Brings a level into sight, with some of what stands above it.
	scrollToRow(depth) {
		const at = this.look.flip ? this.rows - 1 - depth : depth, s = this.scroller;
		const y = at * this.row, margin = 3 * this.row;
		if (y < s.scrollTop + margin || y + this.row > s.scrollTop + s.clientHeight - margin)
			s.scrollTop = this.look.flip ? y + 4 * this.row - s.clientHeight : y - 3 * this.row;
	}

	focusOn(n) {
		this.focus = n;
		this.hover = -1;
		if (n >= 0) {
			this.scrollToRow(this.tree.depth[n]);
			const p = culprit.draw.place(this.scene(), n);
			this.showTip(n, p.x + Math.min(p.w / 2, 60), p.y + this.row);
		} else {
			this.hideTip();
		}
		this.aria.show(this.tree, n);
		this.redraw();
		if (this.events.focus)
			this.events.focus(n);
	}

	// ---- pointer -----------------------------------------------------------------------------

	nodeAt(e) {
		const box = this.canvas.getBoundingClientRect();
		return culprit.draw.hit(this.scene(), e.clientX - box.left, e.clientY - box.top);
	}

	pointAt(e) {
		const n = this.tree ? this.nodeAt(e) : -1, box = this.canvas.getBoundingClientRect();
		if (e.pointerType === 'touch')
			return;
		if (n < 0) {
			this.leave();
			return;
		}
		if (n !== this.hover) {
			this.hover = n;
			this.mark();
			if (this.events.focus)
				this.events.focus(n);
		}
		this.showTip(n, e.clientX - box.left, e.clientY - box.top + 14);
	}

	leave() {
		this.hideTip();
		if (this.hover < 0)
			return;
		this.hover = -1;
		this.mark();
		if (this.events.focus)
			this.events.focus(this.focus);
	}

	// A finger's first tap shows the numbers, the second zooms; a mouse has them from hovering.
	click(e) {
		const n = this.tree ? this.nodeAt(e) : -1, touch = e.pointerType === 'touch';
		if (n < 0)
			return;
		if (e.shiftKey && this.tree.isFunction(n) && this.events.sandwich) {
			this.events.sandwich(this.tree.fn(n));
			return;
		}
		if (touch && n !== this.focus) {
			this.focusOn(n);
			return;
		}
		this.focus = touch ? n : -1;
		this.hideTip();
		if (this.events.zoom)
			this.events.zoom(n === this.zoom ? this.tree.parent[n] : n);
	}

	// Below or above the place, inside the window.
	showTip(n, x, y) {
		const tip = this.tip, at = this.canvas.getBoundingClientRect();
		if (this.tipNode !== n || tip.hidden)
			culprit.tip.fill(tip, this.tree, n);
		this.tipNode = n;
		tip.hidden = false;
		const w = tip.offsetWidth, h = tip.offsetHeight, page = document.documentElement;
		let left = at.left + x + 12, top = at.top + y + 6;
		if (left + w > page.clientWidth - 6)
			left = Math.max(6, page.clientWidth - w - 6);
		if (top + h > window.innerHeight - 6)
			top = Math.max(6, at.top + y - h - this.row - 14);
		tip.style.left = left + 'px';
		tip.style.top = top + 'px';
	}

	hideTip() {
		this.tip.hidden = true;
	}

	// ---- keyboard ----------------------------------------------------------------------------

	widest(n) {
		return this.tree.children(n).reduce((best, c) => this.layout.w[c] > (best < 0 ? 0 : this.layout.w[best]) ? c : best, -1);
	}

	// Siblings in the order in which they are drawn.
	siblings(n) {
		if (!n)
			return [0];
		return this.tree.children(this.tree.parent[n]).filter((c) => this.layout.w[c] > 0)
			.sort((p, q) => this.layout.x[p] - this.layout.x[q]);
	}

	// The node that a key leads to from n; undefined: none of the keys that walk.
	walk(key, n) {
		const all = this.siblings(n), at = all.indexOf(n), flip = this.look.flip;
		switch (key) {
		case 'ArrowDown':
			return flip ? this.tree.parent[n] : this.widest(n);
		case 'ArrowUp':
			return flip ? this.widest(n) : this.tree.parent[n];
		case 'ArrowLeft':
			return all[Math.max(0, at - 1)];
		case 'ArrowRight':
			return all[Math.min(all.length - 1, at + 1)];
		case 'Home':
			return all[0];
		case 'End':
			return all[all.length - 1];
		}
		return undefined;
	}

	key(e) {
		if (e.ctrlKey || e.metaKey || e.altKey || !this.tree)
			return;
		const n = this.focus >= 0 ? this.focus : this.zoom, to = this.walk(e.key, n);
		if (to !== undefined) {
			this.focusOn(this.focus < 0 ? n : to < 0 ? n : to);
		} else if (e.key === 'Enter' || e.key === '+' || e.key === '=') {
			this.events.zoom(n);
		} else if (e.key === '-') {
			this.events.zoom(this.tree.parent[this.zoom]);
		} else if (e.key === 's' && this.tree.isFunction(n) && this.events.sandwich) {
			this.events.sandwich(this.tree.fn(n));
		} else {
			return;
		}
		e.preventDefault();
		e.stopPropagation();
	}
};
