#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The page of a verdict in a real browser: the answer is on the first screen, lanes and numbers agree with the JSON, the flame
# graph opens at the process, both themes have contrast, it fits a phone, it stands without scripts, nothing is fetched.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/cli/prelude.sh
. "$ROOT/tests/cli/prelude.sh"
# shellcheck source=tests/interop/browser.sh
. "$ROOT/tests/interop/browser.sh"
ln -s "$DATA" data

history hours=1
culprit blame --store st slow -o r.html -o r.json >/dev/null
drive "$here/verdict_steps.js" "file://$TMP/r.html" "$TMP/r.json"
like "$out" '^title Who is behind '"'slow'"'\?' 'the question'
like "$out" '^lead nightly-report is behind '"'slow'"': \+1\.27 cores .* in 5 of 5 recurrences; checkout-service lost CPU\.$' 'and the answer'
like "$out" '^tiles CPU added:\+1\.27 cores,Recurrences:5 of 5,Sure:9\d\.\d %,By luck:' 'what one must know of it'
like "$out" '^first screen true' 'all of it on the first screen'
like "$out" '^lanes wrong 0 of 5' 'each level is where its number says'
like "$out" '^hits hit,hit,hit,hit,hit' 'hits are marked'
like "$out" '^suspects true' 'the table has the suspects of the JSON output'
like "$out" '^evidence closed true' 'the evidence of each recurrence is not in the way'
like "$out" '^evidence ,hit,hit,hit,hit,hit true' 'a click opens it'
like "$out" '^opens all>nightly-report' 'the flame graph opens at the process'
like "$out" '^out all$' 'Escape leads out of it'
like "$out" '^address all>' 'an address goes before that'
like "$out" '^contrast light good' 'text has contrast'
like "$out" '^contrast dark good' 'in the dark, too'
like "$out" '^phone true' 'nothing is wider than a phone'
like "$out" '^print 6' 'a printout has all of it'
like "$out" '^errors \[\]' 'no error, no warning'
like "$out" '^requests true' 'nothing is fetched'
like "$out" '^policy undefined' 'the content security policy lets no other script run'

# Names that would be markup, and a history in which nothing is named.
perl data/make_history.pl truth=truth incidents=1 'culprit=</title><script>alert(1)</script>"x' >history.folded
rm -rf st
store_history
run culprit blame --store st slow -o hostile.html
is "$status" 1 'one incident names nobody'
cat >hostile.js <<'END'
module.exports = async (page, log, url) => {
	await page.size(1200, 900);
	await page.goto(url);
	await page.eval('culprit.ready');
	await page.settle(150);
	log('kind', await page.eval(`document.querySelector('.kind b').textContent`));
	log('scripts', await page.eval(`document.querySelectorAll('script:not([type])').length`));
	log('name', await page.eval(`document.querySelector('.card h3').textContent`));
	log('crumbs', await page.eval(`Array.from(document.querySelectorAll('.crumbs button'), (b) => b.textContent).join('|')`));
	log('errors', JSON.stringify(page.errors));
};
END
drive "$TMP/hostile.js" "file://$TMP/hostile.html"
like "$out" '^kind Not yet' 'the page says that it cannot tell yet'
like "$out" '^scripts 1$' 'a name is no script'
like "$out" '^name </title><script>alert\(1\)</script>"x ' 'it is shown as it is'
like "$out" '^crumbs all\|</title><script>alert\(1\)</script>"x' 'and found in the graph'
like "$out" '^errors \[\]' 'without an error'

# Two causes, and somebody who is asked about.
rm -rf st
history hours=12 incidents=8 second=db-vacuum
culprit blame --store st slow --explain postgres -o two.html >/dev/null
cat >two.js <<'END'
module.exports = async (page, log, url) => {
	await page.size(390, 800, true);
	await page.goto(url);
	await page.eval('culprit.ready.then(() => 1)');
	await page.settle(200);
	log('lead', await page.eval(`document.querySelector('.lead').textContent`));
	log('explained', await page.eval(`document.querySelector('.explained h2').textContent`));
	log('rows', await page.eval(`document.querySelectorAll('.explained .evidence tr').length`));
	log('causes', await page.eval(`Array.from(document.querySelectorAll('.facts .culprit td:first-child'), (t) => t.textContent).join()`));
	await page.eval(`document.querySelectorAll('summary').forEach((s) => s.click())`);
	log('phone', await page.eval('document.documentElement.scrollWidth <= 390'));
	log('errors', JSON.stringify(page.errors));
};
END
drive "$TMP/two.js" "file://$TMP/two.html"
like "$out" '^lead nightly-report explains 4 of 8 recurrences of .slow. \(\+1\.44 cores\); db-vacuum explains 4 of 8' 'both causes are in the answer'
like "$out" '^explained postgres is not named for .slow.' 'who is asked about has a part of the page'
like "$out" '^rows 9' 'with all recurrences'
like "$out" '^causes nightly-report,db-vacuum' 'both are marked in the table'
like "$out" '^phone true' 'nothing is wider than a phone'
like "$out" '^errors \[\]' 'without an error'
done_testing
