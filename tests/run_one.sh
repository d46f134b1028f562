#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run_one.sh TEST - what prove calls for each test: a time limit, and afterwards nothing of it is left running. Whatever
# the test has started carries a mark in its environment, also what made itself a session of its own; what still carries
# it when the test has ended is killed. The output goes through a file, for a process left behind would hold a pipe open.
#
# With CI=true on a kernel that has BPF, a test that skipped for want of BPF has failed.
set -u
limit=${TEST_TIMEOUT:-120}
log=$(mktemp "${TMPDIR:-/tmp}/culprit-tap.XXXXXX")
CULPRIT_TEST_MARK="$$.$(date +%s%N)"
export CULPRIT_TEST_MARK

# Called by the traps; one path of /proc is one word.
# shellcheck disable=SC2317,SC2013
finish() {
	local environ pid
	for environ in $(grep -lzs "^CULPRIT_TEST_MARK=$CULPRIT_TEST_MARK\$" /proc/[0-9]*/environ); do
		pid=${environ#/proc/}
		pid=${pid%/environ}
		[ "$pid" = $$ ] || kill -KILL "$pid" 2>/dev/null
	done
	rm -f "$log"
}
trap finish EXIT
trap 'exit 143' TERM INT

timeout -k 5 "$limit" "$@" </dev/null >"$log" &
wait $!
status=$?
cat "$log"

if [ "$status" = 124 ] || [ "$status" = 137 ]; then
	echo "# killed after $limit seconds"
fi
if [ "${CI:-}" = true ] && [ -e /sys/kernel/btf/vmlinux ] && grep -qi '# skip.*bpf' "$log"; then
	echo '# CI must run the BPF tests on a kernel that has BPF; they were skipped'
	[ "$status" != 0 ] || status=1
fi
exit "$status"
