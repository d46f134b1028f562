#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Blame is as often right as it was when this was written, and as seldom wrong, over fixed seeds. `make accuracy` measures;
# these floors only notice that a change has made it worse, with room for another compiler's rounding.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

grid=$O/tests/accuracy/grid
"$grid" quick 280 9000 2 >"$TMP/grid.tsv" || bail 'grid quick fails'

is "$(wc -l <"$TMP/grid.tsv")" 281 'each world has a row'
is "$("$grid" quick 1 9004 | tail -n 1 | cut -f 1-24)" "$(grep -P '\t9004\t' "$TMP/grid.tsv" | cut -f 1-24)" \
	'the same seed gives the same world and the same verdict'

floor() {
	run perl "$ROOT/tests/accuracy/tables.pl" --floors "$1" "$TMP/grid.tsv"
	is "$status" 0 "$1: $2" || diag "$out $err"
}
"$grid" short 20 9000 2 >"$TMP/short.tsv" || bail 'grid short fails'
short() {
	run perl "$ROOT/tests/accuracy/tables.pl" --floors "$1" "$TMP/short.tsv"
	is "$status" 0 "$1: $2" || diag "$out $err"
}
floor top1-target=88 'the culprit is first with right labels, three incidents, 5 % of the node'
floor top1-one-wrong=60 '…with one label wrong'
floor top3-all=76 '…among the first three, whatever the world'
floor named-target=25 'and is named'
floor 'wrong-hits<=2' 'seldom another one is'
floor 'wrong-null<=2' 'seldom anybody where nobody did it'
short named-short=85 'short windows: the culprit is named'
short 'wrong-short<=2' '…and nobody else'
is "$(perl "$ROOT/tests/accuracy/tables.pl" --floors top1-target=100.1 "$TMP/grid.tsv" | cut -d ' ' -f 1)" BROKEN \
	'a floor that does not hold is found'
run perl "$ROOT/tests/accuracy/tables.pl" "$TMP/grid.tsv"
like "$out" '^\| all \| 140 \|' 'the table of rivals'
like "$out" '^\| 0\.9-1\.0 \|' 'the table of calibration'
done_testing
