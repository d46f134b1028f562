#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The page of a diff in a real browser, moved by real keys, clicks and taps: search, zoom, history, links, tables,
# sandwich, themes, a phone, a screen reader's tree, hostile names, a very deep stack.
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
culprit diff a.folded b.folded -o x.html
culprit diff a.folded b.folded -o x.json
drive "$here/html_steps.js" "file://$TMP/x.html" "$TMP/x.json"

like "$out" '^policy undefined' 'the content security policy lets no other script run'
like "$out" '^refused 2' 'nor an image be fetched'
like "$out" '^tip job label samples A B change ratio total 0 128 \+128 new share 0\.0% 64\.0% own 0 0 0 – change \+128 ± 11\.3' \
	'pointing at a frame shows both sides'
like "$out" '^status job; A 0 samples, 0\.0%; B 128 samples, 64\.0%; change \+128, new, new' 'and a sentence below'
like "$out" '^search 3 frames: 36\.4% of A, 85\.0% of B' 'search counts the topmost of nested matches'
like "$out" '^rows parse \| job,web' 'the tables follow the search'
like "$out" '^fragment #q=%5Eparse%24' 'the search is in the address'
like "$out" '^cleared \|$' 'Escape clears it'
like "$out" '^search PARSE no match' 'a capital letter makes the search mind the case'
like "$out" '^search \( no match' 'a broken expression is taken as plain text'
like "$out" '^zoom true #zoom=\d+' 'a click zooms to the whole width, and the address says so'
like "$out" '^crumbs all>web' 'the way to the zoomed frame'
like "$out" '^table Functions in web 3 · samples 1 within noise: show' 'the functions are those of the zoomed frame, without chance'
like "$out" '^all Functions in web 4 .* hide parse\+' 'unless asked for'
like "$out" '^back *$' 'the history goes back to the address without a fragment'
like "$out" '^forward true' 'and forward'
like "$out" '^permalink web' 'the address brings back what was seen'
like "$out" '^out 0' 'Escape zooms out'
like "$out" '^down run level 3' 'arrows walk down the widest branch'
like "$out" '^left job level 2' 'where there is no sibling they stay'
like "$out" '^end web level 2' 'End goes to the last sibling'
like "$out" '^tree true expanded true level true' 'a screen reader finds a tree'
like "$out" '^tree says job; A 0 samples, 0\.0%; B 128 samples, 64\.0%; change \+128' 'with the numbers in words'
like "$out" '^enter web' 'Enter zooms'
like "$out" '^minus 0' 'minus zooms out'
like "$out" '^matches run>parse parse>parse run>parse' 'n and N walk over what a search has found'
like "$out" '^key s sandwich parse' 's shows callers and callees'
like "$out" '^key l leaves' 'l leaf first'
like "$out" '^key i icicle' 'i the icicle'
like "$out" '^again flame' 'or the flame graph'
like "$out" '^help true' 'a question mark shows the keys'
like "$out" '^help closed true' 'and Escape puts them away'
like "$out" '^by change job,web,old' 'processes by the size of their change'
like "$out" '^by name job,old,web ascending #sort=name' 'by name, and the address knows'
like "$out" '^words job new,old gone,web ×0\.720' 'new and gone are words'
like "$out" '^row zooms old' 'a click on a process zooms'
like "$out" '^row finds \^parse\$' 'a click on a function finds it'
like "$out" '^flame true' 'a flame graph has its root at the bottom'
like "$out" '^strip Only in A: 10 samples *old 10' 'what B does not have is named'
like "$out" '^strip leads old max' 'and can be gone to'
like "$out" '^sandwich main\+run / parse 40:170 40:170 #mode=sandwich&fn=parse' 'callers and callees, recursion counted once'
like "$out" '^leaves escape\+hash\+leave\+parse 110:200' 'leaf first, the totals are the same'
like "$out" '^delta 170' 'widths by the size of the changes'
like "$out" '^functions true wrong 0' 'the functions are those of the JSON output'
like "$out" '^processes wrong 0' 'so are the processes'
like "$out" '^sums 0 true' 'callers, callees, leaf first and selections keep the sums'
like "$out" '^fills (4\.[5-9]|[5-9])\S* (4\.[5-9]|[5-9])' 'text on every fill has contrast, in both themes'
like "$out" '^contrast light light good' 'text on the page has contrast'
like "$out" '^contrast dark dark good' 'in the dark, too'
like "$out" '^switch light' 'the switch goes before what the system prefers'
like "$out" '^still true' 'who wants no motion gets none'
like "$out" '^print none none' 'a printout leaves the controls out and all rows in'
like "$out" '^phone true 0' 'nothing is wider than a phone'
like "$out" '^tap web 0' 'a tap shows the numbers'
like "$out" '^tap again web' 'a second one zooms'
like "$out" '^errors \[\]' 'no error, no warning'
like "$out" '^requests true' 'nothing is fetched'

# Several windows a side: the page judges as the tables of the program do.
windows() { # START WEB…
	local at=$1
	shift
	for web; do
		printf '# window start=%s length=10 cpus=4 hz=100 lost=0\n' "$at"
		printf 'web;main;serve %s\ndb;main;query 300\nnew;f 90\n' "$web"
		at=$((at + 10))
	done
}
windows 1700000000 500 600 400 520 610 390 480 | sed '/^new/d' >base.folded
windows 1700001000 560 610 >inc.folded
culprit diff base.folded inc.folded -o windows.html
cat >windows.js <<'END'
module.exports = async (page, log, url) => {
	await page.size(1200, 900);
	await page.goto(url);
	await page.eval('culprit.ready');
	await page.settle(200);
	await page.eval('window.t = culprit.panels[0].base');
	log('basis', await page.eval('t.facts.basis + " " + (t.facts.sigmas > 2)'));
	log('steps', await page.eval(`t.groups().map((r) => r.name + ' ' + t.step[r.node]).sort().join(',')`));
	const rows = (table) => page.eval(`Array.from(document.querySelectorAll('.${table} td.name button:first-child'), (b) => b.textContent).join(',')`);
	log('rows', await rows('groups'), '|', await rows('functions'));
	log('hidden', await page.eval(`document.querySelector('.groups h2').textContent`));
	log('line', await page.eval(`culprit.tip.line(t, t.groups().find((r) => r.name === 'web').node)`));
};
END
drive "$TMP/windows.js" "file://$TMP/windows.html"
like "$out" '^basis windows true' 'the windows are the basis of the noise'
like "$out" '^steps db 0,new 10,web 0' 'what varies from window to window is neutral'
like "$out" '^rows new \| f' 'and not in the tables'
like "$out" '^hidden Processes 1 · cores 2 within noise: show' 'which say so'
like "$out" '^line web; A 0\.500 cores, .*; B 0\.585 cores, .*, within noise' 'in words, too'

# What is pruned is summed and said.
culprit diff a.folded b.folded --min-share 0.2 -o pruned.html
cat >pruned.js <<'END'
module.exports = async (page, log, url) => {
	await page.size(1200, 900);
	await page.goto(url);
	await page.eval('culprit.ready');
	await page.settle(150);
	log('total', await page.eval(`culprit.panels[0].base.total.map((t) => t[0]).join(' ')`));
	log('markers', await page.eval(`(() => { const t = culprit.panels[0].base; return Array.from(t.frame.keys()).filter((n) => t.hidden[n]).map((n) => t.label(n) + ' ' + t.total[0][n]).join(','); })()`));
	log('footer', await page.eval(`document.querySelector('footer').textContent`));
};
END
drive "$TMP/pruned.js" "file://$TMP/pruned.html"
like "$out" '^total 110 200' 'totals are whole'
like "$out" '^markers 3 pruned 10' 'a box stands for what is pruned'
like "$out" 'Pruned: 3 frames of less than 40 samples each, together A 10, B 0 samples' 'and the footer sums it'
run culprit diff a.folded b.folded --min-share 2 -o pruned.html
is "$status" 2 'a share is at most 1'

# Names that try to break out, one profile alone, 5,000 frames deep.
{
	printf '</script><script>window.pwned=1</script>;"><img src=x onerror=window.pwned=1>;f 5\n'
	printf 'p;\xff\xfe\xe2\x80\xaemirrored\x1b[31m;<!--<script>;]]>&amp; 7\n'
	printf 'deep'
	for i in $(seq 5000); do printf ';level_%d' "$i"; done
	printf ' 100\n'
} >hostile.folded
culprit show hostile.folded -o hostile.html --title '</title><script>window.pwned=1</script>'
cat >hostile.js <<'END'
module.exports = async (page, log, url) => {
	await page.size(1200, 900);
	await page.goto(url);
	await page.eval('culprit.ready');
	await page.settle(150);
	const v = 'culprit.panels[0].views[0]';
	log('pwned', await page.eval('typeof window.pwned'), await page.eval(`document.querySelectorAll('img, iframe').length`));
	log('title', await page.eval(`document.querySelector('h1').textContent`));
	log('names', await page.eval(`Array.from(document.querySelectorAll('.groups tbody td.name button'), (b) => b.textContent).sort().join('|')`));
	log('clean', await page.eval(`!/[\\u0000-\\u001f\\u202a-\\u202e]/.test(culprit.panels[0].base.frames.strings.join(''))`));
	log('rows', await page.eval(`${v}.rows`), await page.eval(`${v}.canvas.height < 2000 && ${v}.space.offsetHeight === 5002 * 20`));
	await page.eval(`${v}.scroller.scrollTop = 1e9`);
	await page.settle(100);
	log('bottom', await page.eval(`(() => { const w = ${v}, n = w.layout.levels[5001][0], p = culprit.draw.place(w.scene(), n);
		return p.y > 0 && p.y < w.height && w.tree.name(culprit.draw.hit(w.scene(), p.x + p.w / 2, p.y + 5)); })()`));
	await page.eval(`${v}.focusOn(${v}.tree.cnt - 1)`);
	log('deep items', await page.eval(`document.querySelectorAll('[role=treeitem]').length < 3000`));
	log('errors', JSON.stringify(page.errors));
};
END
drive "$TMP/hostile.js" "file://$TMP/hostile.html"
like "$out" '^pwned undefined 0' 'no name becomes markup'
like "$out" '^title </title><script>window.pwned=1</script>' 'the title is text'
like "$out" '^names .*</script><script>window.pwned=1</script>' 'names are shown as they are'
like "$out" '^clean true' 'control characters and marks of direction are gone'
like "$out" '^rows 5002 true' 'a deep stack scrolls under a small canvas'
like "$out" '^bottom level_5000' 'down to its last frame'
like "$out" '^deep items true' 'the tree for screen readers stays small'
like "$out" '^errors \[\]' 'no error'
# Where in its source a frame was.
perl "$DATA/make_lines.pl" >lines.pb
culprit show lines.pb -o lines.html
drive "$here/html_lines_steps.js" "file://$TMP/lines.html"
like "$out" '^tip work prog, src/<work>\.c:7 \(70\.0%, and 1 other line\) samples total 10 ' 'pointing at a frame shows its line'
like "$out" '^tip leaf prog samples total 2 ' 'where one is known'
like "$out" '^errors 0$' 'and nothing is wrong'
done_testing
