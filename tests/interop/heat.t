#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The page of a heat map in a real browser: what lies in which cell, ranges selected by mouse and keys, the flame graph of
# one and the difference of two, links, a process alone, two hours of it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/interop/browser.sh
. "$ROOT/tests/interop/browser.sh"

# sample NAME TIME FUNCTION
sample() {
	printf '%s 1 %s: 1 cycles:\n\t 55 %s (/bin/x)\n\t 56 main (/bin/x)\n\n' "$1" "$2" "$3"
}

{
	for s in 100 101 102 103; do
		sample beat $s.100000 work
		sample beat $s.619999 work
	done
	for us in 102.000000 102.000001 102.019999; do
		sample noise $us other
	done
} >perf.txt
culprit show perf.txt --heatmap -o heat.html 2>/dev/null
drive "$here/heat_steps.js" "file://$TMP/heat.html"
like "$out" '^policy undefined' 'the content security policy lets no other script run'
like "$out" '^label Heat map of 4 seconds from 100.000 s.*Fullest: 102.000 s; 3 samples; most: noise, 3' 'a summary for screen readers'
like "$out" '^legend 0.*3 samplesin 20 ms; a column is 1 s' 'the legend has numbers'
like "$out" '^whole -/11 Nothing is selected' 'without a selection it is all'
like "$out" '^cells 0:5=1 0:30=1 1:5=1 1:30=1 2:0=3 2:5=1 2:30=1 3:5=1 3:30=1$' 'each sample is in its cell'
like "$out" '^tip 102.000 s; 3 samples; most: noise, 3' 'pointing at a cell tells what is in it'
like "$out" '^one -/8 #b=4-111 BIncident100.080 s – 102.220 s · 2.14 s · 8 samples' 'the flame graph of a range has the samples of the range'
like "$out" '^names all>beat>main>work>noise>main>other' 'and their stacks'
like "$out" '^two 2/8 #b=4-111&a=150-200 ABaseline103.000 s – 104.000 s · 1 s · 2 samples \| BIncident' 'two ranges make a difference, backwards too'
like "$out" '^diff false true' 'in place of the single one'
like "$out" '^back -/8 #b=4-111' 'the history goes back'
like "$out" '^permalink 4/2' 'the address brings ranges back'
like "$out" '^nonsense -/11 Nothing is selected' 'an address that makes no sense is the whole'
like "$out" '^process -/3 #proc=noise 1' 'one process alone'
like "$out" '^cursor 101.040 s; 0 samples' 'arrows walk, and the cell is told'
like "$out" '^keys #b=52-103 true' 'with Shift they select'
like "$out" '^escape ""' 'Escape lets go'
like "$out" '^zoom #b=50-100&view=0-4' 'the selection can be looked at closely'
like "$out" '^dark dark' 'it follows the system to dark'
like "$out" '^colours true,true' 'more is darker on light, brighter on dark, at every step'
like "$out" '^phone true' 'nothing is wider than a phone'
like "$out" '^errors \[\]' 'no error, no warning'
like "$out" '^requests true' 'nothing is fetched'

# Two hours, with names that try to break out.
perl -e 'for my $s (0 .. 7199) {
	printf "p%d 1 %d.%06d: 1 cycles:\n\t 55 </script><script>pwned=1</script> (/bin/x)\n\t 56 f%d (/bin/x)\n\n",
		$_ % 7, 1000 + $s, ($s * 7919 + $_ * 124631) % 1000000, ($s * $_) % 4000 for 1 .. 20;
}' >long.txt
culprit show long.txt --heatmap -o long.html 2>/dev/null
at_most "$(stat -c %s long.html)" 2500000 'the page of two hours is bounded'
cat >long.js <<'END'
module.exports = async (page, log, url) => {
	await page.size(1200, 900);
	await page.goto(url);
	await page.eval('culprit.heatReady');
	await page.settle(200);
	log('columns', await page.eval('culprit.heat.grid.columns'), await page.eval('culprit.heat.scene.width'));
	log('paint', await page.eval('(() => { let best = 1e9; for (let i = 0; i < 5; i++) { culprit.heat.paint(); best = Math.min(best, culprit.heat.last.ms); } return best; })()'));
	await page.eval(`culprit.heat.go({b: '50000-180000', a: '200000-300000'})`);
	await page.settle(200);
	log('sum', await page.eval(`(() => { const d = culprit.heat.data, t = culprit.heat.flames.diff.panel.base, want = [d.count({from: 200000, to: 300000}, 0), d.count({from: 50000, to: 180000}, 0)];
		return t.samples.map((s, i) => s[0] === want[i]).join() + ' ' + want.join(); })()`));
	log('pwned', await page.eval('typeof window.pwned'));
	log('errors', JSON.stringify(page.errors));
};
END
drive "$TMP/long.js" "file://$TMP/long.html"
like "$out" '^columns (\d{2,3}) (10|15|20|30)$' 'columns of several seconds'
diag "$(grep '^paint' <<<"$out") ms"
like "$out" '^sum true,true 40000,52000' 'the sums of long ranges are right'
like "$out" '^pwned undefined' 'no name becomes markup'
like "$out" '^errors \[\]' 'no error'
done_testing
