// SPDX-License-Identifier: Apache-2.0
/*
 * verdict_steps.js - looks at the page of a verdict: node browser.js … verdict_steps.js URL JSON
 */
'use strict';
const fs = require('fs');
const CONTRASTS = require('./contrast.js');

const text = (page, selector) => page.eval(`document.querySelector(${JSON.stringify(selector)}).textContent`);
const crumbs = (page) => page.eval(`Array.from(document.querySelectorAll('.crumbs button'), (b) => b.textContent).join('>')`);

async function open(page, url, width, height, mobile) {
	await page.size(width, height, mobile);
	await page.goto(url);
	await page.eval('culprit.ready.then(() => 1)');
	await page.settle(200);
}

// Each dot against what the JSON output says of that recurrence.
async function lanes(page, log, entity) {
	const dots = await page.eval(`Array.from(document.querySelectorAll('.card:first-child .lane svg'), (svg) => {
		const r = svg.getBoundingClientRect(), d = svg.querySelector('.dot').getBoundingClientRect();
		return (d.x + d.width / 2 - r.x) / r.width;
	})`);
	const top = Math.max(entity.baseline_band[1], ...entity.levels);
	const wrong = dots.filter((x, k) => Math.abs(x - (0.01 + 0.97 * entity.levels[k] / top)) > 0.004).length;
	log('lanes wrong', wrong, 'of', dots.length);
	log('hits', await page.eval(`Array.from(document.querySelectorAll('.card:first-child tr:not(.axis)'), (r) => r.className).join(',')`));
}

module.exports = async (page, log, url, json) => {
	const verdict = JSON.parse(fs.readFileSync(json)), suspects = verdict.culprits.filter((e) => e.role !== 'victim');

	await page.media({'prefers-color-scheme': 'light'});
	await open(page, url, 1280, 800);
	log('title', await text(page, 'h1'));
	log('lead', await text(page, '.lead'));
	log('tiles', await page.eval(`Array.from(document.querySelectorAll('.tiles dt'), (t) => t.textContent + ':' +
		Array.from(t.nextSibling.childNodes).filter((n) => n.nodeName !== 'P').map((n) => n.textContent).join('')).join(',')`));
	log('first screen', await page.eval(`document.querySelector('.next').getBoundingClientRect().bottom < innerHeight`));
	await lanes(page, log, suspects[0]);
	log('suspects', await page.eval(`Array.from(document.querySelectorAll('.facts tr td:first-child'), (t) => t.textContent).join()`) ===
		verdict.culprits.map((e) => e.process).join());
	log('evidence closed', await page.eval(`!document.querySelector('.card .evidence').checkVisibility()`));
	await page.eval(`document.querySelector('.card summary').click()`);
	log('evidence', await page.eval(`Array.from(document.querySelectorAll('.card:first-child .evidence tr'), (r) => r.lastChild.textContent.trim()).join()`),
		await page.eval(`document.querySelector('.card .evidence').checkVisibility()`));
	log('opens', await crumbs(page));
	await page.key('Escape');
	log('out', await crumbs(page));
	await open(page, url + '#zoom=1', 1280, 800);
	log('address', await crumbs(page));
	for (const theme of ['light', 'dark']) {
		await page.media({'prefers-color-scheme': theme});
		await open(page, url, 1280, 800);
		const c = await page.eval(CONTRASTS);
		log('contrast', theme, c.least >= 4.5 && c.cnt > 60 ? 'good' : JSON.stringify(c));
	}
	await open(page, url, 390, 800, true);
	log('phone', await page.eval('document.documentElement.scrollWidth <= 390'));
	await page.size(1280, 800);
	await page.media({}, 'print');
	log('print', await page.eval(`Array.from(document.querySelectorAll('section:has(h2), .answer')).filter((s) => s.checkVisibility()).length`));
	await page.media({});
	log('errors', JSON.stringify(page.errors));
	log('requests', page.requests.every((r) => r === 'about:blank' || r.startsWith('file:')));
	await page.eval(`document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.pwned = 1'}))`);
	log('policy', await page.eval('String(window.pwned)'));
};
