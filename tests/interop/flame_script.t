#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the script inside a flame graph does, in a real browser: search, zoom, keyboard.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/interop/browser.sh
. "$ROOT/tests/interop/browser.sh"

cat >a.folded <<'END'
web;main;parse 40
web;main;render;escape 60
old;main;leave 10
END
cat >b.folded <<'END'
web;main;parse 42
web;main;render;escape 30
job;run;parse;parse;hash 128
END
run culprit diff a.folded b.folded -o x.svg
is "$status" 0 'a diff is drawn'

# The steps run in the page; each leaves one line of what a person would see.
cat >steps.js <<'END'
window.addEventListener('load', function () {
	var log = [], svg = document.querySelector('svg');
	function frames() {
		return Array.from(svg.querySelectorAll('.frames > g')).filter(function (g) {
			return g.style.display !== 'none' && g.querySelector('text');
		});
	}
	function named(name) {
		return frames().filter(function (g) {
			return g.querySelector('text').textContent.replace(/^. /, '') === name;
		})[0];
	}
	function width(name) {
		return Math.round(named(name).querySelector('rect').getAttribute('width'));
	}
	function press(key) {
		svg.dispatchEvent(new KeyboardEvent('keydown', {key: key, bubbles: true}));
	}
	function type(words) {
		var input = svg.querySelector('input');
		input.value = words;
		input.dispatchEvent(new Event('input'));
	}
	function found() {
		return svg.querySelector('span').textContent;
	}
	var before = width('web');
	type('^parse$');
	log.push('search ' + found());
	type('PARSE');
	log.push('case ' + found());
	type('(');
	log.push('broken ' + found());
	type('');
	named('web').dispatchEvent(new MouseEvent('click', {bubbles: true}));
	log.push('zoom ' + width('web') + ' ' + (named('job') ? 'job' : 'alone'));
	press('Escape');
	log.push('back ' + (width('web') === before) + ' ' + (named('job') ? 'job' : 'alone'));
	press('ArrowDown');
	press('ArrowDown');
	press('ArrowDown');
	log.push('walk ' + svg.querySelector('.focus').getAttribute('aria-label').split(';')[0]);
	press('ArrowLeft');
	log.push('sibling ' + svg.querySelector('.focus').getAttribute('aria-label').split(';')[0]);
	press('Enter');
	log.push('enter ' + (named('web') ? 'web' : 'alone'));
	named('job').dispatchEvent(new MouseEvent('mousemove', {bubbles: true, clientX: 50, clientY: 50}));
	log.push('status ' + svg.querySelector('.status').textContent.split('\u00b7')[0].trim());
	document.body.innerHTML = '<pre>' + log.join('\n') + '</pre>';
});
END
open_svg x.svg steps.js
like "$out" 'search 3 frames: 36\.4% of A, 85\.0% of B' 'search counts the topmost of nested matches'
like "$out" 'case no match' 'a capital letter makes the search mind the case'
like "$out" 'broken no match' 'a broken expression is taken as plain text'
like "$out" 'zoom 1159 alone' 'a click zooms to the whole width and leaves the others out'
like "$out" 'back true job' 'Escape goes back'
like "$out" 'walk run' 'the arrows walk up the widest tower'
like "$out" 'sibling run' 'where there is no sibling they stay'
like "$out" 'enter alone' 'Enter zooms'
like "$out" 'status job' 'pointing at a frame shows its name'
done_testing
