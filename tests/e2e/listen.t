#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent over HTTP: metrics that promtool accepts, the flight recorder's profiles, and who may ask for them.
# shellcheck disable=SC2016,SC2317 # $d and $_ are Perl's; a function is called by wait_for
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_bpf
need_program curl

# agent NAME OPTION… - starts one that listens; its address is in $address.
agent() {
	local name=$1
	shift
	start culprit agent --store "$name" --window 1s "$@" 2>"$name.err"
	wait_for 15 grep -q 'listening on' "$name.err" || diag "$(cat "$name.err")"
	address=$(sed -n 's/.*listening on //p' "$name.err")
}

# get PATH [CURL OPTION…] - the body in $out, the status in $code.
get() {
	local path=$1
	shift
	rm -f .body && : >.body
	code=$(curl -sS -o .body -w '%{http_code} %{content_type}' "$@" "http://$address$path" 2>.curl)
	out=$(tr -d '\0' <.body)
}

start "$TARGETS/busy_loop" 300
agent plain --listen 127.0.0.1:0
first=$started
wait_for 15 sh -c "curl -s 'http://$address/api/v1/windows' | grep -q start"
sleep 2
get /-/healthy
is "$code" '200 text/plain; charset=utf-8' 'healthy'
get /-/ready
is "$out" ok 'ready'
get /metrics
is "$code" '200 text/plain; version=0.0.4; charset=utf-8' 'metrics, in the type that Prometheus wants'
if command -v promtool >/dev/null 2>&1; then
	run promtool check metrics <.body
	is "$status$out$err" 0 'promtool has nothing to say about them'
else
	skip 'needs promtool'
fi
get '/api/v1/profile?format=folded&match=process=busy_loop'
like "$out" '^busy_loop;.*spin_inner;?.* \d+$' 'a profile of one process'
unlike "$out" '^(?!busy_loop)' 'and of no other'
get '/api/v1/profile?from=now-1m&until=now'
is "$code" '200 application/vnd.google.protobuf+gzip' 'pprof unless told otherwise'
run culprit show .body --format text
like "$out" 'busy_loop' 'which is one'
for format in text json svg html windowed; do
	get "/api/v1/profile?format=$format"
	like "$code $out" '^200 [\s\S]*busy_loop' "format $format"
done
get /api/v1/series
ok 'series' test "$(json 'scalar grep { $_->{labels}{process} eq "busy_loop" } @{$d->{series}}' .body)" -ge 1
get '/api/v1/windows?from=now-1m'
at_least "$(json 'scalar @{$d->{windows}}' .body)" 2 'windows'

get '/api/v1/profile?format=png'
like "$code $out" "^400 .*want pprof" 'a format that is none'
get '/api/v1/profile?from=noon'
like "$code $out" "^400 .*noon.*is not a time" 'a time that is none'
get '/api/v1/profile?from=now-9d&until=now-8d'
like "$code $out" '^404 .*no window' 'a time without windows'
get '/api/v1/profile?format=folded&match=--store%3D/etc'
is "$code$out" '200 text/plain; charset=utf-8' 'what looks like an option is a label that nobody has'
get /nothing
like "$code $out" '^404 .*nothing is at' 'a path that is none'
get /metrics -X POST -d x=y
like "$code" '^405' 'nothing may be posted'
get /metrics -H 'Host: rebound.example'
like "$code" '^403' 'a name that is not ours is a page that asks in its reader'"'"'s name'
get "/metrics?$(printf 'x%.0s' {1..40000})"
like "$code" '^(414|431)' 'a head that is too large'

# An agent is a source like any other.
run culprit show "http://$address" --match process=busy_loop --format folded
like "$out" '^busy_loop;.*spin_inner;?.* \d+$' 'show of an agent'
printf "no profile\n" >.bad
run culprit diff "http://$address" .bad --format text
is "$status" 2 'a body that is no profile is an error'
run culprit diff "http://$address/" "http://$address" --format text
like "$out" '^Noise: how \d+ measurements' 'diff of an agent, window by window'
run culprit show "http://$address" --from now-9d --until now-8d
like "$status $err" '^2 .*no window there' 'a time without windows is said'
run culprit ls --store "http://$address" --format json
like "$out" '"blocks": \[(?s:.)*"process": "busy_loop"' 'ls, too'
run culprit blame --store "http://$address" --incident now-20s..now
like "$status $out" '^1 ' 'blame asks an agent, too, and says that one recurrence is too few' || diag "$err"
run culprit show http://127.0.0.1:1
like "$status $err" '^2 .*127\.0\.0\.1:1.*([Cc]onnect|refused)' 'so is an agent that is not there'

# A client that says nothing, and one that reads nothing, hold up nobody.
for _ in 1 2 3 4; do
	start sh -c "exec 3<>/dev/tcp/127.0.0.1/${address##*:}; sleep 30" 2>/dev/null
	start bash -c "exec 3<>/dev/tcp/127.0.0.1/${address##*:}; printf 'GET /metrics HTT' >&3; sleep 30"
done
get /-/healthy
like "$code" '^200' 'silent clients hold up nobody'
before=$(grep -c . plain.err)
stop "$first" INT
is $? 0 'the agent ends well with clients that hang on'
is "$(grep -c . plain.err)" $((before + 1)) 'and says nothing of it but goodbye'

# A question that complains more than a pipe holds: 64 warnings of 1 KiB each, since the store lies deep.
deep=$TMP/$(printf 'x%.0s' {1..200})
deep=$deep/$(printf "y%.0s" $(seq $((456 - ${#deep}))))
mkdir -p "$deep"
hour=$(($(date +%s) / 3600 * 3600 - 86400))
for ((i = 0; i < 70; i++)); do
	printf 'no database\n' >"$deep/block-$(date -u -d "@$((hour + i * 60))" +%Y%m%dT%H%M%SZ)-60s.db"
done
start culprit agent --store "$deep" --window 1s --listen 127.0.0.1:0 2>deep.err
wait_for 15 grep -q 'listening on' deep.err || diag "$(cat deep.err)"
address=$(sed -n 's/.*listening on //p' deep.err)
complains() {
	run culprit show "$deep" --format folded
	[ "$status" = 0 ] && [ ${#err} -gt 65536 ]
}
ok 'a question with many complaints' wait_for 10 complains || diag "$status ${#err}"
for _ in 1 2 3; do
	get '/api/v1/profile?format=folded&match=process=busy_loop' -m 10
done
like "$code $out" '^200 [\s\S]*busy_loop;' 'is answered, again and again'
stop "$started" INT

# Who may ask.
run culprit agent --store public --listen 0.0.0.0:0
is "$status" 2 'an address for all wants to know who asks'
like "$err" 'others can reach this address, so a token file or client certificates are wanted' 'and says so'
printf 'secret\n' >token
agent guarded --listen 0.0.0.0:0 --listen-token-file "$TMP/token"
address=127.0.0.1:${address##*:}
get /metrics
like "$code" '^401' 'no token'
get /metrics -H 'Authorization: Bearer secreT'
like "$code" '^401' 'a wrong one'
get /metrics -H 'Authorization: Bearer secret'
like "$code" '^200' 'the right one'
get /-/ready
like "$code" '^200' 'health is for all'
wait_for 20 sh -c "curl -s -H 'Authorization: Bearer secret' 'http://$address/api/v1/profile?format=folded' | grep -q ^busy_loop"
run culprit show "http://$address,token-file=$TMP/token" --format text
like "$out" 'busy_loop' 'a source may need a token, too'
run culprit show "http://$address"
like "$status $err" '^2 .*answered 401' 'and says so without'
printf 'other\n' >token
get /metrics -H 'Authorization: Bearer other'
like "$code" '^200' 'a token may be changed while it runs'
stop "$started" INT

agent socket --listen "unix:$TMP/agent.sock"
is "$(stat -c %a agent.sock)" 600 'a socket is for its owner'
is "$(curl -sS --unix-socket agent.sock http://localhost/-/ready)" ok 'and answers'
kill -KILL "$started"
wait "$started" 2>/dev/null
agent socket --listen "unix:$TMP/agent.sock"
is "$(curl -sS --unix-socket agent.sock http://localhost/-/ready)" ok 'what a crash left is no obstacle'
stop "$started" INT
not_ok 'and goes with the agent' test -e agent.sock

certificate() { # NAME [ISSUER]
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-addext 'subjectAltName=DNS:localhost' ${2:+-CA "$2.pem" -CAkey "$2.key"} -keyout "$1.key" -out "$1.pem" 2>/dev/null
}
if command -v openssl >/dev/null 2>&1 && certificate ca && certificate server && certificate client &&
	certificate stranger; then
	agent tls --listen 0.0.0.0:0 --listen-cert server.pem --listen-key server.key --listen-client-ca client.pem
	url=https://localhost:${address##*:}
	is "$(curl -sS --cacert server.pem "$url/-/ready" 2>&1)" ok 'TLS'
	is "$(curl -sS --cacert server.pem --cert client.pem --key client.key "$url/metrics" 2>&1 | head -c 6)" '# HELP' \
		'a client with a certificate'
	like "$(curl -sS --cacert server.pem "$url/metrics")" 'client certificate is wanted' 'one without'
	unlike "$(curl -sS --cacert server.pem --cert stranger.pem --key stranger.key "$url/metrics" 2>&1)" '^# HELP' \
		'one with a stranger'"'"'s'
	stop "$started" INT
else
	skip 'needs openssl'
fi
done_testing
