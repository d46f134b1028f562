#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# One pid, two programs, one after the other: what the first has done is never billed to the second, nor named by it.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

cp "$TARGETS/pid_reuse" afterlife
run culprit record -o reuse.folded -- "$TARGETS/pid_reuse" 700 "$TMP/afterlife"
[ "$status" = 0 ] || bail "record: $err"
like "$out" '^pid \d+$' 'the program has made it that one pid was used twice' ||
	diag 'clone3 with set_tid must work for root'
first=$(count reuse.folded '(^|;)first_life(;|$)')
second=$(count reuse.folded '(^|;)second_life(;|$)')
diag "$first samples in the first life, $second in the second"
at_least "$first" 30 'the first life was seen'
at_least "$second" 30 'so was the second'
is "$(count reuse.folded '^pid_reuse;.*first_life')" "$first" 'the first goes by its own program'
is "$(count reuse.folded '^afterlife;.*second_life')" "$second" 'and the second by its own'
# A sample in the first instructions of a function, before its frame is set up, misses the caller.
at_least "$(count reuse.folded '^(pid_reuse;.*main;first_life;burn|afterlife;.*main;second_life;burn)')" \
	$((first + second - 4)) 'main to leaf'
is "$(labels reuse.folded | grep -Evc '^(afterlife|pid_reuse|culprit)$')" 0 'there is nobody else'

# The same through an agent's store, where the windows of both lives are added up.
start culprit agent --store store --window 500ms
agent=$started
wait_for 10 test -e store/lock
sleep 1
"$TARGETS/pid_reuse" 700 "$TMP/afterlife" >/dev/null
sleep 0.7
stop "$agent"
is $? 0 'the agent ends well'
culprit show store -o store.folded
first=$(count store.folded '(^|;)first_life(;|$)')
second=$(count store.folded '(^|;)second_life(;|$)')
at_least "$first" 20 'the first life is stored'
at_least "$second" 20 'so is the second' || diag "$(grep -E 'life|^afterlife' store.folded | head -n 5)"
is "$(count store.folded '^pid_reuse;.*first_life')/$(count store.folded '^afterlife;.*second_life')" "$first/$second" \
	'each under its own name'
done_testing
