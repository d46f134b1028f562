// SPDX-License-Identifier: Apache-2.0
// page_steps.js - what page.sh measures: CPU milliseconds of the page's main thread.
'use strict';

module.exports = async function (page, log, url) {
	const row = (what, ms, more) => log('    ' + what.padEnd(34) + ms.toFixed(2).padStart(9) + ' ms' + (more ? '  ' + more : ''));
	await page.send('Performance.enable', {timeDomain: 'threadTicks'});
	const cpu = async () => (await page.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value * 1000;
	const time = async (what, times, work, more) => {
		const before = await cpu();
		await page.eval(`(() => { const p = culprit.panels[0], v = p.views[0]; for (let i = 0; i < ${times}; i++) { ${work}; } })()`);
		row(what, (await cpu() - before) / times, more && await page.eval(more));
	};
	const boxes = `culprit.panels[0].views[0].last.boxes + ' boxes'`;
	await page.size(1400, 1000);
	const before = await cpu();
	await page.goto(url);
	await page.eval('culprit.ready.then(() => 1)');
	await page.settle(200);
	row('until it stands', await cpu() - before, await page.eval(`culprit.panels[0].base.cnt + ' nodes'`));
	await time('a frame, all in sight', 20, 'v.paint()', boxes);
	await time('the pointer over another box', 200, 'v.hover = 1 + i; v.mark()');
	await page.eval(`(() => { const p = culprit.panels[0]; p.go({zoom: String(p.base.groups()[1].node)}); })()`);
	await page.settle(500);
	await time('a frame, zoomed to one process', 20, 'v.paint()', boxes);
	await time('a search', 5, `p.shown.q = null; p.search('a' + i); culprit.search.measure(p.base, p.hits)`);
	await time('layout', 5, `culprit.layout(p.base, 'max', 'name')`);
	await time('table of functions', 5, 'p.base.functions(0)');
	await time('leaf first', 2, 'culprit.derive.invert(p.base)');
};
