#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# --cgroup takes the processes of a cgroup (v2) and of those below it.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$root" ] || skip_all 'no cgroup v2 hierarchy is mounted'
name=culprit-test.$$
group=$root/$name

at_end remove_cgroups "$group/inner" "$group"
mkdir -p "$group/inner" 2>/dev/null || skip_all "cannot make a cgroup below $root"

# within DIR COMMAND…
# shellcheck disable=SC2016 # the inner shell expands it
within() {
	start bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$@"
}

within "$group" "$TARGETS/busy_loop" 12
within "$group/inner" "$TARGETS/threads" 12 1
start "$TARGETS/same_name" 12 left
sleep 0.3

for path in "$group" "/$name"; do
	run culprit record -d 1s --cgroup "$path" -o group.folded
	is "$status" 0 "--cgroup ${path#"$root"}: record exits 0"
	at_least "$(count group.folded '^busy_loop;.*spin_inner')" 8 'its process is there'
	at_least "$(count group.folded '^threads;.*even_work')" 8 'that of the group below is there'
	is "$(labels group.folded | grep -Evxc 'busy_loop|threads')" 0 'and nobody else'
done
run culprit record -d 1s --cgroup "$group/inner" -o inner.folded
is "$(labels inner.folded)" threads 'the group below has only its own'

run culprit record -d 1s --cgroup "/$name/none"
is "$status" 2 'a cgroup that is not there: exit status 2'
like "$err" "^culprit record: --cgroup /$name/none: no such cgroup" 'with its name'
done_testing
