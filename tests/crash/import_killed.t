#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kill -9 of an import while it writes: of each block all of the batch is there or nothing, the store can be read, and
# the same import works afterwards. Needs neither root nor BPF.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

rounds=${CULPRIT_CRASH_ROUNDS:-15}
seed=${CULPRIT_CRASH_SEED:-$$}
RANDOM=$seed
diag "$rounds rounds, CULPRIT_CRASH_SEED=$seed"

# Six blocks of a minute, 60 windows in each, stacks enough that writing takes a while.
perl -e 'for my $w (0 .. 359) {
	printf "# window start=%d length=1 cpus=4 hz=100 lost=0\n", 1700000040 + $w;
	printf "service-%d;main;handle;step_%d;leaf_%d %d\n", $_ % 20, $_ % 300, ($w * 7 + $_) % 5000, 1 + $_ % 9 for 1 .. 250;
}' >history.folded

import() {
	"$CULPRIT" import --store "$1" --block 60s history.folded
}

# per_block STORE - windows of each block.
per_block() {
	culprit show "$1" --windowed 2>/dev/null |
		perl -ne '$n{int($1 / 60)}++ if /^# window start=(\d+)/; END { print map { "$n{$_}\n" } sort keys %n }'
}

begin=$(date +%s%N)
import whole >/dev/null 2>&1 || bail 'the import does not work at all'
took=$((($(date +%s%N) - begin) / 1000000))
diag "undisturbed it takes $took ms"
is "$(per_block whole | sort -u)" 60 'undisturbed: 60 windows in each block'
culprit show whole --windowed -o whole.folded

halves=0 unreadable=0 stuck=0 interrupted=0 partly=0
for ((i = 1; i <= rounds; i++)); do
	rm -rf store
	culprit import --store store --at 2023-11-14T00:00:00Z --length 1s "$DATA/a.folded" >/dev/null 2>&1 ||
		bail 'cannot import a single file'
	"$CULPRIT" import --store store --block 60s history.folded >/dev/null 2>&1 &
	pid=$!
	ms=$((RANDOM % (took + 1)))
	sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
	kill -KILL "$pid" 2>/dev/null && interrupted=$((interrupted + 1))
	wait "$pid" 2>/dev/null
	run culprit show store --until 2023-11-14T12:00:00Z --format folded
	if [ "$status" != 0 ] || [ -n "$err" ] || [ "$out" != "$(culprit show "$DATA/a.folded" --format folded)" ]; then
		unreadable=$((unreadable + 1))
		diag "round $i: $status $err"
	fi
	blocks=$(per_block store | sed '1{/^1$/d}')
	! printf '%s\n' "$blocks" | grep -qvx '60\|' || {
		halves=$((halves + 1))
		diag "round $i: $(printf '%s' "$blocks" | tr '\n' ' ')"
	}
	[ -z "$blocks" ] || [ "$(printf '%s\n' "$blocks" | wc -l)" = 6 ] || partly=$((partly + 1))
	import store >/dev/null 2>&1 || stuck=$((stuck + 1))
done
diag "$interrupted of $rounds were killed while they ran, $partly between two blocks"
at_least "$interrupted" $((rounds / 3)) 'imports were killed in the middle'
is "$unreadable" 0 'what was stored before can be read, and is equal'
is "$halves" 0 'of each block all or nothing'
is "$stuck" 0 'the next import into the same store works'
done_testing
