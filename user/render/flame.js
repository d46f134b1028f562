// SPDX-License-Identifier: Apache-2.0
// What a flame graph does when scripts may run: a panel with the frame's numbers, zoom by click,
// search, the keyboard. It reads everything from the picture: <title> lines, rect coordinates,
// data-a and data-b (what the frame took), data-s (sign of its change).
(function () {
	'use strict';
	var script = document.currentScript;
	var svg = (script && script.ownerSVGElement) || document.documentElement;
	var alone = svg === document.documentElement;
	var box = svg.querySelector('.frames');
	var LEFT = +box.dataset.left, WIDTH = +box.dataset.width;
	var ROW = +box.dataset.row, CHAR = +box.dataset.char;
	var GAP = +box.dataset.gap; // wide bars are drawn so much narrower than they are
	var icicle = box.dataset.icicle === '1';
	var XHTML = 'http://www.w3.org/1999/xhtml';
	var status = svg.querySelector('.status');
	var hint = status.textContent;
	var nodes = [], outline = null, zoomed = null, focused = null, searched = '';

	function read() {
		var rootY = null, open = [];
		Array.prototype.forEach.call(box.children, function (g) {
			var rects = g.querySelectorAll('rect'), title = g.querySelector('title');
			var n = {g: g, rects: [], text: g.querySelector('text'), index: nodes.length};
			rects.forEach(function (r) {
				var w = +r.getAttribute('width');
				n.rects.push({el: r, x: +r.getAttribute('x'), w: w >= 2 - GAP ? w + GAP : w});
			});
			n.x = n.rects[0].x;
			n.w = n.rects[0].w;
			if (!title) {
				outline = n;
				return;
			}
			n.y = +rects[0].getAttribute('y');
			n.lines = title.textContent.split('\n');
			n.name = n.lines[0];
			n.a = +(g.dataset.a || 0);
			n.b = +(g.dataset.b || 0);
			n.sign = g.dataset.s === '+' ? '+ ' : g.dataset.s === '-' ? '\u2212 ' : '';
			if (rootY === null)
				rootY = n.y;
			n.depth = Math.round(Math.abs(n.y - rootY) / ROW);
			open.length = n.depth;
			n.parent = n.depth ? open[n.depth - 1] : null;
			open[n.depth] = n;
			n.children = [];
			if (n.parent)
				n.parent.children.push(n);
			g.removeChild(title); // else the browser's own tooltip covers the panel
			nodes.push(n);
		});
		for (var i = nodes.length - 1; i >= 0; i--) {
			var n = nodes[i];
			n.end = n.end || i + 1;
			if (n.parent)
				n.parent.end = Math.max(n.parent.end || 0, n.end);
		}
	}

	function label(n, width) {
		var room = Math.floor((width - 6) / CHAR), name = Array.from(n.sign + n.name);
		if (room < 3 + n.sign.length)
			return '';
		return name.length <= room ? name.join('') : name.slice(0, room - 1).join('') + '\u2026';
	}

	function place(n, x, width, ratio) {
		n.rects.forEach(function (r, i) {
			r.el.setAttribute('x', (x + (r.x - n.x) * ratio).toFixed(2));
			var w = i ? r.w * ratio : width;
			r.el.setAttribute('width', (w >= 2 ? w - GAP : w).toFixed(2));
		});
		if (!n.lines)
			return;
		var words = label(n, width);
		if (words && !n.text) {
			n.text = document.createElementNS(svg.namespaceURI, 'text');
			n.text.setAttribute('y', n.y + 12.5);
			n.g.appendChild(n.text);
		}
		if (n.text) {
			n.text.setAttribute('x', (x + 3).toFixed(2));
			n.text.textContent = words;
		}
	}

	function within(n, top) {
		return n.index >= top.index && n.index < top.end;
	}

	function zoom(to) {
		var root = nodes[0], ratio;
		to = to || root;
		zoomed = to === root ? null : to;
		ratio = WIDTH / to.w;
		nodes.forEach(function (n) {
			var above = n !== to && within(to, n), inside = within(n, to);
			n.shown = above || inside;
			n.g.style.display = n.shown ? '' : 'none';
			n.g.classList.toggle('above', above);
			if (inside)
				place(n, LEFT + (n.x - to.x) * ratio, n.w * ratio, ratio);
			else if (above)
				place(n, LEFT, WIDTH, 1);
		});
		if (outline) {
			var x = Math.max(LEFT, LEFT + (outline.x - to.x) * ratio);
			var end = Math.min(LEFT + WIDTH, LEFT + (outline.x + outline.w - to.x) * ratio);
			outline.g.style.display = end > x ? '' : 'none';
			if (end > x)
				place(outline, x, end - x, ratio);
		}
		reset.style.visibility = zoomed || searched ? 'visible' : 'hidden';
	}

	function percent(part, all) {
		return all > 0 ? (100 * part / all).toFixed(1) + '%' : 'none';
	}

	function search(words) {
		var a = 0, b = 0, hits = 0, skip = 0, test;
		searched = words;
		reset.style.visibility = zoomed || searched ? 'visible' : 'hidden';
		box.classList.toggle('searching', !!words);
		input.style.borderColor = '';
		try {
			test = new RegExp(words, words === words.toLowerCase() ? 'i' : '');
		} catch (e) {
			input.style.borderColor = '#c0392b';
			test = {test: function (s) { return s.indexOf(words) >= 0; }};
		}
		nodes.forEach(function (n) {
			var hit = words && n.depth > 0 && test.test(n.name);
			n.g.classList.toggle('hit', !!hit);
			if (!hit)
				return;
			hits++;
			if (n.index < skip)
				return; // below another match: counted there
			a += n.a;
			b += n.b;
			skip = n.end;
		});
		if (!words)
			found.textContent = '';
		else if (!hits)
			found.textContent = 'no match';
		else
			found.textContent = hits + (hits === 1 ? ' frame: ' : ' frames: ') +
				(box.dataset.single === '1' ? percent(b, nodes[0].b) :
				 percent(a, nodes[0].a) + ' of A, ' + percent(b, nodes[0].b) + ' of B');
	}

	function element(name, style, parent) {
		var e = document.createElementNS(XHTML, name);
		e.setAttribute('style', style);
		parent.appendChild(e);
		return e;
	}

	function foreign(x, y, width, height) {
		var f = document.createElementNS(svg.namespaceURI, 'foreignObject');
		f.setAttribute('x', x);
		f.setAttribute('y', y);
		f.setAttribute('width', width);
		f.setAttribute('height', height);
		svg.appendChild(f);
		return f;
	}

	// ---- panel -----------------------------------------------------------------------------

	var PANEL = 430;
	var panelAt = foreign(0, 0, PANEL, 10);
	var panel = element('div', 'font:12px/1.5 system-ui,sans-serif;color:#1d1f23;' +
		'background:#fff;border:1px solid #b9bcc3;border-radius:6px;padding:7px 10px;' +
		'box-shadow:0 3px 12px #0003;box-sizing:border-box;width:max-content;max-width:' +
		(PANEL - 10) + 'px', panelAt);
	panelAt.style.pointerEvents = 'none';
	panelAt.style.overflow = 'visible';
	panelAt.style.display = 'none';

	// "A: 1.2 cores, 3.4%; own 0.1; 12 samples" becomes a row of four cells.
	function row(table, line) {
		var m = /^(A|B|change): ([^,;]*), ([^;]*)(?:; own ([^;]*))?(?:; (.*))?$/.exec(line);
		var tr = element('tr', '', table);
		var pad = 'padding:0 12px 0 0;white-space:nowrap;';
		if (!m)
			return false;
		[m[1], m[2], m[3], m[4] ? 'own ' + m[4] : '', m[5] || ''].forEach(function (s, i) {
			element('td', pad + (i ? 'font-variant-numeric:tabular-nums' : 'color:#6b6f78'),
				tr).textContent = s;
		});
		return true;
	}

	function fillPanel(n) {
		var table;
		panel.textContent = '';
		element('div', 'font:600 12px/1.4 ui-monospace,Menlo,Consolas,monospace;' +
			'overflow-wrap:anywhere', panel).textContent =
			n.name.length > 240 ? n.name.slice(0, 239) + '\u2026' : n.name;
		n.lines.slice(1).forEach(function (line) {
			if (/^(A|B|change): /.test(line)) {
				table = table || element('table', 'border-collapse:collapse;margin-top:3px',
							 panel);
				if (row(table, line))
					return;
			}
			element('div', 'color:#6b6f78', panel).textContent = line;
		});
	}

	function showPanel(n, x, y) {
		var view = svg.viewBox.baseVal, height;
		fillPanel(n);
		panelAt.style.display = '';
		height = panel.offsetHeight || 100;
		panelAt.setAttribute('height', height + 16);
		x = Math.max(2, Math.min(x + 14, view.width - PANEL));
		y = y + 18 + height > view.height ? Math.max(2, y - height - 12) : y + 18;
		panelAt.setAttribute('x', x);
		panelAt.setAttribute('y', y);
	}

	function show(n, x, y) {
		status.textContent = Array.from(n.lines.join('  \u00b7  ')).slice(0, 190).join('');
		showPanel(n, x, y);
	}

	function hide() {
		panelAt.style.display = 'none';
		status.textContent = hint;
	}

	// ---- search box --------------------------------------------------------------------------

	var at = svg.querySelector('.controls');
	var tools = foreign(+at.getAttribute('x'), +at.getAttribute('y'), +at.getAttribute('width'), 28);
	var bar = element('div', 'display:flex;gap:8px;align-items:center;justify-content:flex-end;' +
		'font:12px system-ui,sans-serif;color:#4a4d55', tools);
	var found = element('span', 'white-space:nowrap', bar);
	var reset = element('button', 'font:inherit;padding:2px 9px;border:1px solid #b9bcc3;' +
		'border-radius:5px;background:#f4f4f2;color:#1d1f23;cursor:pointer;visibility:hidden', bar);
	var input = element('input', 'font:inherit;padding:3px 8px;width:170px;border:1px solid #b9bcc3;' +
		'border-radius:5px;background:#fff;color:#1d1f23', bar);
	reset.textContent = 'Reset';
	input.setAttribute('placeholder', 'Search (regex)   /');
	input.setAttribute('aria-label', 'Search frames by regular expression');
	input.setAttribute('type', 'search');
	input.addEventListener('input', function () { search(input.value); });
	reset.addEventListener('click', clear);

	function clear() {
		input.value = '';
		search('');
		zoom(null);
	}

	// ---- mouse and keyboard --------------------------------------------------------------------

	var byElement = new Map();

	function nodeOf(target) {
		var g = target.closest && target.closest('.frames > g');
		return g && byElement.get(g);
	}

	function focus(n) {
		if (!n || n.shown === false)
			return;
		if (focused)
			focused.g.classList.remove('focus');
		focused = n;
		n.g.id = n.g.id || svg.id + 'f' + n.index;
		n.g.setAttribute('role', 'treeitem');
		n.g.setAttribute('aria-level', n.depth + 1);
		n.g.setAttribute('aria-label', n.lines.join('; '));
		box.setAttribute('aria-activedescendant', n.g.id);
		n.g.classList.add('focus');
		show(n, +n.rects[0].el.getAttribute('x'), n.y);
	}

	function widest(n) {
		return n.children.reduce(function (best, c) {
			return !best || c.w > best.w ? c : best;
		}, null);
	}

	function sibling(n, step) {
		var all = n.parent ? n.parent.children : [n];
		return all[all.indexOf(n) + step];
	}

	function key(e) {
		var find = e.key === '/' || (e.key === 'f' && (e.ctrlKey || e.metaKey));
		var from = focused && focused.shown !== false ? focused : zoomed || nodes[0];
		var to = null;
		if (e.key === 'Escape') {
			hide();
			if (input.value && e.target === input) {
				input.value = '';
				search('');
			} else if (zoomed) {
				zoom(zoomed.parent);
			} else {
				clear();
			}
			input.blur();
		} else if (e.target === input || e.altKey) {
			return;
		} else if (find) {
			input.focus();
			input.select();
		} else if (e.ctrlKey || e.metaKey) {
			return;
		} else if (!focused && /^Arrow/.test(e.key)) {
			to = from;
		} else if (e.key === (icicle ? 'ArrowDown' : 'ArrowUp')) {
			to = widest(from);
		} else if (e.key === (icicle ? 'ArrowUp' : 'ArrowDown')) {
			to = from.parent;
		} else if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') {
			to = sibling(from, e.key === 'ArrowLeft' ? -1 : 1);
		} else if (e.key === 'Home') {
			to = nodes[0];
		} else if (e.key === 'Enter') {
			zoom(from);
			to = from;
		} else {
			return;
		}
		e.preventDefault();
		focus(to);
	}

	read();
	nodes.forEach(function (n) { byElement.set(n.g, n); });
	box.setAttribute('role', 'tree');
	box.setAttribute('tabindex', '0');
	box.setAttribute('aria-label', 'Flame graph');
	box.addEventListener('mousemove', function (e) {
		var n = nodeOf(e.target), p;
		if (!n)
			return;
		p = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
		show(n, p.x, p.y);
	});
	box.addEventListener('mouseleave', hide);
	box.addEventListener('click', function (e) {
		var n = nodeOf(e.target);
		if (n && !n.g.classList.contains('d'))
			zoom(n === zoomed ? null : n);
	});
	(alone ? window : svg).addEventListener('keydown', key);
	hint = 'Point at a frame for its numbers. Click: zoom.  / : search.  Arrows, Enter: walk.  Esc: back.';
	status.textContent = hint;
})();
