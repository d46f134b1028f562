#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# --pid takes a process and what it starts, whatever else runs; also what it had started before.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

start "$TARGETS/threads" 15 1 # somebody else
other=$started
cat >family.sh <<'END'
"$1/busy_loop" 10 &
sleep 1
"$1/exit_at_once" 300 2
"$1/fork_storm" 2 20 1 >/dev/null
wait
END
start bash family.sh "$TARGETS"
target=$started
sleep 0.4
run culprit record -d 6s -p "$target" -o family.folded
is "$status" 0 'record exits 0'
at_least "$(count family.folded '^busy_loop;.*spin_inner')" 30 'a child that was there before'
at_least "$(count family.folded '^exit_at_once;.*short_burst')" 15 'a child that is started later, and its own children'
at_least "$(count family.folded '^fork_storm;.*child_work')" 15 'grandchildren of a few milliseconds'
# fork_storm executes /proc/self/exe: in the middle of that execve the kernel calls it "exe".
is "$(labels family.folded | grep -Evxc 'busy_loop|exit_at_once|fork_storm|bash family\.sh|sleep|exe')" 0 'and nobody else'
stop "$other"
stop "$target"

run culprit record -d 1s -p 4194304
is "$status" 2 'a process that is not there: exit status 2'
run culprit record -d 1s -p 0
is "$status" 2 'a process that cannot be'
done_testing
