// SPDX-License-Identifier: Apache-2.0
/*
 * heat_draw.js - paints a heat map.
 *
 *	scale(cells)		→ {max, clipped}: what the fullest colour means. One cell in 200 of those that
 *				are not empty may be fuller, so that a single one does not bleach the rest
 *	layout(seconds, room)	→ {width, size}: seconds to a column, pixels of it
 *	paint(ctx, scene)	scene: {grid, scale, theme, size, row, left, top, from, width, data}
 *	axes(ctx, scene, colour, font)
 *	outline(ctx, scene, range, colour, halo, dashed)	a range that is selected
 *	colours(theme)		→ STEPS + 1 CSS colours; the first is that of an empty cell
 */
culprit.heatDraw = (function () {
	const STEPS = 24, WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600], MIN = 3, MAX = 64;
	// Evenly darker on light, evenly brighter on dark: it reads without telling hues apart, too.
	const RAMPS = {
		light: [[0xf4, 0xf3, 0xef], [0xfd, 0xe0, 0xa0], [0xf8, 0xa0, 0x4e], [0xdb, 0x4b, 0x31], [0x7a, 0x10, 0x2d]],
		dark: [[0x1f, 0x21, 0x26], [0x5a, 0x22, 0x4e], [0xb4, 0x3a, 0x45], [0xf0, 0x8a, 0x35], [0xfd, 0xf0, 0x9c]],
	};

	function ramp(theme, t) {
		const list = RAMPS[theme] || RAMPS.light, at = Math.min(t * (list.length - 1), list.length - 1.000001), i = Math.floor(at);
		return list[i].map((v, k) => Math.round(v + (list[i + 1][k] - v) * (at - i)));
	}

	// The faintest that is not empty can be told from empty.
	function colours(theme) {
		const list = [];
		for (let i = 0; i <= STEPS; i++)
			list.push('rgb(' + ramp(theme, i ? 0.14 + 0.86 * i / STEPS : 0).join(',') + ')');
		return list;
	}

	function scale(cells) {
		const full = cells.filter((v) => v > 0).sort();
		if (!full.length)
			return {max: 1, clipped: false};
		const max = full[Math.min(full.length - 1, Math.floor(full.length * 0.995))];
		return {max, clipped: full[full.length - 1] > max * 1.0001};
	}

	function layout(seconds, room) {
		const width = WIDTHS.find((w) => Math.ceil(seconds / w) * MIN <= room) || WIDTHS[WIDTHS.length - 1];
		return {width, size: Math.max(1, Math.min(MAX, Math.floor(room / Math.ceil(seconds / width))))};
	}

	// Cells by colour: a change of colour costs more than a box does.
	function paint(ctx, s) {
		const {ROWS} = culprit.HeatData, fills = colours(s.theme), lists = fills.map(() => []), {columns, cells} = s.grid;
		for (let c = 0; c < columns; c++)
			for (let r = 0; r < ROWS; r++) {
				const v = cells[c * ROWS + r];
				lists[v > 0 ? Math.max(1, Math.min(STEPS, Math.round(v / s.scale.max * STEPS))) : 0].push(c, r);
			}
		const gap = s.size >= 8 ? 1 : 0;
		lists.forEach((list, i) => {
			ctx.fillStyle = fills[i];
			for (let k = 0; k < list.length; k += 2)
				ctx.fillRect(s.left + list[k] * s.size, s.top + list[k + 1] * s.row, s.size - gap, s.row - (gap && s.row > 6 ? 1 : 0));
		});
	}

	// Times below, parts of a second at the left.
	function axes(ctx, s, text, font) {
		const {ROWS, STEP_MS} = culprit.HeatData, bottom = s.top + ROWS * s.row;
		ctx.fillStyle = text;
		ctx.font = font;
		ctx.textBaseline = 'middle';
		ctx.textAlign = 'right';
		for (let r = 0; r <= ROWS; r += 10)
			ctx.fillText(r * STEP_MS + ' ms', s.left - 6, s.top + r * s.row + (r ? r === ROWS ? -4 : 0 : 5));
		ctx.textAlign = 'left';
		ctx.textBaseline = 'top';
		const label = (c) => s.data.clock((s.from + c * s.width) * ROWS).replace(/\.\d+/, ''), need = ctx.measureText(label(0)).width + 18;
		const every = WIDTHS.concat([7200, 14400]).find((w) => w * s.size >= need) || s.grid.columns;
		for (let c = 0; c < s.grid.columns; c += every)
			if (!c || s.left + c * s.size + need - 14 <= s.left + s.grid.columns * s.size + 14) {
				ctx.fillRect(s.left + c * s.size, bottom, 1, 4);
				ctx.fillText(label(c), s.left + c * s.size, bottom + 7);
			}
	}

	// Around the cells from `from` to `to`, down one column and on at the top of the next.
	function outline(ctx, s, range, colour, halo, dashed) {
		const {ROWS} = culprit.HeatData, per = s.width * ROWS, rows = s.width > 1 ? 1 : ROWS;
		const place = (step) => {
			const at = step - s.from * ROWS, c = Math.floor(at / per);
			return {c, r: rows > 1 ? at - c * per : 0};
		};
		const a = place(range.from), b = place(range.to - 1), y = (r) => s.top + r * s.row * (rows > 1 ? 1 : ROWS);
		const x = (c) => s.left + Math.max(-1, Math.min(c, s.grid.columns + 1)) * s.size, end = b.r + 1, bottom = s.top + ROWS * s.row;
		const path = new Path2D();
		if (b.c < 0 || a.c >= s.grid.columns)
			return;
		if (a.c === b.c)
			path.rect(x(a.c), y(a.r), s.size, y(end) - y(a.r));
		else
			[[x(a.c), y(a.r)], [x(a.c + 1), y(a.r)], [x(a.c + 1), s.top], [x(b.c + 1), s.top], [x(b.c + 1), y(end)], [x(b.c), y(end)],
				[x(b.c), bottom], [x(a.c), bottom]].forEach(([px, py], i) => i ? path.lineTo(px, py) : path.moveTo(px, py));
		path.closePath();
		ctx.save();
		ctx.beginPath();
		ctx.rect(s.left - 2, s.top - 2, s.grid.columns * s.size + 4, ROWS * s.row + 4);
		ctx.clip();
		ctx.globalAlpha = 0.16;
		ctx.fillStyle = colour;
		ctx.fill(path);
		ctx.globalAlpha = 1;
		ctx.lineWidth = 5;
		ctx.strokeStyle = halo;
		ctx.stroke(path);
		ctx.lineWidth = 2;
		ctx.strokeStyle = colour;
		if (dashed)
			ctx.setLineDash([5, 3]);
		ctx.stroke(path);
		ctx.restore();
	}

	return {STEPS, colours, scale, layout, paint, axes, outline};
})();
