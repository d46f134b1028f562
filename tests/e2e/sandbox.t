#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The processes in which strangers' files are parsed begin and end with the program, and keep nothing of its open.
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
done_testing
