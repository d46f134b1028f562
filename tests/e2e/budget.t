#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Above its CPU budget the agent samples less, and the totals stay right; a memory budget that is too small is refused.
# shellcheck disable=SC2016 # the expressions are Perl
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

run culprit agent --store none --memory-budget 10MiB
is "$status" 2 'a memory budget of 10 MiB is refused'
like "$err" 'a memory budget of 10\.0 MiB is too small: \d+ CPUs need (\d+) MiB at least' 'with the least that would do'

start culprit agent --store store --window 2s --hz 999 --cpu-budget 0.2 2>agent.err
agent=$started
wait_for 30 grep -q 'sampling at' agent.err || bail "the agent does not start: $(cat agent.err)"
start "${clocked[@]}" cpu "$TARGETS/busy_loop" 24
load=$started
wait_for 40 grep -q 'samples per second and CPU' agent.err
like "$(cat agent.err)" \
	'agent: takes [\d.]+ % of a CPU, may take [\d.]+ %: from 999 to (499|249) samples per second and CPU' \
	'above the budget the rate is lowered, and that is said'
wait "$load"
sleep 3
like "$(cat store/agent.prom)" '^culprit_rate_changes_total [1-9]' 'it is in the metrics'
rate=$(sed -n 's/^culprit_rate_hertz //p' store/agent.prom)
at_most "$rate" 499 "as is the rate ($rate)"
stop "$agent"
is $? 0 'the agent ends well'

cpu=$(cpu_seconds cpu)
if command -v promtool >/dev/null 2>&1; then
	run promtool check metrics <store/agent.prom
	is "$status:$out$err" 0: 'promtool has nothing to say about agent.prom'
else
	skip "needs promtool (Debian's package prometheus)"
fi
culprit show store -o all.json
got=$(json '(map { $_->{b} } grep { $_->{process} eq "busy_loop" } @{$d->{processes}})[0] * $d->{b}{length_s}' all.json)
lost=$(json '$d->{b}{lost_samples} / ($d->{b}{samples} || 1)' all.json)
diag "$(grep 'to [0-9]* samples' agent.err)"
diag "busy_loop: $cpu CPU seconds by the kernel, $got by the windows"
at_least "$cpu" 2 'it was a load'
at_most "$lost" 0.1 'few samples are lost'
diag "$(grep '^culprit_lost_total.* [1-9]' store/agent.prom)"
# What is lost, for want of time of the agent on a busy machine, is known: it is no error of the weights.
near "$got" "$(awk -v cpu="$cpu" -v lost="$lost" 'BEGIN { print cpu * (1 - lost / (1 + lost)) }')" 3 0.2 'the CPU time is right to 3 %, although the rate has changed'
culprit show store --windowed -o all.folded
rates=$(sed -n 's/^# window .* hz=\([0-9.]*\).*/\1/p' all.folded)
like "$(echo "$rates" | head -n 1)" '^999$' 'the first window has the first rate'
at_most "$(echo "$rates" | tail -n 1)" 500 'the last one the last'
run culprit doctor --store store
like "$out" 'its CPU time +[\d.]+ % of a CPU, may take 0\.\d\d %' 'doctor shows it against the budget'
done_testing
