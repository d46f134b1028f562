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
run culprit record --lines -o lines.pb.gz -- "$TARGETS/inlined" 2
is "$status" 0 'record writes pprof'
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
