// SPDX-License-Identifier: Apache-2.0
/*
 * heat_steps.js - what heat.t does with the page of a heat map: each step logs one line of what a
 * person would see. Argument: the page.
 */
'use strict';

module.exports = async (page, log, url) => {
	const eval_ = (text) => page.eval(text);
	const total = () => eval_(`(() => { const p = Object.values(culprit.heat.flames).find((f) => !f.section.hidden).panel, t = p.base;
		return t.total.map((x, i) => t.samples[i] ? t.samples[i][0] : '-').join('/'); })()`);
	const ranges = () => eval_(`Array.from(document.querySelectorAll('.ranges .side, .ranges .hint'), (e) => e.textContent).join(' | ')`);
	const open = async (hash) => {
		await page.goto(url + (hash || ''));
		await eval_('culprit.heatReady');
		await page.settle(200);
	};
	const place = (second, row) => eval_(`(() => { const b = culprit.heat.canvas.getBoundingClientRect(), s = culprit.heat.scene;
		return {x: b.x + s.left + (${second} - s.from + 0.5) * s.size, y: b.y + s.top + (${row} + 0.5) * s.row}; })()`);
	const drag = async (a, b) => {
		const mouse = (type, at, more) => page.send('Input.dispatchMouseEvent', Object.assign({type, x: at.x, y: at.y, button: 'left', clickCount: 1}, more));
		await mouse('mousePressed', a);
		await mouse('mouseMoved', b, {buttons: 1});
		await mouse('mouseReleased', b);
		await page.settle(200);
	};

	await page.size(1200, 900);
	await open();
	log('policy', await eval_(`(() => { const s = document.createElement('script'); s.textContent = 'window.pwned = 1'; document.body.append(s); return typeof window.pwned; })()`));
	log('label', await eval_(`culprit.heat.place.getAttribute('aria-label')`));
	log('legend', await eval_(`document.querySelector('.heat-legend').textContent`));
	log('whole', await total(), await ranges());
	log('cells', await eval_(`(() => { const g = culprit.heat.grid, full = []; g.cells.forEach((v, i) => v && full.push(Math.floor(i / 50) + ':' + i % 50 + '=' + v)); return full.join(' '); })()`));

	await page.move((await place(2, 0)).x, (await place(2, 0)).y);
	log('tip', await eval_(`Array.from(document.querySelectorAll('.heat > .tip div'), (e) => e.textContent).join('; ')`));

	await drag(await place(0, 4), await place(2, 10));
	log('one', await total(), await eval_('location.hash'), await ranges());
	log('names', await eval_(`(() => { const t = culprit.heat.flames.single.panel.base; return Array.from({length: t.cnt}, (_, n) => t.name(n)).join('>'); })()`));
	await page.clickOn('.heat button[value="a"]');
	await drag(await place(3, 49), await place(3, 0));
	log('two', await total(), await eval_('location.hash'), await ranges());
	log('diff', await eval_(`culprit.heat.flames.diff.panel.facts.single`), await eval_(`culprit.heat.flames.single.section.hidden`));
	await eval_('history.back()');
	await page.settle(200);
	log('back', await total(), await eval_('location.hash'));

	await open('#b=105-131&a=0-100');
	log('permalink', await total());
	await open('#b=7-3&a=x-9999999&view=9-1&proc=nobody');
	log('nonsense', await total(), await ranges());

	await open();
	await eval_(`(() => { const s = culprit.heat.process; s.value = 'noise'; s.dispatchEvent(new Event('change')); })()`);
	await page.settle(200);
	log('process', await total(), await eval_('location.hash'), await eval_(`culprit.heat.grid.cells.filter((v) => v).length`));

	await open();
	await eval_(`culprit.heat.place.focus()`);
	for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown'])
		await page.key(key);
	log('cursor', await eval_(`document.getElementById(culprit.heat.place.getAttribute('aria-activedescendant')).textContent`));
	await page.key('ArrowRight', 8);
	log('keys', await eval_('location.hash'), await eval_(`document.querySelector('[role=gridcell]').getAttribute('aria-selected')`));
	await page.key('Escape');
	log('escape', JSON.stringify(await eval_('location.hash')));
	await drag(await place(1, 0), await place(1, 49));
	await eval_(`culprit.heat.zoomToSelection()`);
	await page.settle(200);
	log('zoom', await eval_('location.hash'), await eval_('culprit.heat.grid.columns'));

	await page.send('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: 'dark'}]});
	await page.settle(200);
	log('dark', await eval_('culprit.heat.scene.theme'));
	log('colours', await eval_(`['light', 'dark'].map((t) => { const c = culprit.heatDraw.colours(t).map((x) => x.match(/\\d+/g).map(Number))
		.map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b), up = t === 'dark';
		return c.every((v, i) => !i || (up ? v > c[i - 1] : v < c[i - 1])); }).join()`));
	await page.size(390, 800);
	await page.settle(300);
	log('phone', await eval_('document.documentElement.scrollWidth <= innerWidth'));
	log('errors', JSON.stringify(page.errors.filter((e) => !/Content Security Policy/.test(e))));
	log('requests', page.requests.every((r) => r.startsWith('file:') || r === 'about:blank'));
};
