#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Alerts come to the agent by themselves: what they tell is in the log of incidents at once, whatever is wrong with them
# is said and counted, and blame names the process whose recurrences nobody has marked by hand.
# shellcheck disable=SC2016,SC2317 # $d and $_ are Perl's; a function is called by wait_for
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_bpf
need_program curl
small_disk disk 4m

# agent OPTION… - starts one that listens; its address is in $address.
agent() {
	: >agent.err
	start culprit agent --store store --window 1s "$@" 2>agent.err
	wait_for 15 grep -q 'listening on' agent.err || bail "$(cat agent.err)"
	address=$(sed -n 's/.*listening on //p' agent.err)
}

# post BODY [CURL OPTION…] - the status and the answer in $out.
type=application/json
post() {
	local body=$1 code
	shift
	printf '%s' "$body" >.body
	code=$(curl -sS -o .answer -w '%{http_code}' -H "Content-Type: $type" --data-binary @.body "$@" "http://$address/api/v1/alerts" 2>&1)
	out="$code $(cat .answer)"
}

# alert STATUS FROM UNTIL [LABEL=VALUE] - a message of Alertmanager with one alert; times are Unix seconds, 0: none.
alert() {
	perl -MPOSIX -e 'my ($status, $from, $until, $label) = @ARGV;
		sub at { $_[0] ? strftime("%Y-%m-%dT%H:%M:%S", gmtime $_[0]) . sprintf(".%03dZ", $_[0] * 1000 % 1000) : "0001-01-01T00:00:00Z" }
		my ($k, $v) = split /=/, $label // "service=shop";
		printf q({"version":"4","status":"firing","groupLabels":{"alertname":"Slow","%s":"%s"},"truncatedAlerts":0,) .
			q("alerts":[{"status":"%s","labels":{"alertname":"Slow","%s":"%s"},"annotations":{},) .
			q("startsAt":"%s","endsAt":"%s","generatorURL":"http://prom/g","fingerprint":"%s"}]}),
			$k, $v, $status, $k, $v, at($from), at($until), substr(unpack("H*", $label // "none"), 0, 64)' -- "$@"
}

agent --listen 127.0.0.1:0
first=$started
wait_for 15 sh -c "curl -s 'http://$address/api/v1/windows' | grep -q start"
now=$(date +%s)
post "$(alert firing $((now - 60)) 0)"
is "$out" '200 {"opened":1,"ended":0,"repeated":0,"ignored":0}' 'an alert fires'
run culprit incidents --store store
like "$out" '^Slow\{service="shop"\}: 1 recurrence\n  \S+ \.\. not ended yet  \(\S+, from alertmanager\)$' 'it is known at once'
post "$(alert firing $((now - 60)) 0)"
is "$out" '200 {"opened":0,"ended":0,"repeated":1,"ignored":0}' 'and is one when it is told twice'
post "$(alert resolved $((now - 60)) $((now - 30)))"
is "$out" '200 {"opened":0,"ended":1,"repeated":0,"ignored":0}' 'it is resolved'
post "$(alert firing $((now - 60)) 0)"
run culprit incidents --store store
like "$out" '^Slow\{service="shop"\}: 1 recurrence\n  \S+ \.\. \S+Z  \(30s, from alertmanager\)$' 'a late repetition does not open it'
post "$(alert firing $((now - 20)) 0 alertname2=x)" -X PUT
like "$out" '^200 .*"opened":1' 'PUT is as good'

# The log is there for who asks the agent, too.
run culprit incidents --store "http://$address" 'Slow{service="shop"}'
like "$out" '^Slow\{service="shop"\}: 1 recurrence\n  \S+ \.\. \S+Z  \(30s, from alertmanager\)$' 'asked over HTTP'
code=$(curl -sS -o incidents.json -w '%{http_code} %{content_type}' "http://$address/api/v1/incidents?from=now-1h")
is "$code" '200 application/json' 'as JSON'
is "$(json 'join "; ", map { my $i = $_; map { "$i->{name} $_->{sources}[0] " . join ",", map { ($_->{labels}{alertname}, $_->{url}, $_->{ends} ? "over" : "fires") } @{$_->{alerts}} } @{$i->{recurrences}} } @{$d->{incidents}}' incidents.json)" \
	'Slow{alertname2="x"} alertmanager Slow,http://prom/g,fires; Slow{service="shop"} alertmanager Slow,http://prom/g,over' \
	'with each alert'
culprit incidents --store store --format json --from now-1h 'Slow{service="shop"}' >local.json
culprit incidents --store "http://$address" --format json --from now-1h 'Slow{service="shop"}' >remote.json
ok 'the same on both ways' cmp local.json remote.json
run culprit incidents --store "http://$address" Quick
like "$status $err" '^2 .*answered 404.*no incident is called .Quick' 'a name that nobody knows'
like "$(curl -sS "http://$address/api/v1/incidents?name=--store%3D/etc&format=text")" 'no incident is called' 'a name is never an option'
like "$(curl -sS "http://$address/api/v1/incidents?format=xml")" 'want json or text' 'a format that is none'

# What is wrong is said, by field, and nothing of it is noted.
listed() {
	culprit incidents --store store | sed 's/not ended yet.*/open/'
}
before=$(listed)
post '{"version":"4","alerts":['
like "$out" '^400 .*not JSON: line 1' 'half a body'
post "$(alert firing $((now + 3600)) 0)"
like "$out" '^400 .*alerts\[0\]\.startsAt: in the future' 'a time that is to come'
post "$(alert firing $((now - 5)) 0 | sed 's/"version":"4"/"version":"9"/')"
like "$out" '^400 .*version: .9.; want .*4.* \(Alertmanager\)' 'an unknown version'
post "$(alert burning $((now - 5)) 0)"
like "$out" '^400 .*status: want firing or resolved' 'an unknown status'
post "$(perl -e 'print "[" x 1000')"
like "$out" '^400 .*inside each other' 'one that goes deep'
post "$(perl -e 'print "{\"version\":\"4\",\"alerts\":[", "{}," x 40000, "{}]}"')"
like "$out" '^400 .*more than 32768 values' 'one with many values'
large=$(perl -e 'print "x" x (2 << 20)')
post "$large"
like "$out" '^413 .*at most 1048576' 'a large one'
post "$large" -H 'Transfer-Encoding: chunked'
like "$out" '^413 .*more than 1048576' 'a large one whose size nobody tells'
type=text/plain post "$(alert firing $((now - 5)) 0)"
like "$out" '^415 .*want application/json' 'what any web page could post'
post "$(alert firing $((now - 5)) 0)" -H 'Host: rebound.example'
like "$out" '^403 ' 'a page that asks in its reader'"'"'s name'
is "$(listed)" "$before" 'nothing of all that is noted'
post "$(alert firing $((now - 5)) 0 | sed 's/"Slow"/"Watchdog"/g; s/"truncatedAlerts":0/"truncatedAlerts":7/')"
is "$out" '200 {"opened":0,"ended":0,"repeated":0,"ignored":1}' 'the alert that always fires is no incident'

# metric NAME{…} - its value, as the agent writes it every ten seconds.
metric() {
	curl -sS "http://$address/metrics" | awk -v name="$1" '$1 == name { print $2 }'
}
counted() {
	[ "$(metric "culprit_alerts_total{result=\"heartbeat\"}")" = 1 ]
}
ok 'and is counted' wait_for 20 counted
messages=$(for result in taken not_json limits version field time not_allowed too_large request store; do
	metric "culprit_alert_messages_total{result=\"$result\"}"
done | xargs)
is "$messages" '6 1 2 1 1 1 1 2 1 0' 'each message is, by what became of it'
is "$(metric 'culprit_alerts_lost_total{reason="truncated"}')" 7 'so is what the sender left out'
at_least "$(metric culprit_watchdog_last_timestamp_seconds)" "$now" 'when the Watchdog was heard of'
# shellcheck disable=SC2094 # of the two, one is an argument
if command -v promtool >/dev/null 2>&1; then
	curl -sS "http://$address/metrics" >.metrics
	run promtool check metrics <.metrics
	is "$status$out$err" 0 'promtool has nothing to say about them'
else
	skip 'needs promtool'
fi
# Twenty at once, each its own alert: none is lost.
posts=()
for i in {1..20}; do
	alert resolved $((now - 9)) $((now - 8)) "service=many$i" >".many$i"
	curl -sS -o ".many$i.answer" -H 'Content-Type: application/json' --retry 5 --data-binary "@.many$i" "http://$address/api/v1/alerts" &
	posts+=("$!")
done
wait "${posts[@]}"
is "$(cat .many*.answer | sort | uniq -c | xargs)" '20 {opened:0,ended:1,repeated:0,ignored:0}' 'twenty at once are taken'
is "$(culprit incidents --store store | grep -c 'service="many')" 20 'and known'

# Whoever holds the log locked makes the sender wait, and the sampling not at all.
windows() {
	curl -sS "http://$address/api/v1/windows?from=now-5m" >windows.json
	json 'scalar @{$d->{windows}}' windows.json
}
if command -v sqlite3 >/dev/null 2>&1; then
	coproc sqlite3 store/incidents.db
	printf 'BEGIN EXCLUSIVE;\nSELECT 1;\n' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	before=$(windows)
	post "$(alert firing $((now - 2)) 0 service=locked)"
	like "$out" '^503 .*locked by another process' 'a log that is locked: come back'
	at_least "$(($(windows) - before))" 3 'while windows are stored'
	printf 'ROLLBACK;\n.quit\n' >&"${COPROC[1]}"
	wait "$COPROC_PID"
	post "$(alert firing $((now - 2)) 0 service=locked)"
	like "$out" '^200 .*"opened":1' 'and then it is taken'
else
	skip 'needs sqlite3'
fi
stop "$first" INT
is $? 0 'the agent ends well'

# A full disk.
: >full.err
start culprit agent --store disk/store --window 1s --listen 127.0.0.1:0 2>full.err
wait_for 15 grep -q 'listening on' full.err || bail "$(cat full.err)"
address=$(sed -n 's/.*listening on //p' full.err)
wait_for 15 sh -c "curl -s 'http://$address/api/v1/windows' | grep -q start"
cat /dev/zero >disk/filler 2>/dev/null
post "$(alert firing $((now - 2)) 0)"
like "$out" '^503 .*disk is full' 'a full disk: come back'
rm disk/filler
post "$(alert firing $((now - 2)) 0)"
like "$out" '^200 .*"opened":1' 'when there is room, it is taken'
is "$(culprit incidents --store disk/store | grep -c alertmanager)" 1 'once'
stop "$started" INT

# Who may tell.
printf 'secret\n' >token
agent --listen 127.0.0.1:0 --listen-token-file token
post "$(alert firing $((now - 3)) 0 service=other)"
like "$out" '^401 ' 'with a token, nobody tells without'
post "$(alert firing $((now - 3)) 0 service=other)" -H 'Authorization: Bearer secret'
like "$out" '^200 .*"opened":1' 'with it, one does'
stop "$started" INT
done_testing
