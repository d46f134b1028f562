#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# DIR/disable takes everything out of the kernel within a second, and puts it back when it goes. The time between is not
# watched: it is not a time in which nothing ran.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"
need_program bpftool

# programs PID - the ids of the programs that it has in the kernel.
programs() {
	find "/proc/$1/fd" -lname 'anon_inode:bpf-prog' -printf "/proc/$1/fdinfo/%f\n" 2>/dev/null |
		xargs -r sed -n 's/^prog_id:[ \t]*//p' 2>/dev/null | sort -un
}

# events PID - its perf events.
events() {
	find "/proc/$1/fd" -lname 'anon_inode:\[perf_event\]' 2>/dev/null | wc -l
}

# now - in milliseconds.
now() {
	date +%s%3N
}

# gone ID… - does the kernel know none of them any more?
gone() {
	local id
	for id; do
		! bpftool prog show id "$id" >/dev/null 2>&1 || return 1
	done
}

start "$TARGETS/busy_loop" 60
mkdir store
start culprit agent --store store --window 500ms 2>agent.err
agent=$started
wait_for 20 grep -q 'sampling at' agent.err || bail "the agent does not start: $(cat agent.err)"
sleep 1.2
mapfile -t ids < <(programs "$agent")
at_least "${#ids[@]}" 1 "there are programs in the kernel (${ids[*]})"
not_ok 'as bpftool sees' gone "${ids[@]}"
at_least "$(events "$agent")" 1 'and there are events'
like "$(cat store/agent.prom)" '^culprit_sampling 1$' 'agent.prom says that it samples'

# detach - leaves in $took how many milliseconds it was until all was gone.
detach() {
	local begun
	begun=$(now)
	touch store/disable
	while ! { gone "${ids[@]}" && [ "$(events "$agent")" = 0 ]; } && [ $(($(now) - begun)) -lt 10000 ]; do
		sleep 0.02
	done
	took=$(($(now) - begun))
	diag "detached after $took ms, looking included; $(cut -d ' ' -f 1 /proc/loadavg) programs want a CPU"
}

# Where others want the CPUs as well the agent gets its turn later: the best of three, and more time for it.
limit=$(awk -v cpus="$(nproc)" -v slow="$SLOW" '{ print 1000 * slow * ($1 > 2 * cpus ? $1 / cpus / 2 : 1) }' /proc/loadavg)
detach
best=$took
for _ in 2 3; do
	[ "$best" -gt "${limit%.*}" ] || break
	rm store/disable
	sleep 3
	mapfile -t ids < <(programs "$agent")
	detach
	[ "$took" -ge "$best" ] || best=$took
done
at_most "$best" "$limit" 'all of it is gone within a second (more where many want the CPUs)'
is "$(programs "$agent")$(events "$agent")" 0 'programs and events'
ok 'the agent lives' kill -0 "$agent"
like "$(cat agent.err)" "'store/disable' is there: detached" 'and says what it has done'
wait_for 5 grep -q '^culprit_sampling 0$' store/agent.prom
like "$(cat store/agent.prom)" '^culprit_sampling 0$' 'also in agent.prom'
not_ok 'nothing is being attached' test -e store/attaching
sleep 2
is "$(programs "$agent")" '' 'it stays away'
run culprit show store --windowed -o before.folded
is "$status" 0 'what was stored can be read'

rm store/disable
wait_for 10 grep -q 'sampling again' agent.err
sleep 1.5
at_least "$(programs "$agent" | wc -l)" 1 'it is back when the file has gone'
stop "$agent"
is $? 0 'and ends well'

culprit show store --windowed -o all.folded
perl -ne 'print "$1 $2\n" if /^# window start=([\d.]+) length=([\d.]+)/' all.folded >list
gap=$(perl -ane '$gap = $F[0] - $end if defined $end && $F[0] - $end > $gap; $end = $F[0] + $F[1];
	END { printf "%.3f\n", $gap }' list)
diag "no window covers $gap s"
at_least "$gap" 1.8 'no window covers the time without sampling'
is "$(perl -ane '$sum += $F[1]; END { print $sum > 2 ? "yes" : "no: $sum" }' list)" yes 'windows before and after do'
cores=$(culprit show store --format json | perl -MJSON::PP -0777 -ne 'my $d = decode_json($_);
	printf "%.3f\n", (map { $_->{b} } grep { $_->{process} eq "busy_loop" } @{$d->{processes}})[0]')
at_least "$cores" 0.02 "the loop has its cores in the time that was watched ($cores)"

# From the start.
touch store/disable
start culprit agent --store store --window 500ms 2>again.err
agent=$started
wait_for 10 grep -q 'attaching nothing' again.err
is "$(programs "$agent")" '' 'an agent that starts disabled attaches nothing'
stop "$agent"
is $? 0 'and can be stopped'
unlike "$(cat again.err)" 'sampling at' 'without having sampled'
done_testing
