#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent: windows on the beat of the wall clock, readable while it writes, all CPU time in them, a clean end.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

# windows FILE - start and length of each, from the windowed text.
windows() {
	perl -ne 'print "$1 $2\n" if /^# window start=([\d.]+) length=([\d.]+)/' "$1"
}

start culprit agent --store store --window 500ms
agent=$started
# shellcheck disable=SC2317 # called by wait_for
stored() {
	culprit show store --windowed 2>/dev/null | grep -q '^# window'
}
wait_for 10 stored
start "${clocked[@]}" cpu "$TARGETS/threads" 5 2
load=$started
sleep 1.2

# Somebody else on the same store.
run timeout 10 "$CULPRIT" agent --store store
is "$status" 2 'a second agent on the same store is refused'
like "$err" "another process \\(pid $agent\\) writes to this store" 'with the pid of the first'

# Readers, while it writes.
bad=0
reads=0
before=0
for _ in 1 2 3 4 5 6 7 8; do
	for how in 'ls --store store' 'show store' 'show store --windowed' 'show store --format json'; do
		# shellcheck disable=SC2086 # words
		run culprit $how
		reads=$((reads + 1))
		[ "$status" = 0 ] && [ -z "$err" ] && continue
		bad=$((bad + 1))
		diag "$how: exit status $status: $err"
	done
	culprit show store --windowed -o now.folded
	now=$(windows now.folded | wc -l)
	[ "$now" -ge "$before" ] || {
		bad=$((bad + 1))
		diag "$before windows, and then $now"
	}
	before=$now
	sleep 0.1
done
is "$bad" 0 "$reads reads while the agent writes, all well"
run culprit mark --store store slow --start
is "$status" 0 'a mark is set while the agent writes'
run culprit blame --store store --incident now-2s..now-1s
ok 'blame reads too' test "$status" -le 1

wait "$load"
sleep 0.3
stop "$agent"
is $? 0 'SIGTERM ends it with exit status 0'
ended=$(date +%s.%N)
culprit show store --windowed -o all.folded
windows all.folded >list
at_least "$(wc -l <list)" 8 'there are windows'
is "$(sed '1d;$d' list | perl -ane '$n++ if abs($F[0] * 2 - int($F[0] * 2 + 0.5)) > 1e-6 || abs($F[1] - 0.5) > 1e-6;
	END { print $n // 0 }')" 0 'all but the first and the last begin at a multiple of 500 ms and are as long'
is "$(perl -ane '$bad++ if defined $end && abs($F[0] - $end) > 0.02; $end = $F[0] + $F[1]; END { print $bad // 0 }' list)" 0 \
	'each begins where the one before it ended'
near "$(tail -n 1 list | awk '{ printf "%.3f", $1 + $2 }')" "$ended" 0 1.2 'the last one, cut short by SIGTERM, is stored'

culprit show store -o all.json
cpu=$(cpu_seconds cpu)
# shellcheck disable=SC2016 # Perl
got=$(json '(map { $_->{b} } grep { $_->{process} eq "threads" } @{$d->{processes}})[0] * $d->{b}{length_s}' all.json)
diag "two threads: $cpu CPU seconds by the kernel, $got by the windows"
near "$got" "$cpu" 10 0.08 'the CPU time of a load is all there, within 10 %'
at_least "$cpu" 2.5 'and it was a load'

run culprit ls --store store
is "$status" 0 'ls'
like "$out" "^1 block, $(wc -l <list) windows, [1-9]\\d* samples, [1-9]\\d* bytes" 'it knows as many windows'
like "$out" ' process=threads$' 'and the series'
unlike "$out" '^ +[1-9]\d*  (late|ring_full|store_write) ' 'no sample is lost'

# It can go on where it has stopped.
start culprit agent --store store --window 500ms
agent=$started
sleep 1.6
stop "$agent" INT
is $? 0 'SIGINT ends it as well'
culprit show store --windowed -o more.folded
at_least "$(windows more.folded | wc -l)" "$(($(wc -l <list) + 2))" 'a second run adds to the store'
is "$(windows more.folded | head -n "$(wc -l <list)")" "$(cat list)" 'and changes nothing of the first'
done_testing
