// SPDX-License-Identifier: Apache-2.0
/*
 * aria.js - a canvas says nothing to a screen reader: beside it stands a tree of the focused node's
 * neighbourhood. It is an ARIA tree with the usual keys; the focused item is the tree's active
 * descendant, its ancestors are expanded, its siblings and children are there to be counted. A tree
 * of 200,000 items would be no help to anyone.
 */
culprit.Aria = class Aria {
	constructor(tree) {
		this.element = tree;
		this.place = culprit.el('div', {className: 'aria'});
		Aria.made = (Aria.made || 0) + 1;
		this.prefix = 'item' + Aria.made + '-';
		tree.append(this.place);
		tree.setAttribute('role', 'tree');
		tree.setAttribute('aria-label', 'Flame graph');
	}

	item(tree, n, index, size, expanded) {
		const item = culprit.el('div', {id: this.prefix + n, $role: 'treeitem', '$aria-level': String(tree.depth[n] + 1),
			'$aria-label': culprit.tip.line(tree, n), '$aria-setsize': String(size), '$aria-posinset': String(index + 1)});
		if (tree.end[n] > n + 1)
			item.setAttribute('aria-expanded', String(expanded));
		return item;
	}

	// Children of `parent` near `at`, the group that they form.
	group(tree, parent, at, open) {
		const all = tree.children(parent), index = Math.max(0, all.indexOf(at)), NEAR = 12;
		const group = culprit.el('div', {$role: 'group'});
		for (let i = Math.max(0, index - NEAR); i < Math.min(all.length, index + NEAR + 1); i++)
			group.append(this.item(tree, all[i], i, all.length, all[i] === at && open));
		return group;
	}

	show(tree, n) {
		if (n < 0) {
			this.element.removeAttribute('aria-activedescendant');
			this.place.replaceChildren(this.item(tree, 0, 0, 1, false));
			return;
		}
		const path = tree.path(n), MAX_LEVELS = 40;
		let item = this.item(tree, 0, 0, 1, true);
		this.place.replaceChildren(item);
		for (let i = Math.max(1, path.length - MAX_LEVELS); i < path.length; i++) {
			const group = this.group(tree, path[i - 1], path[i], true);
			item.append(group);
			item = group.querySelector('#' + this.prefix + path[i]);
		}
		item.setAttribute('aria-selected', 'true');
		if (tree.end[n] > n + 1)
			item.append(this.group(tree, n, -1, false));
		this.element.setAttribute('aria-activedescendant', item.id);
	}
};
