#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A CPU goes offline and comes back while the agent samples: it goes on, its windows know how many CPUs there are, and
# what runs on the CPU after its return is seen.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/../../e2e/profile.sh"

online=/sys/devices/system/cpu/cpu1/online
[ -w "$online" ] || skip_all 'needs two CPUs, the second to be taken offline'
is "$(nproc)" 2 'a machine with two CPUs'

# pinned NAME SECONDS - a program under this name, on the second CPU only.
pinned() {
	cp "$TARGETS/busy_loop" "$1"
	start taskset -c 1 "./$1" "$2"
}

# windows - the number of CPUs of each window of the store, in order.
windows() {
	culprit show store --windowed -o all.folded
	perl -ne 'print "$1\n" if /^# window .*\bcpus=(\d+)/' all.folded
}

# shellcheck disable=SC2317 # called by wait_for
cpus_are() {
	[ "$(windows | tail -n 1)" = "$1" ]
}

start culprit agent --store store --window 500ms
agent=$started
wait_for 20 test -e store/lock
start "$TARGETS/same_name" 240 left # anywhere
pinned before 240
sleep 4
ok 'two CPUs at first' wait_for 20 cpus_are 2

echo 0 >"$online"
is "$(cat "$online")" 0 'the second CPU is offline'
ok 'windows with one CPU follow' wait_for 20 cpus_are 1
stop "$started"
sleep 2

echo 1 >"$online"
is "$(cat "$online")" 1 'it is back'
ok 'windows with two CPUs follow' wait_for 20 cpus_are 2
pinned after 240
sleep 4
stop "$started"

# As fast as it goes, also while a recording begins and ends.
# shellcheck disable=SC2317 # called by start
flip() {
	while :; do
		echo 0 >"$online"
		echo 1 >"$online"
	done
}
start flip
flipping=$started
run culprit record -d 3s -o flipped.folded
is "$status" 0 'a recording while the CPU comes and goes'
at_least "$(count flipped.folded '^same_name;.*left_work')" 30 'has what ran'
stop "$flipping"
echo 1 >"$online" 2>/dev/null

ok 'the agent goes on through all that' kill -0 "$agent"
stop "$agent"
is $? 0 'and ends well'
windows >list
like "$(uniq list | tr '\n' ' ')" '^(1 )?2 1 2 ' 'the number of CPUs is in the windows'
at_least "$(count all.folded '^before;.*spin_inner')" 20 'what was pinned to the CPU was seen before'
at_least "$(count all.folded '^after;.*spin_inner')" 20 'and what is pinned to it after its return as well'
run culprit ls --store store
unlike "$out" '^ +[1-9]\d*  (late|ring_full|store_write) ' 'no sample is lost'
done_testing
