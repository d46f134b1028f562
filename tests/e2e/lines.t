#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# record --lines: functions that the compiler has put into others are frames; without it they are not.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

run culprit record --lines -o lines.folded -- "$TARGETS/inlined" 2
is "$status" 0 'record exits 0'
all=$(count lines.folded '^inlined(;|$)')
at_least "$all" 15 'the program was sampled'
at_least "$(share "$(count lines.folded '^inlined;.*main;around;between;burn$')" "$all")" 90 \
	'90 % of them are in what was inlined'

run culprit record -o plain.folded -- "$TARGETS/inlined" 3
all=$(count plain.folded '^inlined(;|$)')
at_least "$(share "$(count plain.folded '^inlined;.*main;around$')" "$all")" 90 'which is one function to all others'
is "$(count plain.folded ';between')" 0 'who do not ask'

# go tool pprof is told the lines, and finds the source by them
run culprit record --lines --raw lines.raw -o lines.pb.gz -- "$TARGETS/inlined" 2
is "$status" 0 'record writes pprof'

# Lines of the live run, and of a replay of its records.
by_line() {
	culprit show "$@" --by-line --format folded | grep '^inlined;'
}
by_line lines.pb.gz >live.lines
by_line --raw lines.raw --lines >replayed.lines
at_least "$(count live.lines 'burn tests/targets/inlined\.c:[0-9]+$')" 15 'by line, functions are told apart by it'
is "$(cat replayed.lines)" "$(cat live.lines)" 'a replay finds the same lines'
is "$(culprit show --raw lines.raw --format folded | grep -c ';between')" 0 'if it is asked to'
culprit show lines.pb.gz -o lines.svg
like "$(cat lines.svg)" '<title>burn\nin inlined(, inlined)?\nat tests/targets/inlined\.c:[0-9]+' 'a frame of the picture tells its line'
unlike "$(culprit show --raw lines.raw --format svg)" 'targets/inlined\.c' 'which nobody knows who did not ask'

# The oracle: what another library finds at each address of the function that everything was inlined into.
if command -v eu-addr2line >/dev/null; then
	read -r from size < <(nm -S "$TARGETS/inlined" | awk '$4 == "around" { print $1, $2 }')
	for ((at = 16#$from; at < 16#$from + 16#$size; at++)); do
		printf '0x%x\n' "$at"
	done | xargs eu-addr2line -i -f -e "$TARGETS/inlined" |
		perl -ne 'chomp; s/ inlined at .*//; if ($. % 2) { $name = $_ } else { s/:\d+$//; s/^.*(tests\/targets)/$1/; print "$name $_\n" }' |
		sort -u >oracle
	tr ';' '\n' <live.lines | sed -n 's/ [0-9]*$//; /^\(around\|between\|burn\) /p' | sort -u >found
	at_least "$(grep -c . found)" 4 'lines to compare'
	is "$(comm -23 found oracle)" '' 'each of them is one that eu-addr2line finds in the function'
fi
if go tool pprof -h 2>&1 | grep -q -- -raw; then
	export HOME=$TMP PPROF_TMPDIR=$TMP
	burn=$(grep -n 'burn(' "$ROOT/tests/targets/inlined.c" | head -1 | cut -d: -f1)
	run go tool pprof -raw lines.pb.gz
	like "$out" " burn tests/targets/inlined\.c:[0-9]+ s=$burn\$" 'pprof has file, line and where the function begins'
	run go tool pprof -lines -top lines.pb.gz
	like "$out" ' burn tests/targets/inlined\.c:[0-9]+$' '-lines -top counts by line'
	run go tool pprof -list '^burn$' -source_path "$ROOT" lines.pb.gz
	like "$out" 'ROUTINE =+ burn in tests/targets/inlined\.c' '-list finds the source'
	like "$out" ' [0-9.]+m?s +[0-9.]+m?s +[0-9]+:.*[;{]' 'and puts time beside it'
	go tool pprof -proto -output again.pb.gz lines.pb.gz >/dev/null 2>&1
	culprit show again.pb.gz -o again.folded
	culprit show lines.pb.gz -o once.folded
	is "$(sort again.folded)" "$(sort once.folded)" 'what pprof writes of them is read as the same functions'
fi
is "$(culprit show lines.pb.gz --format folded | grep -c 'main;around;between;burn ')" 1 'one function at several lines is one'

strip -o inlined-stripped "$TARGETS/inlined"
run culprit record --lines -o stripped.folded -- ./inlined-stripped 1
is "$(count stripped.folded ';between')" 0 'a file without debug information has no lines'
at_least "$(count stripped.folded '^inlined-stripped;')" 5 'and is profiled'
done_testing
