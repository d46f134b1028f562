#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Two processes of one program: one label for both, all of the CPU time; with --pid only the one that was asked for.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

start "$TARGETS/same_name" 12 left
left=$started
start "$TARGETS/same_name" 12 right
# shellcheck disable=SC2034 # read as ${!side}
right=$started
sleep 0.2
run culprit record -d 2s -o both.folded
is "$status" 0 'record exits 0'
at_least "$(count both.folded '^same_name;.*left_work')" 20 'the one is there'
at_least "$(count both.folded '^same_name;.*right_work')" 20 'and the other'
is "$(labels both.folded | grep -c same_name)" 1 'under one label'
run culprit show both.folded --format text
is "$(printf '%s\n' "$out" | grep -c ' same_name$')" 1 'which is one row of the table'

for side in left right; do
	other=$([ "$side" = left ] && echo right || echo left)
	run culprit record -d 1s -p "${!side}" -o one.folded
	is "$status" 0 "--pid of the $side one"
	is "$(labels one.folded)" same_name 'nothing but this program'
	at_least "$(count one.folded "${side}_work")" 10 'its work is there'
	is "$(count one.folded "${other}_work")" 0 "the other's is not"
done

stop "$left"
run culprit record -d 1s -p "$left"
is "$status" 2 'a process that is gone: exit status 2'
like "$err" "^culprit record: --pid $left: no such process$" 'with the reason'
done_testing
