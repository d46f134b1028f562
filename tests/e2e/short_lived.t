#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Processes of a few milliseconds are named from what the kernel tells about exec, not from /proc, where they are no more.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

cat >many.sh <<'END'
i=0
while [ $i -lt 60 ]; do
	"$1" 8
	i=$((i + 1))
done
END
run culprit record --hz 499 -o short.folded -- bash many.sh "$TARGETS/exit_at_once"
is "$status" 0 'record exits 0'
burst=$(count short.folded '(^|;)short_burst(;|$)')
named=$(count short.folded '^exit_at_once;.*main;.*short_burst')
diag "60 processes of 8 ms: $burst samples in their function, $named with their label"
at_least "$burst" 100 'they were seen'
at_least "$(share "$named" "$burst")" 98 'and named'
is "$(count short.folded '^bash many\.sh;.*short_burst')" 0 'none of it is billed to the shell that started them'

# Children that never exec go by the program that they were forked from.
run culprit record --hz 499 -o forked.folded -- "$TARGETS/exit_at_once" 8 40
burst=$(count forked.folded '(^|;)short_burst(;|$)')
at_least "$burst" 80 'children without exec were seen'
at_least "$(share "$(count forked.folded '^exit_at_once;.*short_burst')" "$burst")" 98 'and named'
done_testing
