#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The picture of a profile, and that of a difference, recorded from this machine, opened in a real browser: it shows the
# functions, a click zooms, a search finds, and nothing is fetched.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/../e2e/profile.sh"
# shellcheck source=tests/interop/browser.sh
. "$ROOT/tests/interop/browser.sh"

start "$TARGETS/busy_loop" 20
culprit record -d 1s -o calm.folded 2>/dev/null
start "$TARGETS/threads" 20 2
culprit record -d 1s --raw busy.raw -o busy.folded 2>/dev/null
stop_all
culprit show --raw busy.raw -o profile.svg
culprit diff calm.folded busy.folded -o diff.svg

cat >steps.js <<'END'
window.addEventListener('load', function () {
	var log = [], svg = document.querySelector('svg');
	function frames(name) {
		return Array.from(svg.querySelectorAll('.frames > g')).filter(function (g) {
			var text = g.querySelector('text');
			return g.style.display !== 'none' && (!name || (text &&
				text.textContent.replace(/^[^\w\[] ?/, '') === name));
		});
	}
	function width(name) {
		var found = frames(name)[0];
		return found ? Math.round(found.querySelector('rect').getAttribute('width')) : 0;
	}
	function search(words) {
		var input = svg.querySelector('input');
		input.value = words;
		input.dispatchEvent(new Event('input'));
		return svg.querySelector('span').textContent;
	}
	var all = frames().length, before = width('threads'), zoomed;
	log.push('frames ' + (all > 5) + ' ' + (before > 0));
	log.push('found ' + search('thread_main'));
	log.push('nothing ' + search('no_such_function'));
	search('');
	frames('threads')[0].dispatchEvent(new MouseEvent('click', {bubbles: true}));
	zoomed = width('threads');
	log.push('zoom ' + (zoomed > before) + ' ' + (frames('busy_loop').length === 0));
	svg.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
	log.push('back ' + (width('threads') === before) + ' ' + (frames().length === all));
	log.push('fetched ' + performance.getEntriesByType('resource').length);
	document.body.innerHTML = '<pre>' + log.join('\n') + '</pre>';
});
END
for name in profile diff; do
	open_svg $name.svg steps.js
	out=$(printf '%s\n' "$out" | sed -n '/<pre>/,$p')
	like "$out" 'frames true true' "$name: the frames are there"
	like "$out" 'found [1-9]\d* frames?: \d' "$name: a search finds a function and says how much it is"
	like "$out" 'nothing no match' "$name: and one that is not there it does not"
	like "$out" 'zoom true true' "$name: a click makes the process wider and leaves the others out"
	like "$out" 'back true true' "$name: Escape goes back"
	like "$out" 'fetched 0' "$name: nothing is fetched"
done
done_testing
