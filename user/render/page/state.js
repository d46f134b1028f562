// SPDX-License-Identifier: Apache-2.0
/*
 * state.js - what a reader has done, in the URL's fragment: #zoom=812&q=parse&mode=flame
 *
 *	new State(prefix, defaults, changed)	 changed(state) is called when the reader goes back,
 *						 forward or edits the fragment
 *	get()					 all values, as strings
 *	set(changes, keep)			 keep: no entry of its own in the history (typing)
 *
 * Values equal to their default are left out. Several graphs in a page have prefixes of their own.
 */
culprit.State = class State {
	constructor(prefix, defaults, changed) {
		this.prefix = prefix;
		this.defaults = defaults;
		this.values = this.read();
		window.addEventListener('popstate', () => this.follow(changed));
		window.addEventListener('hashchange', () => this.follow(changed));
	}

	read() {
		const values = Object.assign({}, this.defaults), all = new URLSearchParams(location.hash.slice(1));
		for (const key of Object.keys(values))
			if (all.has(this.prefix + key))
				values[key] = all.get(this.prefix + key);
		return values;
	}

	follow(changed) {
		const now = this.read();
		if (JSON.stringify(now) === JSON.stringify(this.values))
			return;
		this.values = now;
		changed(now);
	}

	get() {
		return this.values;
	}

	set(changes, keep) {
		const all = new URLSearchParams(location.hash.slice(1));
		this.values = Object.assign({}, this.values, changes);
		for (const [key, v] of Object.entries(this.values)) {
			if (v === this.defaults[key])
				all.delete(this.prefix + key);
			else
				all.set(this.prefix + key, v);
		}
		const text = all.toString(), url = text ? '#' + text : location.pathname + location.search;
		// A page inside another one may have no history to write to.
		try {
			if (keep)
				history.replaceState(null, '', url);
			else if ('#' + text !== (location.hash || '#'))
				history.pushState(null, '', url);
		} catch (e) {
			location.hash = text;
		}
	}
};
