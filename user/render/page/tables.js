// SPDX-License-Identifier: Apache-2.0
/*
 * tables.js - class Table: rows of numbers that sort by any column. Only the rows in sight are in
 * the document (a profile has a hundred thousand functions); two rows of the right height stand for
 * the others, and aria-rowcount says how many there are.
 *
 *	new Table(place, {title, columns, sort, unit, pick(row), more(row), sorted(key),
 *				 hidden: called by the button of setHidden()})
 *	column: {key, head, text(row), sort(row), cls, bar(row): -1 … 1, quiet(row)}; the first one is
 *		the name
 *	setRows(rows)	row: {name, module, …}
 *	setSort('key' or '-key')
 *	mark(test(row))	 rows to set off
 */
culprit.Table = class Table {
	constructor(place, options) {
		const {el} = culprit;
		this.options = options;
		this.rows = [];
		this.sort = options.sort;
		this.title = el('span', null, options.title);
		this.count = el('span', {className: 'count'});
		this.hidden = el('button', {type: 'button', className: 'quiet', hidden: true, onclick: options.hidden});
		this.heads = options.columns.map((c) => this.head(c));
		this.body = el('tbody');
		this.table = el('table', null, el('thead', null, el('tr', null, ...this.heads)), this.body);
		this.scroller = el('div', {className: 'rows', tabIndex: 0, $role: 'group', '$aria-label': options.title}, this.table);
		place.append(el('h2', null, this.title, ' ', this.count, ' ', this.hidden), this.scroller);
		this.scroller.addEventListener('scroll', () => this.fill());
		this.sizes = new ResizeObserver(() => this.fill());
		this.sizes.observe(this.scroller);
	}

	release() {
		this.sizes.disconnect();
	}

	head(column) {
		const {el} = culprit, button = el('button', {type: 'button', onclick: () => this.pickSort(column)}, column.head);
		return el('th', {$scope: 'col', className: column.cls || ''}, button);
	}

	pickSort(column) {
		const down = this.sort === '-' + column.key;
		this.setSort((down ? '' : '-') + column.key);
		if (this.options.sorted)
			this.options.sorted(this.sort);
	}

	setSort(sort) {
		if (!this.options.columns.some((c) => c.key === sort.replace(/^-/, '')))
			sort = this.options.sort;
		this.sort = sort;
		this.arrange();
	}

	setRows(rows) {
		this.rows = rows;
		this.arrange();
	}

	// What to say of rows that are left out, on a button; '' for nothing.
	setHidden(text) {
		this.hidden.textContent = text;
		this.hidden.hidden = !text;
	}

	mark(test) {
		this.marked = test;
		this.fill(true);
	}

	// Numbers by size, names by letter; equal ones by name.
	arrange() {
		const down = this.sort.startsWith('-'), key = this.sort.replace(/^-/, '');
		const column = this.options.columns.find((c) => c.key === key), of = column.sort, sign = down ? -1 : 1;
		const byName = (x, y) => x.name < y.name ? -1 : x.name > y.name ? 1 : 0;
		this.rows.sort((x, y) => {
			const p = of(x), q = of(y);
			return (p < q ? -sign : p > q ? sign : 0) || byName(x, y);
		});
		this.options.columns.forEach((c, i) => this.heads[i].setAttribute('aria-sort',
			c.key !== key ? 'none' : down ? 'descending' : 'ascending'));
		this.count.textContent = culprit.value.count(this.rows.length) + (this.options.unit ? ' \u00b7 ' + this.options.unit : '');
		this.table.setAttribute('aria-rowcount', String(this.rows.length + 1));
		this.fill(true);
	}

	rowHeight() {
		return parseFloat(getComputedStyle(this.scroller).getPropertyValue('--table-row')) || 28;
	}

	space(cnt, height) {
		const cell = culprit.el('td', {colSpan: this.options.columns.length});
		cell.style.height = cnt * height + 'px';
		return culprit.el('tr', {className: 'spacer', '$aria-hidden': 'true'}, cell);
	}

	fill(again) {
		const height = this.rowHeight(), EXTRA = 8;
		const first = Math.max(0, Math.floor(this.scroller.scrollTop / height) - EXTRA);
		const cnt = this.all ? this.all : Math.ceil(this.scroller.clientHeight / height) + 2 * EXTRA;
		const last = Math.min(this.rows.length, first + cnt);
		if (!again && this.shown === first + ':' + last)
			return;
		this.shown = first + ':' + last;
		const rows = [];
		for (let i = first; i < last; i++)
			rows.push(this.row(this.rows[i], i));
		if (!this.rows.length)
			rows.push(culprit.el('tr', {className: 'none'}, culprit.el('td', {colSpan: this.options.columns.length}, 'nothing')));
		this.body.replaceChildren(this.space(first, height), ...rows, this.space(this.rows.length - last, height));
	}

	row(row, index) {
		const {el} = culprit, cells = this.options.columns.map((c, i) => i ? this.cell(c, row) : this.nameCell(c, row));
		return el('tr', {className: this.marked && this.marked(row) ? 'marked' : '', '$aria-rowindex': String(index + 2)}, ...cells);
	}

	nameCell(column, row) {
		const {el} = culprit, {pick, more} = this.options, name = culprit.tip.cut(row.name || '[no name]', 300);
		const cell = el('td', {className: 'name'}, el('button', {type: 'button', title: name + (row.module ? '\n' + row.module : ''),
			onclick: () => pick(row)}, name));
		if (more)
			cell.append(el('button', {type: 'button', className: 'more', title: 'Callers and callees',
				'$aria-label': 'Callers and callees of ' + name, onclick: () => more(row)}, '\u21c5'));
		return cell;
	}

	cell(column, row) {
		const {el} = culprit, text = column.text(row), cell = el('td', {className: column.cls || ''}, text);
		if (column.quiet && column.quiet(row))
			cell.classList.add('within');
		if (!column.bar || cell.classList.contains('within'))
			return cell;
		const size = Math.max(-1, Math.min(1, column.bar(row)));
		const bar = el('span', {className: 'bar ' + (size < 0 ? 'less' : 'more')});
		bar.style.width = Math.abs(size) * 50 + '%';
		cell.prepend(el('span', {className: 'track', '$aria-hidden': 'true'}, bar));
		return cell;
	}
};
