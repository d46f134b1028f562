#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A full disk: the agent goes on sampling, says so once, stores again when there is room, and counts what it gave up.
# What was stored before stays as it was.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

small_disk disk 320k

first=disk/store
"$CULPRIT" agent --store "$first" --window 100ms 2>agent.err &
agent=$!
test_pids+=("$agent")
wait_for 10 test -e "$first/lock"
start "$TARGETS/threads" 120 1
# shellcheck disable=SC2317 # called by wait_for
stored() {
	[ "$(culprit show "$first" --windowed 2>/dev/null | grep -c '^# window')" -ge 3 ]
}
wait_for 10 stored || diag "$(cat agent.err)"
culprit show "$first" --windowed -o before.folded
at_least "$(grep -c '^# window' before.folded)" 3 'windows were stored while there was room'

# The rest of the room goes to somebody else; the agent then has more new windows than it keeps.
# What the store itself lets go of for a moment is taken too.
hog() {
	local until=$((SECONDS + $1))
	while [ $SECONDS -lt $until ]; do
		dd if=/dev/zero of=disk/hog bs=1k oflag=append conv=notrunc 2>/dev/null
		sleep 0.02
	done
}
hog 7
ok 'the agent goes on' kill -0 "$agent"
like "$(cat agent.err)" 'cannot write a window: .*the disk is full' 'it warns'
failing=$(grep -c 'cannot write a window' agent.err)
at_most "$failing" $(($(grep -c 'writing works again' agent.err) + 1)) 'when it begins, not for each window'
run culprit show "$first" --windowed -o during.folded
is "$status" 0 'the store can be read'
is "$(head -n "$(wc -l <before.folded)" during.folded | cksum)" "$(cksum <before.folded)" \
	'what was stored before is as it was' || diag "$err
$(head -n 3 during.folded)
$(ls -l "$first")
$(cat agent.err)"

rm disk/hog
# shellcheck disable=SC2317 # called by wait_for
works() {
	[ "$(grep -c 'writing works again' agent.err)" = "$failing" ]
}
ok 'it tells when writing works again' wait_for 8 works || diag "$(cat agent.err)"
run culprit ls --store "$first"
like "$out" '^ +[1-9]\d*  store_write ' 'what had to be given up meanwhile is counted in the store'

culprit show "$first" --windowed -o last.folded
hog 2
start hog 8
stop "$agent"
is $? 2 'ended with windows that could not be stored: exit status 2'
like "$(tail -n 2 agent.err)" 'windows with \d+ samples of \d+ processes; lost [1-9]\d* samples' \
	'the last words count the lost samples'
like "$(tail -n 1 agent.err)" '^culprit agent: \d+ windows could not be stored: .*the disk is full' 'and say why'
stop "$started"
rm -f disk/hog
run culprit show "$first" --windowed -o after.folded
is "$status" 0 'the store can be read'
is "$(head -n "$(wc -l <last.folded)" after.folded | cksum)" "$(cksum <last.folded)" 'and holds what it held'

# No room from the beginning.
dd if=/dev/zero of=disk/hog bs=4k 2>/dev/null
run timeout 20 "$CULPRIT" import --store disk/second "$DATA/a.folded"
is "$status" 2 'no room for a store: exit status 2'
like "$err" '^culprit import: .*disk/second.*(disk is full|No space left on device)' 'with the reason'
done_testing
