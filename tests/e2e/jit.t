#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Code that a run-time compiler has put into anonymous memory is named by the map that it leaves in /tmp/perf-PID.map.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

run culprit record -o jit.folded -- "$TARGETS/jit" 2
is "$status" 0 'record exits 0'
all=$(count jit.folded '^jit(;|$)')
at_least "$all" 30 'the program was seen'
at_least "$(share "$(count jit.folded '^jit;.*main;run_compiled;Hot::loop')" "$all")" 90 'its compiled code is named' ||
	diag "$(head -n 5 jit.folded)"

# A map written by somebody else is a tenant's word about another tenant's code: it is not believed.
start "$TARGETS/jit" 10
target=$started
sleep 0.3
map=/tmp/perf-$target.map
[ -f "$map" ] || bail "$map is missing"
sed 's/Hot::loop/Forged/' "$map" >forged
rm -f "$map"
chmod 644 forged && chown 65534:65534 forged && cp -p forged "$map"
run culprit record -d 1s -p "$target" -o forged.folded
is "$(count forged.folded 'Forged')" 0 'a map that belongs to another user is not believed'
at_least "$(count forged.folded '^jit;.*run_compiled;\[')" 10 'what has no name then has a stable one in brackets'
unlike "$(cat forged.folded)" '0x[0-9a-f]{4}' 'never an address'
stop "$target"
rm -f "$map"
done_testing
