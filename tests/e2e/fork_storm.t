#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Processes of 5 to 50 ms, started by fork and exec as fast as they die: their samples must carry the name of the
# program and of its functions, though each is gone before anybody can look at it in /proc.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

start sh -c "\"$TARGETS/fork_storm\" 5 >storm.out"
storm=$started
sleep 0.3
run culprit record -d 3s -o storm.folded
is "$status" 0 'record exits 0'
wait "$storm"
diag "$(cat storm.out)"

work=$(count storm.folded '(^|;)child_work(;|$)')
labelled=$(count storm.folded '^fork_storm;.*child_main;child_work')
all=$(count storm.folded '^fork_storm(;|$)')
pids=$(count storm.folded '^\[?(unknown|pid)')
diag "$all samples of fork_storm, $labelled of them in child_work; $(share "$labelled" "$work") % of the work has the label"
diag "without it: $(grep child_work storm.folded | grep -v '^fork_storm;.*child_main;child_work' | head -n 5)"
at_least "$work" 40 'the storm was seen'
at_least "$(share "$labelled" "$work")" 95 'at least 95 % of the work carries the label of the process'
is "$pids" 0 'no process without a name'
at_least "$(share "$(count storm.folded '^fork_storm;.*(child_(work|main)|main|_Fork|execve|wait4|\[ld-linux)')" "$all")" 90 \
	'the samples of the label carry names'

# The kernel's own count of the storm's CPU time, a second opinion about what may be missing altogether.
run culprit record -o own.folded -- sh -c "\"$TARGETS/fork_storm\" 3 >storm.out"
ms=$(awk '{ print $4 }' storm.out)
got=$(count own.folded '^fork_storm(;|$)')
diag "$(cat storm.out), $got samples"
at_least "$(share "$got" "$(product "$ms" 0.097)")" 85 'the samples make up the CPU time that the kernel has counted'
at_most "$(share "$got" "$(product "$ms" 0.097)")" 125 'and not more'
unlike "$err" 'lost [1-9]' 'none is lost'
done_testing
