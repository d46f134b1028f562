#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run_targets.sh PROGRAMS CPU_TICKS [gdb] - runs the targets of targets.txt, one after the other, each under its own name,
# until it has used that much CPU time (clock ticks), and stops it where it is busy. With gdb, that is asked then for the
# stacks of them all (gdb_stacks.py): ./gdb.out, its lines beginning with the target's name. ./ran has the names of those
# that ran; a target that no compiler was there for is left out. PROGRAMS is the folder with what rules.mk builds. To be
# run in an empty folder.
set -u
here=$(cd "$(dirname "$0")" && pwd)
programs=${1:?} ticks=${2:?} gdb=${3:-}
declare -A pids

# shellcheck disable=SC2317 # called by the trap
cleanup() {
	trap - EXIT
	kill -KILL "${pids[@]}" 2>/dev/null
}
trap cleanup EXIT
trap 'exit 143' TERM INT

# Clock ticks of CPU time so far; empty when the process is gone.
used() {
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat" 2>/dev/null
}

# Until it has been busy long enough; false when it has ended, or 20 s are over.
wait_busy() { # PID
	local now tries=400
	while now=$(used "$1") && [ -n "$now" ] && [ $((tries -= 1)) -gt 0 ]; do
		[ "$now" -lt "$ticks" ] || return 0
		sleep 0.05
	done
	return 1
}

run() { # NAME PROGRAM [ARGUMENT]
	local pid
	[ -x "$programs/$2" ] || return 0
	cp "$programs/$2" "$1"
	"./$1" ${3:+"$3"} 110 &
	pid=$!
	pids[$1]=$pid
	if [ "$1" = odd-vfork ]; then # the parent waits until its child has ended
		sleep 0.1
		pid=$(pgrep -P "$pid") || return 0
		pids[$1-child]=$pid
	fi
	wait_busy "$pid" || return 0
	kill -STOP "$pid"
	echo "$1" >>ran
	busy="$busy $pid"
	names[pid]=$1
}

busy='' names=()
while IFS='|' read -r name command _; do
	# shellcheck disable=SC2086 # words
	run "$name" ${command/PLUGIN/$programs/plugin.so}
done < <(sed -n 's/ *| */|/g; /^[^#]/p' "$here/targets.txt")
[ -n "$gdb" ] || exit 0
DEBUGINFOD_URLS='' PIDS=$busy gdb -nx -batch -x "$here/gdb_stacks.py" 2>/dev/null | while read -r kind pid stack; do
	[ "$kind" != STACK ] || echo "${names[pid]} $stack"
	[ "$kind" != ERROR ] || echo "${names[pid]}: $stack" >&2
done >gdb.out
exit 0
