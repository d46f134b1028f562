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

run culprit record -o plain.folded -- "$TARGETS/inlined" 1
all=$(count plain.folded '^inlined(;|$)')
at_least "$(share "$(count plain.folded '^inlined;.*main;around$')" "$all")" 90 'which is one function to all others'
is "$(count plain.folded ';between')" 0 'who do not ask'

strip -o inlined-stripped "$TARGETS/inlined"
run culprit record --lines -o stripped.folded -- ./inlined-stripped 1
is "$(count stripped.folded ';between')" 0 'a file without debug information has no lines'
at_least "$(count stripped.folded '^inlined-stripped;')" 5 'and is profiled'
done_testing
