// SPDX-License-Identifier: Apache-2.0
/* html_lines_steps.js - points at frames of a page whose profile has lines of source. */
'use strict';

const PLACE = `(name) => { const v = culprit.panels[0].views[culprit.panels[0].views.length - 1], t = v.tree;
	let n = 0; while (t.name(n) !== name) n++;
	const p = culprit.draw.place(v.scene(), n), b = v.canvas.getBoundingClientRect();
	return {x: b.x + p.x + p.w / 2, y: b.y + p.y + v.row / 2}; }`;

module.exports = async function (page, log, url) {
	await page.size(1200, 900);
	await page.goto(url);
	await page.eval('culprit.ready.then(() => 1)');
	await page.settle(150);
	for (const name of ['work', 'leaf']) {
		const at = await page.eval(`(${PLACE})('${name}')`);
		await page.move(at.x, at.y);
		await page.settle(50);
		log('tip', await page.eval(`culprit.panels[0].views[culprit.panels[0].views.length - 1].tip.innerText.replace(/\\s+/g, ' ')`));
	}
	log('errors', page.errors.length);
};
