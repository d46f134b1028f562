#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The wall clock of an agent is set while it samples and pushes: forth by an hour, back again while a backlog waits, back
# over windows that a backend has, and back by an hour. No window is lost, each is pushed under the time that it is stored
# with, no two of a series under the same one, and what was done to the clock is said. The kernel's clock stays as it is:
# the agent sees another one (targets/wall_clock.so.c), on which neither perf's times nor sleeping depend.
# shellcheck disable=SC2317 # functions are called by wait_for
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_bpf
need_program curl
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
export HOME=$TMP PPROF_TMPDIR=$TMP with=

set_clock() { # SECONDS - off the real time
	perl -e 'open my $f, -e "clock" ? "+<" : ">", "clock" or die; syswrite $f, pack "q", $ARGV[0] * 1e9' -- "$1"
}
set_clock 0
start "$TARGETS/busy_loop" 120
backend got
start env LD_PRELOAD="$TARGETS/wall_clock.so" WALL_CLOCK="$TMP/clock" "$CULPRIT" agent --store store --window 1s --push "$url" \
	--push-rate 0 --node n1 2>agent.err
agent=$started
wait_for 15 grep -q sampling agent.err || bail "$(cat agent.err)"

times() { # of busy_loop's profiles, in the order in which they came
	curl -sS "$url/stats" >/dev/null # puts them on the disk
	perl -F'\t' -ane 'print "$F[2]\n" if /process=busy_loop,/' got/taken.tsv
}
came() { # COUNT - more than there were
	[ "$(times | wc -l)" -ge $((before + $1)) ]
}
more() { # COUNT NAME
	before=$(times | wc -l)
	ok "$2: windows come" wait_for 20 came "$1" || diag "$(cat agent.err)"
}
metric() { # REGEX
	grep -qE "$1" store/agent.prom
}

more 8 'before'
set_clock 3600
ok 'forth: is said' wait_for 10 grep -qE 'the wall clock was set forth by (3599\.9|3600\.[01]) s: windows keep the time' agent.err
more 3 'forth'
latest=$(times | sort -n | tail -n 1)
at_least "$((latest / 1000000000 - $(date +%s)))" 3590 'forth: an hour from now'

control '{"status":503}'
sleep 3
set_clock 0
ok 'back, with a backlog: is said' wait_for 10 grep -qE 'the wall clock was set back by (3599\.9|3600\.[01]) s' agent.err
control '{}'
more 6 'back, with a backlog'
set_clock -12
ok 'back over what a backend has: is said' wait_for 10 grep -qE 'the wall clock was set back by 1[12]\.[019] s' agent.err
more 15 'back over what a backend has'
set_clock -3600
more 3 'back by an hour'
ok 'each time is counted' wait_for 10 metric '^culprit_clock_steps_total\{direction="back"\} 3$'
ok 'in its direction' metric '^culprit_clock_steps_total\{direction="forth"\} 1$'
if command -v promtool >/dev/null 2>&1; then
	run promtool check metrics <store/agent.prom
	is "$status$out$err" 0 'promtool has nothing to say about the metric'
else
	skip 'needs promtool'
fi
stop "$agent" INT
is $? 0 'the agent ends well' || diag "$(cat agent.err)"

# A second life, when the clock stands where it has stood already.
start env LD_PRELOAD="$TARGETS/wall_clock.so" WALL_CLOCK="$TMP/clock" "$CULPRIT" agent --store store --window 1s --push "$url" \
	--push-rate 0 --node n1 2>again.err
wait_for 15 grep -q sampling again.err
more 3 'another agent'
stop "$started" INT
is $? 0 'it ends well, too' || diag "$(cat again.err)"

# The books. windowed: "# window start=… length=…", and then its stacks.
is "$(stat_of nanoseconds)" "$(nanoseconds store)" 'the backend has all that is in the store'
is "$(stat_of conflicts)/$(stat_of duplicates)" 0/0 'nothing under a time that another window has'
culprit show store --windowed --match process=busy_loop -o windows
perl -ne '$t = $1 if /^# window start=([\d.]+)/; printf "%.6f\n", $t if /^busy_loop;/ && $t ne $was; $was = $t if /^busy/' windows |
	sort -u >stored
times | perl -ne 'printf "%.6f\n", $_ / 1e9' | sort -u >pushed
is "$(diff stored pushed)" '' 'each time of the store is one of the backend, and the other way round'
is "$(times | wc -l)" "$(wc -l <pushed)" 'and each is there once'
at_least "$(perl -ne 'print if /\.00\d*[1-9]/' pushed | wc -l)" 3 'those that came past a time again are a little behind it'
run culprit ls --store store
unlike "$out" 'lost [1-9]' 'no sample is lost'
run culprit spool ls --store store
is "$out" "$url/: 0 windows to be sent" 'nothing was given up'
done_testing
