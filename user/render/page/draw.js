// SPDX-License-Identifier: Apache-2.0
/*
 * draw.js - paint(ctx, scene): what is in sight, and nothing else; mark(ctx, scene): the outlines.
 *
 * Of each level in sight the first box is found by bisection, and a run of boxes narrower than a
 * pixel is one sliver, so that a frame costs at most width × rows boxes, however large the tree is.
 * Narrow boxes, which carry neither text nor hatch, are not drawn one by one: they are pixels of an
 * image that has one line for each row and is stretched to the rows' height.
 *
 * scene: {tree, layout, palette, width, height (CSS pixels), from, to (the part of 0 … whole that
 *	the width shows), top (of the picture, in pixels from the first row), row (height of one),
 *	flip (root at the bottom), rows (of the whole picture), zoom, focus, hover (nodes), hits
 *	(by function, or null), font, charWidth}
 */
culprit.draw = (function () {
	const SLIVER = 0.7, NARROW = 5, MIN_LABEL = 30, PAD = 4, BAR = 3;
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

	// The index of a node's fill among the palette's.
	function fillOf(s, n) {
		const {tree} = s, kind = tree.frames.kind[tree.frame[n]], NEUTRAL = culprit.colour.STEPS;
		if (kind === KIND.PRUNED)
			return s.palette.pruned;
		if (!tree.facts.single)
			return tree.step[n] + NEUTRAL;
		if (kind === KIND.LABEL)
			return NEUTRAL;
		return s.palette.kindAt(kind, shadeOf(tree.frames, tree.frames.fn[tree.frame[n]]));
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
		return s.hits !== null && !s.hits[s.tree.frames.fn[s.tree.frame[n]]];
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

	// Own time stands free of children at the right end, at the edge away from the root.
	function addBar(s, n, x, y, w, bars) {
		const {tree, layout} = s, step = tree.ownStep[n];
		if (!step || tree.upwards)
			return;
		const scale = s.width / (s.to - s.from), left = Math.max((layout.own[n] - s.from) * scale, x);
		if (x + w - left >= SLIVER)
			(step > 0 ? bars.more : bars.less).push(left, s.flip ? y : y + s.row - 1 - BAR, x + w - left);
	}

	// The image of the narrow boxes, kept for the next frame.
	const strips = {canvas: null, ctx: null, image: null, pixels: null, width: 0, rows: 0};

	function prepareStrips(s, rows) {
		const width = Math.max(1, Math.round(s.width * s.dpr));
		if (!strips.canvas) {
			strips.canvas = document.createElement('canvas');
			strips.ctx = strips.canvas.getContext('2d', {alpha: false});
		}
		if (strips.width !== width || strips.rows < rows) {
			strips.width = strips.canvas.width = width;
			strips.rows = strips.canvas.height = rows;
			strips.image = strips.ctx.createImageData(width, rows);
			strips.pixels = new Uint32Array(strips.image.data.buffer);
		}
		strips.pixels.fill(s.palette.pagePixel);
	}

	function addPixels(s, row, x, w, colour) {
		const from = Math.max(0, Math.round(x * s.dpr)), base = row * strips.width;
		const to = Math.min(strips.width, Math.max(from + 1, Math.round((x + w) * s.dpr)));
		for (let i = from; i < to; i++)
			strips.pixels[base + i] = colour;
	}

	function drawStrips(s, ctx, lists) {
		strips.ctx.putImageData(strips.image, 0, 0);
		ctx.imageSmoothingEnabled = false;
		for (let i = 0; i < lists.tops.length; i++)
			ctx.drawImage(strips.canvas, 0, i, strips.width, 1, 0, lists.tops[i], strips.width / s.dpr, s.row - 1);
	}

	// Sorts one box into what is drawn together: a change of colour costs more than a box does.
	function addBox(s, n, x, y, w, lists) {
		const {tree} = s, aside = isAside(s, n), fill = fillOf(s, n), gap = w > 3 ? 1 : w > 1.5 ? 0.4 : 0;
		if (w < NARROW) {
			const colours = s.palette.fills[fill];
			addPixels(s, lists.tops.length - 1, x, w - gap, aside ? colours.dimPixel : colours.pixel);
			return;
		}
		lists.fills[2 * fill + (aside ? 1 : 0)].push(x, y, w - gap);
		if (w >= MIN_LABEL)
			(tree.frames.kind[tree.frame[n]] === KIND.LABEL ? lists.bold : lists.labels).push(n, x, y, w);
		if (aside || tree.facts.single)
			return;
		if (tree.step[n] && (!(tree.total[0][n] > 0) || !(tree.total[1][n] > 0)))
			lists.hatches.push(n, x, y, w - gap);
		addBar(s, n, x, y, w - gap, lists.bars);
	}

	function drawFills(s, ctx, fills) {
		const h = s.row - 1;
		fills.forEach((list, i) => {
			if (!list.length)
				return;
			const fill = s.palette.fills[i >> 1];
			ctx.fillStyle = i & 1 ? fill.dim : fill.fill;
			for (let k = 0; k < list.length; k += 3)
				ctx.fillRect(list[k], list[k + 1], list[k + 2], h);
		});
	}

	function drawBars(s, ctx, bars) {
		for (const what of ['more', 'less']) {
			ctx.fillStyle = s.palette[what];
			for (let k = 0; k < bars[what].length; k += 3)
				ctx.fillRect(bars[what][k], bars[what][k + 1], bars[what][k + 2], BAR);
		}
	}

	function drawEdges(s, ctx, bold) {
		ctx.strokeStyle = s.palette.edge;
		ctx.lineWidth = 1;
		for (let k = 0; k < bold.length; k += 4)
			if (bold[k] && !isAside(s, bold[k]))
				ctx.strokeRect(bold[k + 1] + 0.5, bold[k + 2] + 0.5, bold[k + 3] - 2, s.row - 2);
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
		if (isPlain(s.tree.frames, s.tree.fn(n)))
			ctx.fillText(text, x + PAD, y + s.row / 2 + 0.5);
		else
			ctx.fillText(text, x + PAD, y + s.row / 2 + 0.5, w - 2 * PAD);
	}

	// Of letters that are all of one width; others may be wider than the font says and are squeezed.
	function isPlain(frames, fn) {
		frames.plain = frames.plain || new Int8Array(frames.fns.length).fill(-1);
		if (frames.plain[fn] < 0)
			frames.plain[fn] = /^[\x20-\x7e]*$/.test(frames.fns[fn].name) ? 1 : 0;
		return frames.plain[fn];
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

	function drawText(s, ctx, labels, font) {
		ctx.fillStyle = s.palette.text;
		ctx.textBaseline = 'middle';
		ctx.font = font;
		for (let i = 0; i < labels.length; i += 4)
			drawLabel(s, ctx, labels[i], labels[i + 1], labels[i + 2], labels[i + 3]);
	}

	// What of the picture is in sight, sorted by how it is drawn.
	function collect(s) {
		const lists = {fills: s.palette.fills.concat(s.palette.fills).map(() => []), bars: {more: [], less: []}, hatches: [], labels: [],
			bold: [], tops: [], cnt: 0};
		const first = Math.max(0, Math.floor(s.top / s.row));
		const last = Math.min(s.rows - 1, Math.floor((s.top + s.height) / s.row));
		prepareStrips(s, last - first + 1);
		for (let at = first; at <= last; at++) {
			const level = s.layout.levels[s.flip ? s.rows - 1 - at : at], y = at * s.row - s.top;
			lists.tops.push(y);
			eachBox(s, level, (n, x, w) => {
				lists.cnt++;
				addBox(s, n, x, y, w, lists);
			});
		}
		return lists;
	}

	// Returns how many boxes were drawn.
	function paint(ctx, s) {
		ctx.fillStyle = s.palette.page;
		ctx.fillRect(0, 0, s.width, s.height);
		if (!(s.to > s.from))
			return 0;
		const lists = collect(s);
		drawStrips(s, ctx, lists);
		drawFills(s, ctx, lists.fills);
		for (let i = 0; i < lists.hatches.length; i += 4) {
			const [n, x, y, w] = lists.hatches.slice(i, i + 4);
			drawHatch(s, ctx, s.palette.fills[fillOf(s, n)].hatch, x, y, w, s.row - 1, s.tree.isGone(n));
		}
		drawBars(s, ctx, lists.bars);
		drawEdges(s, ctx, lists.bold);
		drawText(s, ctx, lists.labels, s.font);
		drawText(s, ctx, lists.bold, 'bold ' + s.font);
		return lists.cnt;
	}

	// The outlines of what is pointed at and what the keyboard is at, on a canvas above.
	function mark(ctx, s) {
		ctx.clearRect(0, 0, s.width, s.height);
		outline(s, ctx, s.hover, 1);
		outline(s, ctx, s.focus, 2);
	}

	return {paint, mark, collect, hit, place, rowTop};
})();
