// SPDX-License-Identifier: Apache-2.0
/*
 * main.js - puts a Panel into every <section data-flame="ID">, and what the page has once: the
 * switch of the theme, the keys, the help, the printout.
 *
 * Whoever wants other pictures in the same page leaves data-flame out and does it himself (core.js).
 * culprit.panels are those that were made; culprit.ready settles when all of them stand.
 */
culprit.panels = [];

culprit.theme = (function () {
	const dark = matchMedia('(prefers-color-scheme: dark)'), KEY = 'culprit-theme';

	function stored() {
		try {
			return localStorage.getItem(KEY);
		} catch (e) {
			return null;
		}
	}

	function current() {
		return document.documentElement.dataset.theme;
	}

	function apply(name) {
		document.documentElement.dataset.theme = name;
		culprit.panels.forEach((p) => p.setTheme(name));
		document.dispatchEvent(new CustomEvent('culprit-theme', {detail: name}));
	}

	function wanted() {
		return stored() || (dark.matches ? 'dark' : 'light');
	}

	function toggle() {
		const name = current() === 'dark' ? 'light' : 'dark';
		try {
			localStorage.setItem(KEY, name);
		} catch (e) {
			// A page without storage forgets the choice, no more.
		}
		apply(name);
	}

	dark.addEventListener('change', () => apply(wanted()));
	return {apply, current, wanted, toggle};
})();

culprit.help = (function () {
	const KEYS = [['\u2190 \u2191 \u2192 \u2193', 'walk from frame to frame'], ['Enter, +', 'zoom into the frame'], ['\u2212, Esc', 'zoom out, clear the search'],
		['/', 'search'], ['n, N', 'next and previous match'], ['s', 'callers and callees of the frame (shift-click)'],
		['i', 'icicle or flame'], ['l', 'leaf first'], ['Home, End', 'first and last sibling'], ['Alt+\u2190', 'back, as everywhere'], ['?', 'this list']];
	let dialog = null;

	function build() {
		const {el} = culprit, list = el('dl');
		KEYS.forEach(([key, text]) => list.append(el('dt', null, el('kbd', null, key)), el('dd', null, text)));
		dialog = el('dialog', {className: 'help', '$aria-label': 'Keys'}, el('h2', null, 'Keys'), list,
			el('p', null, 'The address keeps zoom, search and view: copy it to send what you see.'),
			el('form', {method: 'dialog'}, el('button', {type: 'submit'}, 'Close')));
		document.body.append(dialog);
	}

	return function () {
		if (!dialog)
			build();
		if (!dialog.open)
			dialog.showModal();
	};
})();

culprit.ready = (async function () {
	const {el} = culprit;

	async function mount(section) {
		try {
			const data = await culprit.data.load(section.dataset.flame);
			const prefix = culprit.panels.length ? section.id + '-' : '';
			const panel = new culprit.Panel(section, data, {prefix});
			culprit.panels.push(panel);
			panel.setTheme(culprit.theme.current());
		} catch (e) {
			section.append(el('p', {className: 'note'}, 'This browser cannot show the flame graph: ' + e.message));
			throw e;
		}
	}

	function key(e) {
		const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);
		if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || (typing && e.key !== 'Escape') || document.querySelector('dialog[open]'))
			return;
		const panel = culprit.panels.find((p) => p.section.contains(e.target)) || culprit.panels[0];
		if (e.key === '?')
			culprit.help();
		else if (!panel || !panel.command(e.key))
			return;
		e.preventDefault();
	}

	// On paper the rows out of sight would be missing: the first of them are all there.
	function printing(on) {
		culprit.panels.forEach((p) => [p.groups, p.functions].forEach((t) => {
			t.all = on ? 40 : 0;
			t.fill(true);
		}));
		culprit.theme.apply(on ? 'light' : culprit.theme.wanted());
	}

	function addButtons() {
		const head = document.querySelector('header.head');
		if (head)
			head.append(el('div', {className: 'buttons'},
				el('button', {type: 'button', className: 'quiet', title: 'Dark or light', '$aria-label': 'Dark or light', onclick: culprit.theme.toggle}, '\u25d0'),
				el('button', {type: 'button', className: 'quiet', title: 'Keys', '$aria-label': 'Keys', onclick: culprit.help}, '?')));
	}

	culprit.theme.apply(culprit.theme.wanted());
	addButtons();
	document.addEventListener('keydown', key);
	window.addEventListener('beforeprint', () => printing(true));
	window.addEventListener('afterprint', () => printing(false));
	for (const section of document.querySelectorAll('section[data-flame]'))
		await mount(section);
})();
