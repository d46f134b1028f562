#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A backend that answers 200 and stores nothing: its canary is missing, which is said, counted and keeps the heartbeat
# from beating. When it stores again, the canary is read back and the heart beats.
# shellcheck disable=SC2317 # functions are called by wait_for
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_bpf
need_program curl
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
export HOME=$TMP

run culprit agent --store store --verify
like "$status $err" '^2 .*--verify wants --push' '--verify without a backend'

start "$TARGETS/busy_loop" 60
backend got
beats=$url/beat/
control '{"forget":true}'
start culprit agent --store store --window 1s --push "$url" --label cluster=a --verify --verify-every 5s \
	--heartbeat "$beats" --heartbeat-every 1s 2>agent.err
agent=$started
metric() { # REGEX
	grep -qE "$1" store/agent.prom
}
ok 'a canary that is missing is counted' wait_for 20 metric '^culprit_canary_total\{.*result="missing"\} [1-9]' ||
	diag "$(cat agent.err)"
like "$(cat agent.err)" 'canary: http://127.0.0.1:\d+/: taken, but cannot be read back' 'and said'
wait_for 10 metric '^culprit_push_profiles_total.* [1-9]'
like "$(cat store/agent.prom)" '^culprit_push_profiles_total\{.*\} [1-9]' 'though all was taken'
is "$(stat_of profiles)/$(stat_of beats)" 0/0 'nothing is stored, and the heart does not beat'

control '{}'
beat() {
	[ "$(stat_of beats)" -ge 1 ]
}
ok 'once the backend stores, the heart beats' wait_for 20 beat || diag "$(cat agent.err)"
ok 'a canary that is read back is counted' wait_for 10 metric '^culprit_canary_total\{.*result="verified"\} [1-9]'
like "$(cat store/agent.prom)" '^culprit_canary_last_success_timestamp_seconds\{.*\} 1\d{9}' 'and when'
is "$(grep -c 'canary: ' agent.err)" 2 'each change is said once'
if command -v promtool >/dev/null 2>&1; then
	run promtool check metrics <store/agent.prom
	is "$status$out$err" 0 'promtool has nothing to say about the metrics'
else
	skip 'needs promtool'
fi
like "$(cat got/taken.tsv)" '__name__=process_cpu,cluster=a,node=[^,]+,process=culprit-canary,service_name=culprit-canary\t\d+\t\d{1,7}\t' \
	'it bears the labels of all others'
is "$(stat_of conflicts)/$(stat_of duplicates)" 0/0 'and none is taken for another'

# A backend shows what it has some seconds later: no canary is missing for that.
missing() {
	sed -n 's/^culprit_canary_total{.*result="missing"} //p' store/agent.prom
}
verified() {
	sed -n 's/^culprit_canary_total{.*result="verified"} //p' store/agent.prom
}
more_verified() {
	[ "$(verified)" -ge $((before + 2)) ]
}
control '{"visible_ms":2000}'
sleep 5
before=$(verified) lost=$(missing)
ok 'what is shown late is read back all the same' wait_for 20 more_verified || diag "$(cat agent.err)"
is "$(missing)" "$lost" 'and was not missing'

# A question that is refused: no canary was read, either.
control '{"querier":403}'
ok 'a question that is refused is said' wait_for 15 grep -q 'canary: .*SelectSeries answered 403' agent.err
stop "$agent" INT
is $? 0 'the agent ends well'
done_testing
