#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# symptom.t - a real incident without a label by hand: symptom finds, in the agent's own store, when a process lost its CPU;
# blame says to whom.
# shellcheck source=tests/lib.sh disable=SC2016 # Perl
. "$(dirname "$0")/../lib.sh"
need_bpf
need_program taskset
need_program chrt
chrt -r 1 true 2>/dev/null || skip_all "may not give a process real-time priority"

first_cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
start culprit agent --store store --window 1s 2>agent.log
agent=$started
# The two of them contend with one another alone, before whatever else this machine does.
start chrt -r 1 taskset -c "$first_cpu" "$TARGETS/busy_loop" 100
sleep 10
for gap in 7.3 9.7 6.4 8.6 10.1 7.7; do
	date +%s.%N >>truth
	chrt -r 1 "$O/demo/nightly-report" 2000 24
	sleep "$gap"
done
stop "$agent"
is $? 0 'the agent ends' || diag "$(cat agent.log)"

run culprit symptom --store store --victim busy_loop --mark lost-cpu
is "$status" 0 'symptom finds when busy_loop lost its CPU'
diag "$out" "$err"
culprit symptom --store store --victim busy_loop --format json >found.json
hits=$(perl -MJSON::PP -0777 -e '
	my @began = split " ", `cat truth`;
	my $d = decode_json(<STDIN>);
	my @found = map { @{ $_->{candidates} } } @{ $d->{groups} };
	printf "%d %d\n", scalar(grep { my $t = $_; grep { $_->{from} < $t + 2 && $_->{until} > $t } @found } @began),
		scalar(grep { my $f = $_; !grep { $f->{from} < $_ + 2.5 && $f->{until} > $_ - 0.5 } @began } @found)' <found.json)
at_least "${hits% *}" 5 'at least five of the six times'
at_most "${hits#* }" 2 '…and hardly another one'
run culprit blame --store store lost-cpu --format json
printf '%s\n' "$out" >verdict.json
at_most "$status" 1 'blame has an answer'
is "$(json '$d->{culprits}[0]{process}' verdict.json)" nightly-report 'who took it comes first'
like "$(json '$d->{verdict}' verdict.json)" '^(named|shortlist)$' '…and is tied to them'
diag "$(culprit blame --store store lost-cpu | head -n 5)"
done_testing
