// SPDX-License-Identifier: Apache-2.0
/*
 * search.js - compile(text) → a regular expression (null when empty); small letters mind no case, a
 * broken expression is taken as plain text.
 * hits(frames, regex) → for each function 1 when its name matches.
 * measure(tree, hits) → {cnt, total}: nodes that match, and what the topmost of them took: a match
 * below a match adds nothing.
 */
culprit.search = (function () {
	function compile(text) {
		if (!text)
			return null;
		const plain = text.replace(/\\./g, ''), flags = plain === plain.toLowerCase() ? 'i' : '';
		try {
			return new RegExp(text, flags);
		} catch (e) {
			return new RegExp(quote(text), flags);
		}
	}

	function quote(text) {
		return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
	}

	function hits(frames, regex) {
		return Uint8Array.from(frames.fns, (f) => f.name && regex.test(f.name) ? 1 : 0);
	}

	function measure(tree, found) {
		const total = [0, 0];
		let cnt = 0, until = 0;
		for (let n = 1; n < tree.cnt; n++) {
			if (!found[tree.fn(n)])
				continue;
			cnt++;
			if (n < until)
				continue;
			until = tree.end[n];
			total[0] += tree.total[0][n];
			total[1] += tree.total[1][n];
		}
		return {cnt, total};
	}

	return {compile, quote, hits, measure};
})();
