#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kill -9 of the writing agent at random moments, again and again on one store. After each kill the store opens, every
# window that a reader had seen is there and equal, and the next agent starts at once.
#
# CULPRIT_CRASH_ROUNDS=n does it n times instead of 50; give it the time with TEST_TIMEOUT. CULPRIT_CRASH_SEED=n repeats
# the moments of a run.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/../e2e/profile.sh"

rounds=${CULPRIT_CRASH_ROUNDS:-50}
seed=${CULPRIT_CRASH_SEED:-$$}
RANDOM=$seed
diag "$rounds rounds, CULPRIT_CRASH_SEED=$seed"

start "$TARGETS/threads" $((rounds * 3 + 60)) 1
start "$TARGETS/fork_storm" $((rounds * 3 + 60)) 10 1 >/dev/null

# keeps SEEN NOW - is all that was seen still there, line by line? Both are windowed text, in order of time.
keeps() {
	local lines
	lines=$(wc -l <"$1")
	[ "$lines" = 0 ] || head -n "$lines" "$2" | cmp -s - "$1"
}

: >seen
unreadable=0 changed=0 late=0 grown=0 noisy=0
for ((i = 1; i <= rounds; i++)); do
	"$CULPRIT" agent --store store --window 100ms 2>agent.err &
	agent=$!
	test_pids+=("$agent")
	wait_for 15 grep -q 'sampling at' agent.err || {
		late=$((late + 1))
		diag "round $i: $(cat agent.err)"
	}
	sleep "0.$(printf '%03d' $((200 + RANDOM % 750)))"
	# What a reader sees while the agent runs is a promise; every second time nobody looks before the kill.
	if [ $((i % 2)) = 0 ]; then
		if culprit show store --windowed -o now 2>now.err; then
			keeps seen now || changed=$((changed + 1))
			mv now seen
		elif [ -s seen ]; then
			unreadable=$((unreadable + 1))
			diag "round $i, alive: $(cat now.err)"
		fi
		sleep "0.0$((RANDOM % 90 + 10))"
	fi
	kill -KILL "$agent"
	wait "$agent" 2>/dev/null
	test_pids=("${test_pids[@]:0:2}")
	if ! culprit show store --windowed -o now 2>now.err || ! culprit ls --store store >listing 2>>now.err; then
		unreadable=$((unreadable + 1))
		diag "round $i, killed: $(cat now.err)"
		continue
	fi
	[ ! -s now.err ] || {
		noisy=$((noisy + 1))
		diag "round $i: $(cat now.err)"
	}
	keeps seen now || {
		changed=$((changed + 1))
		diag "round $i: $(diff seen now | head -n 6)"
	}
	[ "$(grep -c '^# window' now)" -le "$(grep -c '^# window' seen)" ] || grown=$((grown + 1))
	mv now seen
done
is "$unreadable" 0 'the store could be read after each kill'
is "$noisy" 0 'without a warning of damage'
is "$changed" 0 'every window that was seen once is there, and equal'
is "$late" 0 'each new agent has started at once'
windows=$(grep -c '^# window' seen)
diag "$windows windows survived, $grown of $rounds rounds added some"
at_least "$grown" $((rounds / 2)) 'most of the rounds were killed while they wrote'
at_least "$windows" "$rounds" 'and left windows behind'
like "$(cat listing)" "^1 block, $windows windows|^[2-9] blocks, $windows windows" 'ls counts the same ones'

start culprit agent --store store --window 100ms
agent=$started
sleep 1
stop "$agent"
is $? 0 'an agent that is not killed ends well'
run culprit ls --store store
unlike "$out" '^ +[1-9]\d*  (late|ring_full|store_write) ' 'no sample is lost but those of the windows that were being written'
culprit show store --windowed -o now
ok 'and has changed nothing' keeps seen now
done_testing
