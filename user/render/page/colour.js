// SPDX-License-Identifier: Apache-2.0
/*
 * colour.js - fills of both themes. Text on any of them has a contrast of at least 4.5 (WCAG 2.1,
 * 1.4.3), which the tests compute. Red and blue stay apart for the colour-blind; signs and hatches
 * say the same again.
 */
culprit.colour = (function () {
	const STEPS = 10, KINDS = 8;
	const THEMES = {
		light: {
			text: 0x1d1f23, page: 0xffffff, neutral: 0xe8e6e1, more: 0xee6f57, less: 0x5fa0d8,
			bar: {more: 0xb3261e, less: 0x1c5d99}, pruned: 0xf3f2ef, edge: 0x8b8f98, focus: 0x1d1f23,
			kinds: [[0xf6d9a8, 0xeeb06c], [0xf6d9a8, 0xeeb06c], [0xcdd3ea, 0xa5b0d8], [0xd3e8c4, 0xa7cf8f],
				[0xf3e9b5, 0xe3cf78]],
			hatch: 0.3, dim: 0.72,
		},
		dark: {
			text: 0xf3f2ee, page: 0x17181b, neutral: 0x3d4047, more: 0xb5432f, less: 0x2a69a5,
			bar: {more: 0xff9a83, less: 0x8cc4f4}, pruned: 0x26282c, edge: 0x80858f, focus: 0xffffff,
			kinds: [[0x6b4a1e, 0x82561c], [0x6b4a1e, 0x82561c], [0x3c4670, 0x4b5789], [0x35552a, 0x40682f],
				[0x5b5120, 0x6d6122]],
			hatch: 0.35, dim: 0.7,
		},
	};

	function mix(x, y, t) {
		let out = 0;
		for (const shift of [16, 8, 0]) {
			const from = x >> shift & 255, to = y >> shift & 255;
			out |= Math.round(from + (to - from) * t) << shift;
		}
		return out;
	}

	function css(c) {
		return '#' + c.toString(16).padStart(6, '0');
	}

	function luminance(c) {
		return [[16, 0.2126], [8, 0.7152], [0, 0.0722]].reduce((sum, [shift, weight]) => {
			const v = (c >> shift & 255) / 255;
			return sum + weight * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		}, 0);
	}

	function contrast(x, y) {
		const a = luminance(x), b = luminance(y);
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	}

	// A first step that can be told from neutral, then evenly to the end.
	function change(theme, step) {
		const t = step ? 0.12 + 0.88 * Math.abs(step) / STEPS : 0;
		return mix(theme.neutral, step < 0 ? theme.less : theme.more, t);
	}

	// 0 … KINDS - 1, the same for a name on every page.
	function shade(name) {
		let h = 2166136261;
		for (let i = 0; i < name.length; i++)
			h = Math.imul(h ^ name.charCodeAt(i), 16777619);
		return (h >>> 8 & 255) % KINDS;
	}

	// As image data have it, on machines that store the lowest byte first (all that browsers run on).
	function pixel(c) {
		return (0xff000000 | (c & 255) << 16 | c & 0xff00 | c >> 16) >>> 0;
	}

	// The fill, the same with the page's colour laid over it (what a search or a zoom puts aside), hatches.
	function both(theme, fill) {
		const dim = mix(fill, theme.page, theme.dim);
		return {fill: css(fill), dim: css(dim), hatch: css(mix(fill, theme.page, theme.hatch)), pixel: pixel(fill), dimPixel: pixel(dim)};
	}

	/*
	 * All fills as CSS colours, in one list: fills[step + STEPS] for changes, fills[kindAt(kind, shade)]
	 * for kinds of code, fills[pruned].
	 */
	function palette(name) {
		const theme = THEMES[name] || THEMES.light, out = {name, theme, fills: []};
		for (let step = -STEPS; step <= STEPS; step++)
			out.fills.push(both(theme, change(theme, step)));
		for (const [from, to] of theme.kinds)
			for (let i = 0; i < KINDS; i++)
				out.fills.push(both(theme, mix(from, to, i / (KINDS - 1))));
		out.kindAt = (kind, at) => 2 * STEPS + 1 + (kind < theme.kinds.length ? kind : 0) * KINDS + at;
		out.pruned = out.fills.push(both(theme, theme.pruned)) - 1;
		for (const key of ['text', 'page', 'edge', 'focus'])
			out[key] = css(theme[key]);
		out.pagePixel = pixel(theme.page);
		out.more = css(theme.bar.more);
		out.less = css(theme.bar.less);
		return out;
	}

	return {STEPS, palette, contrast, shade};
})();
