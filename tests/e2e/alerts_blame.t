#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An alert that has fired before fires again: the agent has heard of each time by itself, and blame names the process
# behind it, asked in the store or over HTTP, while the last one is not over.
# shellcheck source=tests/lib.sh disable=SC2016,SC2317 # Perl; a function is called by wait_for
. "$(dirname "$0")/../lib.sh"
need_bpf
need_program curl
need_program taskset
need_program chrt
chrt -r 1 true 2>/dev/null || skip_all "may not give a process real-time priority"

# tell STATUS FROM UNTIL - by a webhook of Alertmanager; Unix seconds, 0: none.
tell() {
	perl -MPOSIX -e 'my ($status, @at) = @ARGV;
		my ($from, $until) = map { $_ ? strftime("%Y-%m-%dT%H:%M:%S", gmtime $_) . sprintf(".%09dZ", ($_ - int $_) * 1e9) : "0001-01-01T00:00:00Z" } @at;
		print qq({"version":"4","status":"firing","groupLabels":{"alertname":"SlowCheckout"},"truncatedAlerts":0,"alerts":[{"status":"$status",) .
			qq("labels":{"alertname":"SlowCheckout"},"annotations":{},"startsAt":"$from","endsAt":"$until","generatorURL":"","fingerprint":"ab12"}]})' \
		-- "$@" | curl -sS -H 'Content-Type: application/json' --data-binary @- "http://$address/api/v1/alerts" >>answers
}

: >agent.err
start culprit agent --store store --window 1s --listen 127.0.0.1:0 2>agent.err
agent=$started
wait_for 15 grep -q 'listening on' agent.err || bail "$(cat agent.err)"
address=$(sed -n 's/.*listening on //p' agent.err)
first_cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
start taskset -c "$first_cpu" "$TARGETS/busy_loop" 200
sleep 10
for gap in 7.3 9.7 6.4 8.6 10.1 0; do
	from=$(date +%s.%N)
	tell firing "$from" 0
	chrt -r 1 taskset -c "$first_cpu" "$O/demo/nightly-report" 2000 24
	[ "$gap" = 0 ] || tell resolved "$from" "$(date +%s.%N)"
	sleep "$gap"
done
diag "$(sort answers | uniq -c)"
run culprit blame --store "http://$address" SlowCheckout --format json
printf '%s\n' "$out" >far.json
at_most "$status" 1 'asked over HTTP, blame has an answer' || diag "$err"
is "$(json '$d->{culprits}[0]{process}' far.json)" nightly-report 'by the alert'"'"'s name alone, the process behind it'
run culprit incidents --store store
like "$out" '^SlowCheckout: 6 recurrences\n(  \S+ \.\. \S+Z  \([\d.]+s, from alertmanager\)\n){5}  \S+ \.\. not ended yet ' \
	'six times, the last is not over'
run culprit blame --store store SlowCheckout --format json
printf '%s\n' "$out" >verdict.json
is "$(json '"$d->{culprits}[0]{process} $d->{recurrences}"' verdict.json)" 'nightly-report 6' 'in the store, the same'
like "$(json '$d->{verdict}' verdict.json)" '^(named|shortlist)$' '…tied to them'
like "$(json 'join "\n", @{$d->{notes}}' verdict.json)" 'is not over: it is taken until now' 'it says what it did with the open one'
like "$(json 'join "\n", @{$d->{notes}}' verdict.json)" 'alerts fire late: recurrences may have begun up to 10m before' '…and what alerts cannot tell'
run culprit blame --store store SlowCheckout --uncertainty 0s --format json
unlike "$(printf '%s' "$out" | tr -d '\n')" '"culprits": \[\]' 'unless it is told'
stop "$agent" INT
is $? 0 'the agent ends well'
done_testing
