#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# In the company that an agent keeps: a Prometheus that scrapes it, with the rules that are handed out, and nginx between it
# and the backend. First the password is wrong, then it is mended, and the backend refuses one process for good.
# shellcheck disable=SC2016,SC2317 # $d and $_ are Perl's; functions are called by wait_for
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_bpf
for program in curl prometheus promtool; do
	need_program "$program"
done
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
# shellcheck source=tests/interop/nginx.sh
. "$ROOT/tests/interop/nginx.sh"
export HOME=$TMP PPROF_TMPDIR=$TMP

start "$TARGETS/busy_loop" 90
backend got
control '{"reject":"busy_loop"}'
password users team right
nginx_start "$url"
printf 'wrong\n' >secret
printf 'scrape\n' >token
start culprit agent --store store --window 1s --listen 127.0.0.1:0 --listen-token-file token \
	--push "https://localhost:$basic_port/team,ca-file=ca.pem,user=team,password-file=secret" 2>agent.err
agent=$started
wait_for 15 grep -q 'listening on' agent.err || bail "$(cat agent.err)"
address=$(sed -n 's/.*listening on //p' agent.err)

prom=127.0.0.1:$(free_port)
cat >prometheus.yml <<-YML
	global: {scrape_interval: 1s, evaluation_interval: 1s}
	rule_files: ['$ROOT/scripts/deploy/culprit.rules.yml']
	scrape_configs:
	  - job_name: culprit
	    authorization: {credentials_file: $TMP/token}
	    static_configs: [{targets: ['$address']}]
YML
run promtool check config prometheus.yml
is "$status" 0 'promtool takes the configuration with the rules' || diag "$out$err"
start prometheus --config.file=prometheus.yml --storage.tsdb.path="$TMP/data" --web.listen-address="$prom" \
	--log.level=warn 2>prometheus.log

# query EXPRESSION - the first value, nothing when there is none.
query() {
	curl -sG "http://$prom/api/v1/query" --data-urlencode "query=$1" >.query 2>/dev/null &&
		json '$d->{data}{result}[0]{value}[1]' .query 2>/dev/null
}
holds() { # EXPRESSION - of a comparison
	[ -n "$(query "$1")" ]
}
ok 'Prometheus scrapes the agent' wait_for 20 holds 'up{job="culprit"} == 1' || diag "$(cat prometheus.log)"
ok 'a wrong password is counted' wait_for 20 holds 'culprit_push_requests_total{result="unauthorized"} > 0'
ok 'and what waits is seen' wait_for 20 holds 'culprit_spool_windows > 1'
is "$(stat_of requests)" 0 'nothing came past nginx'
curl -sS -H 'Authorization: Bearer scrape' "http://$address/metrics" >metrics
# shellcheck disable=SC2094 # of the two, one is an argument
run promtool check metrics <metrics
is "$status$out$err" 0 'promtool has nothing to say about what is scraped'
unlike "$(cat metrics)" '[{,](pid|tid|process|pod|container|container_id)="' 'no metric has a label with as many values as there are processes'
curl -sS "http://$prom/api/v1/label/__name__/values" >names.json
json 'join "\n", @{$d->{data}}' names.json | sort >there
grep -v '^#' metrics | sed 's/[{ ].*//' | sort -u >names
is "$(comm -23 names there)" '' 'each metric is a series of Prometheus'

printf 'right\n' >secret
ok 'with the right one what waited is sent' wait_for 40 holds \
	'culprit_spool_windows < 2 and time() - culprit_push_last_success_timestamp_seconds < 10'
ok 'what is refused fires an alert' wait_for 20 holds \
	'ALERTS{alertname="CulpritProfilesRefused",alertstate="firing",reason="invalid",severity="info"}'
curl -sS "http://$prom/api/v1/rules" >rules.json
is "$(json 'join " ", map { "$_->{name}: $_->{health} $_->{lastError}" } grep { $_->{health} ne "ok" } map { @{$_->{rules}} } @{$d->{data}{groups}}' \
	rules.json)" '' 'each rule is evaluated'
is "$(json 'join " ", sort map { $_->{labels}{alertname} } @{$d->{data}{alerts}}' <(curl -sS "http://$prom/api/v1/alerts"))" \
	CulpritProfilesRefused 'and no other one fires'
stop "$agent" INT
is $? 0 'the agent ends well'
refused=$(nanoseconds store --match process=busy_loop)
is $(($(stat_of nanoseconds) + refused)) "$(nanoseconds store)" 'the backend has all but what it refused'
is "$(stat_of duplicates)/$(stat_of conflicts)/$(stat_of unordered)" 0/0/0 'each once, in order of time'
done_testing
