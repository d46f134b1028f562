// SPDX-License-Identifier: Apache-2.0
/*
 * html_steps.js - what html.t does with a page: each step logs one line of what a person would see.
 * Arguments: the page, and what `culprit diff --format json` says about the same two profiles.
 */
'use strict';
const fs = require('fs');
const CONTRASTS = require('./contrast.js');

// Run inside the page.
const HELPERS = `
const P = () => culprit.panels[0], V = () => P().views[P().views.length - 1];
const nodeNamed = (name, view) => { const t = (view || V()).tree; for (let n = 0; n < t.cnt; n++) if (t.name(n) === name) return n; return -1; };
const placeOf = (name) => { const v = V(), p = culprit.draw.place(v.scene(), nodeNamed(name)), b = v.canvas.getBoundingClientRect();
	return {x: b.x + p.x + p.w / 2, y: b.y + p.y + v.row / 2, w: Math.round(p.w)}; };
const cells = (table) => Array.from(document.querySelectorAll('.' + table + ' tbody tr:not(.spacer)'), (r) => Array.from(r.cells, (c) => c.textContent.replace('\\u21c5', '')));
const width = (name) => placeOf(name).w;
const focused = () => { const id = V().scroller.getAttribute('aria-activedescendant'); return id ? document.getElementById(id) : null; };
const full = () => V().width;
`;

const FILLS = `(() => {
	const num = (css) => parseInt(css.slice(1), 16);
	return ['light', 'dark'].map((name) => {
		const p = culprit.colour.palette(name);
		return Math.min(...p.fills.flatMap((f) => [f.fill, f.dim, f.hatch]).map((c) => culprit.colour.contrast(num(c), num(p.text)))).toFixed(2);
	}).join(' ');
})()`;

async function open(page, url) {
	await page.goto(url);
	await page.eval('culprit.ready.then(() => 1)');
	await page.eval(HELPERS.replace(/const (\w+) =/g, 'window.$1 ='));
	await page.settle(150);
}

async function searching(page, log) {
	await page.key('/');
	await page.type('^parse$');
	await page.settle(120);
	log('search', await page.eval(`document.querySelector('.found').textContent`));
	log('rows', await page.eval(`cells('functions').map((r) => r[0]).join(',')`), '|', await page.eval(`cells('groups').map((r) => r[0]).join(',')`));
	log('fragment', await page.eval('location.hash'));
	await page.key('Escape');
	log('cleared', await page.eval(`document.querySelector('.found').textContent + '|' + location.hash`));
	for (const words of ['PARSE', '(']) {
		await page.key('/');
		await page.type(words);
		log('search', words, await page.eval(`document.querySelector('.found').textContent`));
		await page.key('Escape');
	}
}

async function zooming(page, log, url) {
	const at = await page.eval(`placeOf('web')`);
	await page.click(at.x, at.y);
	log('zoom', await page.eval(`width('web') === full() && width('job') <= 0`), await page.eval('location.hash'));
	log('crumbs', await page.eval(`Array.from(document.querySelectorAll('.crumbs button'), (b) => b.textContent).join('>')`));
	log('table', await page.eval(`document.querySelector('.functions h2').textContent`));
	await page.clickOn('.functions h2 .quiet');
	log('all', await page.eval(`document.querySelector('.functions h2').textContent`), await page.eval(`cells('functions').find((r) => r[0] === 'parse').join('')`));
	await page.eval('history.back()');
	await page.settle(200);
	const link = url + await page.eval('location.hash');
	await page.eval('history.back()');
	await page.settle(400);
	log('back', await page.eval(`width('web') < full() && location.hash`));
	await page.eval('history.forward()');
	await page.settle(400);
	log('forward', await page.eval(`width('web') === full()`));
	await open(page, link);
	log('permalink', await page.eval(`width('web') === full() && V().tree.name(V().zoom)`));
	await page.key('Escape');
	await page.settle(350);
	log('out', await page.eval(`V().zoom`));
}

async function keyboard(page, log) {
	await page.eval('V().scroller.focus()');
	for (const key of ['ArrowDown', 'ArrowDown'])
		await page.key(key);
	const label = () => page.eval(`focused().getAttribute('aria-label').split(';')[0] + ' level ' + focused().getAttribute('aria-level')`);
	log('down', await label());
	await page.key('ArrowUp');
	await page.key('ArrowLeft');
	log('left', await label());
	await page.key('End');
	log('end', await label());
	const ax = (await page.accessibility()).filter((n) => n.role === 'treeitem');
	log('tree', ax.length > 3, 'expanded', ax.filter((n) => n.expanded).length > 0, 'level', ax.some((n) => n.level === 2));
	log('tree says', (await page.accessibility()).find((n) => n.role === 'treeitem' && /^job;/.test(n.name))?.name);
	await page.key('Enter');
	await page.settle(350);
	log('enter', await page.eval('V().tree.name(V().zoom)'));
	await page.key('-');
	await page.settle(350);
	log('minus', await page.eval('V().zoom'));
	await page.eval(`P().go({q: 'parse'}); V().focusOn(0)`);
	const hits = [];
	for (const key of ['n', 'n', 'N']) {
		await page.key(key);
		hits.push(await page.eval('V().tree.name(V().tree.parent[V().focus]) + ">" + V().tree.name(V().focus)'));
	}
	log('matches', hits.join(' '));
	await page.key('s');
	await page.settle(100);
	log('key s', await page.eval('P().state.get().mode + " " + P().state.get().fn'));
	await page.key('l');
	log('key l', await page.eval('P().state.get().mode'));
	await page.key('i');
	log('key i', await page.eval('P().state.get().mode'));
	await page.key('i');
	log('again', await page.eval('P().state.get().mode'));
	await page.eval(`P().go({mode: 'icicle', q: '', fn: ''}); document.activeElement.blur()`);
	await page.key('?');
	log('help', await page.eval(`document.querySelector('dialog').open`));
	await page.key('Escape');
	log('help closed', await page.eval(`!document.querySelector('dialog').open`));
}

async function tables(page, log) {
	const names = () => page.eval(`cells('groups').map((r) => r[0]).join(',')`);
	log('by change', await names());
	await page.clickOn('.groups th:first-child button');
	await page.clickOn('.groups th:first-child button');
	log('by name', await names(), await page.eval(`document.querySelector('.groups th').getAttribute('aria-sort')`), await page.eval('location.hash'));
	log('words', await page.eval(`cells('groups').map((r) => r[0] + ' ' + r[r.length - 1]).join(',')`));
	await page.clickOn('.groups tbody tr:nth-child(3) td.name button');
	log('row zooms', await page.eval('V().tree.name(V().zoom)'));
	await page.key('Escape');
	await page.eval(`P().go({sort: P().state.defaults.sort})`);
	await page.settle(150);
	await page.eval(`Array.from(document.querySelectorAll('.functions td.name button:first-child')).find((b) => b.textContent === 'parse').click()`);
	await page.settle(150);
	log('row finds', await page.eval('P().state.get().q'));
	await page.eval('P().reset()');
}

async function views(page, log) {
	await page.eval(`P().pickMode('flame')`);
	await page.settle(100);
	log('flame', await page.eval(`placeOf('all').y > placeOf('job').y`));
	await page.eval(`P().go({mode: 'icicle', width: 'b'})`);
	await page.settle(100);
	log('strip', await page.eval(`document.querySelector('.strip').textContent`));
	await page.clickOn('.strip button');
	log('strip leads', await page.eval(`V().tree.name(V().zoom) + ' ' + P().state.get().width`));
	await page.eval(`P().reset()`);
	await page.eval(`P().sandwich(V().tree.fn(nodeNamed('parse')))`);
	await page.settle(100);
	log('sandwich', await page.eval(`P().views.map((v) => v.tree.children(0).map((n) => v.tree.name(n)).join('+')).join(' / ')`),
		await page.eval(`P().views.map((v) => v.tree.total[0][0] + ':' + v.tree.total[1][0]).join(' ')`), await page.eval('location.hash'));
	await page.eval(`P().pickMode('leaves')`);
	log('leaves', await page.eval(`V().tree.children(0).map((n) => V().tree.name(n)).join('+') + ' ' + V().tree.total[0][0] + ':' + V().tree.total[1][0]`));
	await page.eval(`P().go({mode: 'icicle', width: 'delta'})`);
	log('delta', await page.eval(`V().layout.whole`));
	await page.eval(`P().go({width: 'max'})`);
	await page.settle(100);
}

// Tables of the page against those of the program, and derived trees against the tree.
async function numbers(page, log, json) {
	const want = JSON.parse(fs.readFileSync(json, 'utf8')), got = await page.eval(`P().base.functions(0).map((r) => [r.name, r.total, r.own])`);
	const by = new Map(got.map((r) => [r[0], r])), near = (x, y) => Math.abs(x - y) <= 1e-4 * Math.max(1, Math.abs(x));
	const bad = want.functions.filter((f) => {
		const r = by.get(f.function);
		return !r || !near(r[1][0], f.a) || !near(r[1][1], f.b) || !near(r[2][0], f.self_a) || !near(r[2][1], f.self_b);
	});
	log('functions', want.functions.length === got.length, 'wrong', bad.length);
	const groups = await page.eval(`P().base.groups().map((r) => [r.name, r.total])`), gby = new Map(groups);
	log('processes wrong', want.processes.filter((p) => !gby.has(p.process) || !near(gby.get(p.process)[1], p.b)).length);
	log('sums', await page.eval(`(() => { const t = P().base; let bad = 0;
		const close = (x, y) => Math.abs(x - y) < 1e-6 * (1 + Math.abs(x));
		for (const row of t.functions(0)) for (const f of ['callers', 'callees']) { const d = culprit.derive[f](t, row.fn);
			for (let s = 0; s < 2; s++) bad += !close(d.total[s][0], row.total[s]); }
		const inv = culprit.derive.invert(t), same = culprit.Tree.select(t, t.own[0], t.own[1], t.ownCnt[0], t.ownCnt[1]);
		for (let s = 0; s < 2; s++) bad += !close(inv.total[s][0], t.total[s][0]) + !close(same.total[s][0], t.total[s][0]);
		return bad + ' ' + (same.cnt === t.cnt); })()`));
}

async function looks(page, log) {
	log('fills', await page.eval(FILLS));
	for (const theme of ['light', 'dark']) {
		await page.media({'prefers-color-scheme': theme});
		await page.key('?');
		const c = await page.eval(CONTRASTS);
		log('contrast', theme, await page.eval('document.documentElement.dataset.theme'), c.least >= 4.5 && c.cnt > 30 ? 'good' : JSON.stringify(c));
		await page.key('Escape');
	}
	await page.clickOn('.buttons button');
	log('switch', await page.eval('document.documentElement.dataset.theme'));
	await page.clickOn('.buttons button');
	await page.media({'prefers-reduced-motion': 'reduce'});
	log('still', await page.eval(`(() => { P().go({zoom: String(nodeNamed('web'))}); const still = V().to - V().from === V().layout.w[V().zoom]; P().reset(); return still; })()`));
	await page.media({});
	await page.media({}, 'print');
	await page.eval(`window.dispatchEvent(new Event('beforeprint'))`);
	log('print', await page.eval(`getComputedStyle(document.querySelector('.toolbar')).display + ' ' + getComputedStyle(document.querySelector('.rows')).maxHeight`));
	await page.eval(`window.dispatchEvent(new Event('afterprint'))`);
	await page.media({});
}

async function phone(page, log, url) {
	await page.size(360, 740, true);
	await open(page, url);
	log('phone', await page.eval('document.documentElement.scrollWidth <= 360'), await page.eval(`Array.from(document.querySelectorAll('main *')).filter((e) =>
		e.getClientRects().length && !e.closest('.aria') && e.getBoundingClientRect().right > 361 && !e.closest('.rows')).length`));
	const at = await page.eval(`placeOf('web')`);
	await page.tap(at.x, at.y);
	log('tap', await page.eval(`!V().tip.hidden && V().tip.querySelector('.tip-name').textContent + ' ' + V().zoom`));
	await page.tap(at.x, at.y);
	log('tap again', await page.eval('V().tree.name(V().zoom)'));
	await page.size(1200, 900);
}

module.exports = async function (page, log, url, json) {
	await page.size(1200, 900);
	await open(page, url);
	log('policy', await page.eval(`(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);
		const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; return typeof window.ran; })()`));
	await page.settle(100);
	log('refused', page.errors.filter((e) => /Content Security Policy/.test(e)).length);
	page.errors.length = page.requests.length = 0;
	const at = await page.eval(`placeOf('job')`);
	await page.move(at.x, at.y);
	log('tip', await page.eval(`V().tip.innerText.replace(/\\s+/g, ' ')`));
	log('status', await page.eval(`document.querySelector('.status').textContent`));
	await searching(page, log);
	await zooming(page, log, url);
	await open(page, url);
	await keyboard(page, log);
	await tables(page, log);
	await views(page, log);
	await numbers(page, log, json);
	await looks(page, log);
	await phone(page, log, url);
	log('errors', JSON.stringify(page.errors));
	log('requests', page.requests.every((r) => r === 'about:blank' || r.split('#')[0] === url));
};
