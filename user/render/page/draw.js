// SPDX-License-Identifier: Apache-2.0
/*
 * draw.js - paint(ctx, scene): what is in sight, and nothing else. Of each level in sight the first
 * box is found by bisection, and a run of boxes narrower than a pixel is one sliver, so that a frame
 * costs at most width × rows boxes, however large the tree is.
 *
 * scene: {tree, layout, palette, width, height (CSS pixels), from, to (the part of 0 … whole that
 *	the width shows), top (of the picture, in pixels from the first row), row (height of one),
 *	flip (root at the bottom), rows (of the whole picture), zoom, focus, hover (nodes), hits
 *	(by function, or null), font, charWidth}
 */
culprit.draw = (function () {
	const SLIVER = 0.7, MIN_LABEL = 30, PAD = 4, BAR = 3;
	const {KIND} = culprit;

	// The first of the sorted nodes that ends right of `at`.
	function firstVisible(level, layout, at) {
		let low = 0, high = level.length;
		while (low < high) {
			const mid = (low + high) >> 1, n = level[mid];
			if (layout.x[n] + layout.w[n] > at)
				high = mid;
			else
				low = mid + 1;
		}
		return low;
	}

	function rowTop(s, depth) {
		return (s.flip ? s.rows - 1 - depth : depth) * s.row - s.top;
	}

	// Which node is at that place of the canvas; -1: none.
	function hit(s, px, py) {
		const at = Math.floor((py + s.top) / s.row), depth = s.flip ? s.rows - 1 - at : at;
		const level = s.layout.levels[depth];
		if (!level)
			return -1;
		const u = s.from + px / s.width * (s.to - s.from), i = firstVisible(level, s.layout, u);
		return i < level.length && s.layout.x[level[i]] <= u ? level[i] : -1;
	}

	// {x, y, w} of a node in the canvas, cut at its edges.
	function place(s, n) {
		const scale = s.width / (s.to - s.from || 1);
		const left = Math.max(0, (s.layout.x[n] - s.from) * scale);
		const right = Math.min(s.width, (s.layout.x[n] + s.layout.w[n] - s.from) * scale);
		return {x: left, w: right - left, y: rowTop(s, s.tree.depth[n])};
	}

	function fillOf(s, n) {
		const {tree, palette} = s, kind = tree.kind(n);
		if (kind === KIND.PRUNED)
			return palette.pruned;
		if (!tree.facts.single)
			return palette.change[tree.step[n] + culprit.colour.STEPS];
		if (kind === KIND.LABEL)
			return palette.change[culprit.colour.STEPS];
		return (palette.kinds[kind] || palette.kinds[0])[shadeOf(tree.frames, tree.fn(n))];
	}

	function shadeOf(frames, fn) {
		frames.shades = frames.shades || new Int8Array(frames.fns.length).fill(-1);
		if (frames.shades[fn] < 0)
			frames.shades[fn] = culprit.colour.shade(frames.fns[fn].name);
		return frames.shades[fn];
	}

	// Aside: what leads to the zoomed node, and what a search did not find.
	function isAside(s, n) {
		if (s.tree.depth[n] < s.tree.depth[s.zoom])
			return true;
		return s.hits !== null && !s.hits[s.tree.fn(n)];
	}

	// The boxes of one level: calls box(n, x, width), slivers merged.
	function eachBox(s, level, box) {
		const {layout} = s, scale = s.width / (s.to - s.from), end = s.to;
		let i = firstVisible(level, layout, s.from);
		while (i < level.length && layout.x[level[i]] < end) {
			const n = level[i], x = (layout.x[n] - s.from) * scale, w = layout.w[n] * scale;
			if (w >= SLIVER) {
				box(n, Math.max(x, 0), Math.min(x + w, s.width) - Math.max(x, 0));
				i++;
				continue;
			}
			const next = firstVisible(level, layout, layout.x[n] + 1 / scale);
			const stop = Math.max(next, i + 1), last = level[stop - 1];
			box(n, x, Math.max(1, (layout.x[last] + layout.w[last] - layout.x[n]) * scale));
			i = stop;
		}
	}

	function drawHatch(s, ctx, colour, x, y, w, h, gone) {
		ctx.save();
		ctx.beginPath();
		ctx.rect(x, y, w, h);
		ctx.clip();
		ctx.beginPath();
		if (gone) {
			ctx.strokeStyle = colour;
			ctx.lineWidth = 2;
			for (let at = Math.floor((x - h) / 7) * 7; at < x + w; at += 7) {
				ctx.moveTo(at, y + h);
				ctx.lineTo(at + h, y);
			}
			ctx.stroke();
		} else {
			ctx.fillStyle = colour;
			for (let at = Math.ceil(x / 7) * 7, odd = (at / 7) % 2; at < x + w; at += 7, odd = 1 - odd)
				for (let down = odd ? 3 : 7; down < h; down += 8)
					ctx.rect(at, y + down - 1, 2, 2);
			ctx.fill();
		}
		ctx.restore();
	}

	function drawBar(s, ctx, n, x, y, w, h) {
		const {tree, layout} = s, step = tree.ownStep[n];
		if (!step || tree.facts.single)
			return;
		const scale = s.width / (s.to - s.from), left = Math.max((layout.own[n] - s.from) * scale, x);
		if (x + w - left < 0.7)
			return;
		ctx.fillStyle = step > 0 ? s.palette.more : s.palette.less;
		ctx.fillRect(left, s.flip ? y : y + h - BAR, x + w - left, BAR);
	}

	function drawBox(s, ctx, n, x, y, w) {
		const gap = w > 3 ? 1 : w > 1.5 ? 0.4 : 0, h = s.row - 1, aside = isAside(s, n);
		const fill = fillOf(s, n), {tree} = s;
		ctx.fillStyle = aside ? fill.dim : fill.fill;
		ctx.fillRect(x, y, w - gap, h);
		if (w < 4)
			return;
		if (!tree.facts.single && tree.step[n] && (tree.isGone(n) || tree.isNew(n)) && !aside)
			drawHatch(s, ctx, fill.hatch, x, y, w - gap, h, tree.isGone(n));
		if (!aside)
			drawBar(s, ctx, n, x, y, w - gap, h);
		if (tree.kind(n) === KIND.LABEL && n && !aside) {
			ctx.strokeStyle = s.palette.edge;
			ctx.lineWidth = 1;
			ctx.strokeRect(x + 0.5, y + 0.5, w - gap - 1, h - 1);
		}
	}

	function sign(tree, n) {
		const step = tree.facts.single ? 0 : tree.step[n];
		return step > 0 ? '+ ' : step < 0 ? culprit.value.MINUS + ' ' : '';
	}

	function drawLabel(s, ctx, n, x, y, w) {
		const room = Math.floor((w - 2 * PAD) / s.charWidth), mark = sign(s.tree, n);
		let text = mark + s.tree.label(n);
		if (text.length > room)
			text = room < 3 + mark.length ? '' : cutText(text, room);
		if (!text)
			return;
		const bold = s.tree.kind(n) === KIND.LABEL;
		if (bold !== s.bold) {
			ctx.font = (bold ? 'bold ' : '') + s.font;
			s.bold = bold;
		}
		ctx.fillText(text, x + PAD, y + s.row / 2 + 0.5, w - 2 * PAD);
	}

	// Never through the middle of a pair of surrogates.
	function cutText(text, room) {
		let end = room - 1;
		if (text.charCodeAt(end - 1) >= 0xd800 && text.charCodeAt(end - 1) < 0xdc00)
			end--;
		return text.slice(0, end) + '\u2026';
	}

	function outline(s, ctx, n, width) {
		if (n < 0 || !(s.layout.w[n] > 0))
			return;
		const p = place(s, n);
		if (p.w <= 0 || p.y + s.row < 0 || p.y > s.height)
			return;
		ctx.strokeStyle = s.palette.focus;
		ctx.lineWidth = width;
		ctx.strokeRect(p.x + width / 2, p.y + width / 2, Math.max(p.w - 1 - width, 1), s.row - 1 - width);
	}

	function drawText(s, ctx, labels) {
		ctx.fillStyle = s.palette.text;
		ctx.textBaseline = 'middle';
		ctx.font = s.font;
		s.bold = false;
		for (let i = 0; i < labels.length; i += 4)
			drawLabel(s, ctx, labels[i], labels[i + 1], labels[i + 2], labels[i + 3]);
	}

	// Returns how many boxes were drawn.
	function paint(ctx, s) {
		const labels = [];
		let cnt = 0;
		ctx.fillStyle = s.palette.page;
		ctx.fillRect(0, 0, s.width, s.height);
		if (!(s.to > s.from))
			return 0;
		const first = Math.max(0, Math.floor(s.top / s.row));
		const last = Math.min(s.rows - 1, Math.floor((s.top + s.height) / s.row));
		for (let at = first; at <= last; at++) {
			const depth = s.flip ? s.rows - 1 - at : at, level = s.layout.levels[depth];
			const y = at * s.row - s.top;
			if (level)
				eachBox(s, level, (n, x, w) => {
					cnt++;
					drawBox(s, ctx, n, x, y, w);
					if (w >= MIN_LABEL)
						labels.push(n, x, y, w);
				});
		}
		drawText(s, ctx, labels);
		outline(s, ctx, s.hover, 1);
		outline(s, ctx, s.focus, 2);
		return cnt;
	}

	return {paint, hit, place, rowTop};
})();
