#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Samples of processes that live for milliseconds are fully named: process, each function, up to the entry point. Nobody
# has rules for such a process when its first sample comes, which is often its last.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"
need_program make

run "$ROOT/tests/unwind/short_lived.sh" --no-perf --seconds 4
diag "$out"
is "$err" '' 'nothing went wrong'
for load in storm:95 shell:85 build:85; do
	row=$(grep "^| ${load%:*} " <<<"$out" | tr -d '|%')
	read -r _ samples named _ <<<"$row"
	at_least "${samples:-0}" 50 "${load%:*}: samples"
	at_least "${named:-0}" "${load#*:}" "${load%:*}: fully named"
done

# Stacks of 60 KiB, as compilers have them.
culprit record -o deep.folded -- "$TARGETS/fork_storm" 4 8 2 50 >record.log 2>&1
deep=$(count deep.folded 'child_work')
at_least "$deep" 50 'deep stacks: samples'
at_least "$(share "$(count deep.folded ';_start;.*main;(child_deep;){50}child_main;child_work')" "$deep")" 85 'deep stacks: whole' ||
	diag "$(cat record.log)"
done_testing
