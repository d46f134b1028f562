#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Where a process runs is a label of its series: container, pod and unit, read from its control group, also when it has
# ended.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"
need_bpf

root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$root" ] || skip_all 'no cgroup v2 hierarchy is mounted'
base=$root/culprit-places.$$
id=$(printf '%064d' 7 | tr 0 a)
uid=0a1b2c3d-1111-2222-3333-445566778899
container=$base/kubepods/pod$uid/$id
unit=$base/web.service

at_end remove_cgroups "$container" "${container%/*}" "$base/kubepods" "$unit" "$base"
mkdir -p "$container" "$unit" 2>/dev/null || skip_all "cannot make a cgroup below $root"

# shellcheck disable=SC2016 # the inner shell expands it
within() {
	start bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$@"
}

start culprit agent --store store --window 1s 2>agent.err
agent=$started
wait_for 15 grep -q 'sampling at' agent.err
within "$container" "$TARGETS/busy_loop" 3
within "$unit" "$TARGETS/threads" 3 1
start "$TARGETS/busy_loop" 3
sleep 5
stop "$agent" INT

# of TERM… - the series with these labels.
of() {
	culprit show store "${@/#/--match=}" --format folded -o of.folded
}
of "container_id=$id"
at_least "$(count of.folded '^busy_loop;.*spin_inner')" 10 'the container of a process that has ended'
is "$(count of.folded '^(?!busy_loop;|bash[; ])')" 0 'and nothing else but the shell that became it'
of "pod_uid=$uid"
at_least "$(count of.folded '^busy_loop;')" 10 'its pod'
of container_id= process=busy_loop
at_least "$(count of.folded '^busy_loop;')" 10 'apart from one of that name in none'
of unit=web.service
at_least "$(count of.folded '^threads;')" 10 'the unit of a service'
of 'container_id!=' 'unit!='
is "$(count of.folded .)" 0 'what is in a container is in no unit'
run culprit show store --group-by container_id,process --format json
like "$out" "$id" 'profiles can be grouped by it'
done_testing
