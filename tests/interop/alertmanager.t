#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A real Alertmanager, with the configuration that is handed out, tells a real agent of alerts: firing and resolved ones,
# with a token, again and again, and after a time when the agent was not there.
# shellcheck disable=SC2016,SC2317 # $d and $_ are Perl's; functions are called by wait_for
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_bpf
for program in curl prometheus-alertmanager; do
	need_program "$program"
done
free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}
agent_port=$(free_port)
printf 'secret\n' >token
# Ours, but for where the agent is, and faster.
sed -e "s|127.0.0.1:7070|127.0.0.1:$agent_port|; s|/etc/alertmanager/culprit.token|$TMP/token|" \
	-e 's/group_wait: .*/group_wait: 1s/; s/group_interval: .*/group_interval: 1s/; s/repeat_interval: .*/repeat_interval: 2s/' \
	"$ROOT/scripts/deploy/alertmanager.yml" >am.yml
if command -v amtool >/dev/null 2>&1; then
	run amtool check-config "$ROOT/scripts/deploy/alertmanager.yml"
	is "$status" 0 'amtool takes the configuration that is handed out' || diag "$out$err"
else
	skip 'needs amtool'
fi
am=127.0.0.1:$(free_port)
start prometheus-alertmanager --config.file=am.yml --storage.path="$TMP/am" --web.listen-address="$am" \
	--cluster.listen-address= --log.level=warn 2>am.log
wait_for 20 curl -sf "http://$am/-/ready" || bail "$(cat am.log)"

at() { # SECONDS - from now, as RFC 3339
	date -u -d "$1 seconds" +%Y-%m-%dT%H:%M:%S.%3NZ
}
# raise NAME SERVICE FROM [UNTIL] - an alert as Prometheus raises it.
raise() {
	printf '[{"labels":{"alertname":"%s","service":"%s","severity":"page","pod":"p-%s"},"annotations":{"culprit_for":"1m"},"startsAt":"%s"%s,"generatorURL":"http://prom:9090/graph?g0.expr=%s"}]' \
		"$1" "$2" "$RANDOM" "$3" "${4:+,\"endsAt\":\"$4\"}" "$1" >raise.json
	curl -sSf -H 'Content-Type: application/json' --data-binary @raise.json "http://$am/api/v2/alerts"
}
from=$(at -60)
raise SlowCheckout shop "$from"
cp raise.json shop.json
sleep 3 # the agent is not there yet

start culprit agent --store store --window 1s --listen "127.0.0.1:$agent_port" --listen-token-file token 2>agent.err
agent=$started
wait_for 15 grep -q 'listening on' agent.err || bail "$(cat agent.err)"
knows() { # REGEX
	culprit incidents --store store 2>/dev/null | grep -qE "$1"
}
ok 'what was raised while the agent was away comes later' wait_for 30 knows '^SlowCheckout\{service="shop"\}: 1 recurrence'
culprit incidents --store store --format json >incidents.json
is "$(json '$d->{incidents}[0]{recurrences}[0]{open}' incidents.json)" true 'it fires'
is "$(json '$d->{incidents}[0]{recurrences}[0]{alerts}[0]{starts}' incidents.json)" "$from" 'since when it was raised'
is "$(json '$d->{incidents}[0]{recurrences}[0]{from}' incidents.json)" "$(date -u -d "$from 60 seconds ago" +%Y-%m-%dT%H:%M:%S.%3NZ)" \
	'the mark begins as much earlier as the rule waits'
is "$(json '$d->{incidents}[0]{recurrences}[0]{alerts}[0]{url}' incidents.json)" 'http://prom:9090/graph?g0.expr=SlowCheckout' 'whence'
curl -sS "http://$am/api/v2/alerts" >alerts.json
is "$(json '$d->{incidents}[0]{recurrences}[0]{alerts}[0]{fingerprint}' incidents.json)" "$(json '$d->[0]{fingerprint}' alerts.json)" \
	'with its fingerprint'

metric() { # NAME{…}
	curl -sS -H 'Authorization: Bearer secret' "http://127.0.0.1:$agent_port/metrics" | awk -v name="$1" '$1 == name { print $2 }'
}
repeated() {
	[ "$(metric 'culprit_alerts_total{result="repeated"}')" -ge 1 ]
}
ok 'it is told of again' wait_for 40 repeated
is "$(culprit incidents --store store | grep -c 'from alertmanager')" 1 'and is one'

# A sender that leaves the fingerprint out means the same alert.
perl -MJSON::PP -0777 -e 'my $a = decode_json(<STDIN>); $_->{status} = "firing" for @$a;
	print encode_json({version => "4", groupLabels => {alertname => "SlowCheckout"}, alerts => $a})' <shop.json >bare.json
is "$(curl -sS -H 'Authorization: Bearer secret' -H 'Content-Type: application/json' --data-binary @bare.json "http://127.0.0.1:$agent_port/api/v1/alerts")" \
	'{"opened":0,"ended":0,"repeated":1,"ignored":0}' 'fingerprints are computed as Prometheus does'

sed "s|\"generatorURL\"|\"endsAt\":\"$(at 0)\",&|" shop.json >resolved.json
curl -sSf -H 'Content-Type: application/json' --data-binary @resolved.json "http://$am/api/v2/alerts"
raise SlowSearch search "$(at -10)"
ok 'it is resolved' wait_for 30 knows '^  \S+ \.\. [0-9TZ:.-]+Z  \(.* from alertmanager\)$'
ok 'another group is another incident' wait_for 30 knows '^SlowSearch\{service="search"\}: 1 recurrence'
raise SlowCheckout shop "$(at -1)"
anew() {
	culprit incidents --store store --format json 'SlowCheckout{service="shop"}' >anew.json
	[ "$(json 'my %f; $f{$_->{fingerprint}} = 1 for map { @{$_->{alerts}} } @{$d->{incidents}[0]{recurrences}}; scalar keys %f' anew.json)" = 2 ]
}
ok 'from another pod it is the same incident, and another alert' wait_for 30 anew
stop "$agent" INT
is $? 0 'the agent ends well'
done_testing
