// SPDX-License-Identifier: Apache-2.0
/*
 * contrast.js - an expression for a page of ours: {least, where, cnt}, the worst contrast of a text in sight.
 */
'use strict';

// Contrast of every text in sight with what is behind it.
module.exports = `(() => {
	const rgb = (text) => { const m = text.match(/[\\d.]+/g).map(Number); return {c: m[0] << 16 | m[1] << 8 | m[2], a: m.length > 3 ? m[3] : 1}; };
	let least = 99, where = '', cnt = 0;
	for (const e of document.querySelectorAll('main *, dialog *')) {
		const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim()) || e.tagName === 'INPUT';
		if (!own || !e.getClientRects().length || e.closest('.aria') || getComputedStyle(e).opacity === '0')
			continue;
		let back = e;
		while (back && rgb(getComputedStyle(back).backgroundColor).a < 1)
			back = back.parentElement;
		const ratio = culprit.colour.contrast(rgb(getComputedStyle(e).color).c, back ? rgb(getComputedStyle(back).backgroundColor).c : 0xffffff);
		cnt++;
		if (ratio < least) {
			least = ratio;
			where = e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 20);
		}
	}
	return {least, where, cnt};
})()`;
