#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The processes in which strangers' files are parsed begin and end with the program, and keep nothing of its open. The one
# that makes the others is replaced when it dies.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

children() {
	tr ' ' '\n' <"/proc/$1/task/$1/children" | grep .
}

# sandbox_of PID - the child that is the sandbox's.
sandbox_of() {
	local pid
	for pid in $(children "$1"); do
		[ "$(cat "/proc/$pid/comm")" != culprit-sandbox ] || echo "$pid"
	done
}

# shellcheck disable=SC2317 # called by wait_for
is_watching() {
	[ "$(sandbox_of "$1")" ] && grep -q 'anon_inode:bpf' <(ls -l "/proc/$1/fd")
}

# shellcheck disable=SC2012 # names of descriptors are numbers
open_files() {
	ls -l "/proc/$1/fd" | sed -n 's/.* -> //p' | sed 's/:.*//' | sort | uniq -c | awk '{ print $2 "=" $1 }' | tr '\n' ' '
}

start culprit record -d 60s --raw raw -o all.folded
recorder=$started
wait_for 10 is_watching "$recorder" || bail 'the recorder does not start'
sandbox=$(sandbox_of "$recorder")
is "$(open_files "$sandbox")" '/dev/null=3 socket=1 ' 'the sandbox has one socket and nothing else open'
like "$(cat "/proc/$sandbox/status")" '^NoNewPrivs:\t1$' 'it cannot get rights back'
stop "$recorder" KILL
wait_for 5 test ! -e "/proc/$sandbox"
not_ok 'it ends with a recorder that is killed' test -e "/proc/$sandbox"

# ^C goes to the whole group, and names are asked for after it.
# shellcheck disable=SC2016 # the inner shell expands it
start setsid "$CULPRIT" record -d 60s -o interrupted.folded -- \
	bash -c 'echo $$ >pid; exec "$0" 60' "$TARGETS/jit"
recorder=$started
# shellcheck disable=SC2016
wait_for 20 bash -c 'test -s pid && test -s "/tmp/perf-$(cat pid).map"' || bail 'the command does not start'
sleep 3
kill -INT -- "-$recorder"
wait "$recorder"
is $? 0 'interrupted by ^C'
all=$(count interrupted.folded '^jit(;|$)')
at_least "$all" 2 'the command was seen'
at_least "$(share "$(count interrupted.folded '^jit;.*Hot::loop')" "$all")" 90 'what was seen has its names'
rm -f "/tmp/perf-$(cat pid).map"

# A pipe that the sandbox held open would keep its reader waiting.
# shellcheck disable=SC2016 # the inner shell expands it
run timeout 20 bash -c '"$CULPRIT" record -d 1s --format folded 2>/dev/null | cat >piped; echo "${PIPESTATUS[*]}"'
is "$out" '0 0' 'a reader of the output sees its end'

# A program that nobody has parsed before: its samples are named only by a new child.
# fresh NAME
fresh() {
	cp "$TARGETS/busy_loop" "$1"
	start "./$1" 120
}

# shellcheck disable=SC2317 # called by wait_for
is_named() {
	culprit show store --match "process=$1" --format folded 2>/dev/null >"$1.folded"
	[ "$(count "$1.folded" "^$1;.*spin_inner")" -gt 0 ]
}

# replaced PID - there is a sandbox, and it is not that one.
# shellcheck disable=SC2317 # called by wait_for
replaced() {
	local now
	now=$(sandbox_of "$agent")
	[ "$now" ] && [ "$now" != "$1" ]
}

# ended CAUSE - how often, by the agent's own account.
ended() {
	sed -n "s/^culprit_sandbox_deaths_total{reason=\"$1\"} //p" store/agent.prom
}

start culprit agent --store store --window 500ms 2>agent.err
agent=$started
wait_for 20 is_watching "$agent" || bail "no agent: $(cat agent.err)"
fresh before
wait_for 20 is_named before
ok 'an agent names a program' is_named before
first=$(sandbox_of "$agent")
kill -KILL "$first"
fresh after
wait_for 20 is_named after
ok 'and another one when its sandbox was killed' is_named after
ok 'out of another sandbox' replaced "$first"
sleep 1
since=$(date +%s.%N)
sleep 2
culprit show store --from "$since" --match process=after --format folded >late.folded
all=$(count late.folded '^after')
at_least "$all" 20 'its later samples'
is "$(count late.folded '^after;.*spin_inner')" "$all" 'are named, all of them'
for _ in 1 2 3; do
	last=$(sandbox_of "$agent")
	kill -KILL "$last"
	wait_for 20 replaced "$last" || bail 'it is not replaced'
done
waits=$(sed -n 's/.*sandbox: .* was ended by signal 9; another one is started in \([0-9.]*\) s,.*/\1/p' agent.err | paste -sd' ')
is "$waits" '0.1 0.2 0.4 0.8' 'each time it is waited for twice as long, and said so'
fresh much_later
wait_for 20 is_named much_later
ok 'after which files are read again' is_named much_later
wait_for 20 sh -c "grep -q 'deaths_total{reason=\"killed\"} 4' store/agent.prom"
is "$(ended killed) $(ended crashed) $(ended exited) $(ended stuck) $(ended not_started)" '4 0 0 0 0' 'the metrics count them'
like "$(cat store/agent.prom)" '^culprit_sandbox_up 1$' 'and tell that it is there'
run culprit doctor --store store
like "$out" '^ok +its parsers +[0-9]+ files read, [0-9]+ without an answer; their process died 4 times$' 'as does doctor'
is "$(children "$agent" | wc -l)" 1 'no zombie is left'
stop "$agent"
done_testing
