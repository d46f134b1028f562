#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kill -9 of whoever pushes, at random moments, again and again: no window is lost, none arrives under another time, and
# what is sent twice is the same bytes.
#
# CULPRIT_CRASH_ROUNDS=n kills it n times instead of 40; CULPRIT_CRASH_SEED=n repeats the moments of a run.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
need_program curl
export HOME=$TMP PPROF_TMPDIR=$TMP

rounds=${CULPRIT_CRASH_ROUNDS:-40}
seed=${CULPRIT_CRASH_SEED:-$$}
RANDOM=$seed
diag "$rounds rounds, CULPRIT_CRASH_SEED=$seed"
made store $((rounds * 40)) 5
backend got
control '{"sleep_ms":3}'
sending=(culprit spool send --store store --push "$url" --push-rate 0 --spool-age 0s --node n1)
killed=0 busy=0 before=0
for ((i = 1; i <= rounds; i++)); do
	start "${sending[@]}" >/dev/null 2>>send.err
	sleep "0.$(printf '%03d' $((20 + RANDOM % 180)))"
	kill -KILL "$started" 2>/dev/null && killed=$((killed + 1))
	wait "$started" 2>/dev/null
	now=$(stat_of requests)
	[ "$now" = "$before" ] || busy=$((busy + 1))
	before=$now
done
at_least "$busy" $((rounds / 3)) 'many of the rounds were killed while they sent'
diag "$killed killed, $busy of them while sending; $(stat_of duplicates) profiles came twice"
at_least "$(stat_of duplicates)" 1 'some of it was sent twice'
control '{}'
run "${sending[@]}"
is "$status" 0 'the last one sends the rest'
is "$(stat_of nanoseconds)" "$(nanoseconds store)" 'nothing is lost'
is "$(stat_of profiles)" $((rounds * 40 * 5)) 'each profile of each window is there'
is "$(stat_of conflicts)" 0 'nothing came with other bytes, or under another time'
is "$(stat_of refused)" '{}' 'nothing was refused'
run culprit spool ls --store store
is "$out" "$url/: 0 windows to be sent" 'and the spool is empty'
done_testing
