#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pushes to a backend that decodes with a decoder of its own, refuses what Pyroscope refuses, and misbehaves in every way
# that real ones do. Whatever happens: each window arrives once, whole, under its own time.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
need_program curl
export HOME=$TMP PPROF_TMPDIR=$TMP with=

made plain
backend first
send plain --label cluster=test
is "$status" 0 'a store is sent'
is "$(stat_of profiles)/$(stat_of refused)" '200/{}' 'a profile for each process and window, none refused'
is "$(stat_of nanoseconds)" "$(nanoseconds plain)" 'with all the CPU time that there was'
like "$(cat first/taken.tsv)" \
	'^\d+\t__name__=process_cpu,cluster=test,node=n1,process=proc0,service_name=proc0\t1790000000000000000\t' \
	'under its labels, at the start of its window'
is "$(stat_of duplicates)/$(stat_of conflicts)/$(stat_of unordered)" 0/0/0 'each once, in order of time'
run go tool pprof -top first/1.pb.gz
like "$out" 'Type: cpu' 'go tool pprof reads what was sent'
send plain
is "$status/$(stat_of requests)" 0/20 'there is nothing more to send'

# scenario NAME MODE [WINDOWS] - a fresh store, sent to a backend that behaves like this.
scenario() {
	made "$1" "${3:-6}"
	backend "$1.got"
	control "$2"
	send "$1" --wait 60s
}

arrived() { # NAME [EXIT]
	is "$status" "${2:-0}" "$1: exit ${2:-0}"
	is "$(stat_of nanoseconds)" "$(nanoseconds "$1")" "$1: all of it arrives"
	is "$(stat_of conflicts)/$(stat_of unordered)" 0/0 "$1: nothing under another time, nothing out of order"
}

for code in 429 500 503; do
	scenario "status$code" "{\"status\":$code,\"first\":3,\"message\":\"push rate limit (4MB) exceeded\"}"
	arrived "status$code"
	like "$err" "\\($code\\).*trying on" "status$code: and is said once"
done

scenario retry_after '{"status":503,"first":1,"retry_after":"2"}'
arrived retry_after
scenario quota "{\"status\":429,\"first\":1,\"message\":\"limit of 1 GB/month reached, next reset at $(date -u -d '+3 seconds' +%FT%TZ)\"}"
arrived quota
scenario large '{"max_body":1200}'
arrived large
# shellcheck disable=SC2016 # $d is Perl's
at_least "$(json '$d->{refused}{413}' .stats)" 1 'large: in smaller pieces'
scenario reset '{"reset":true,"first":2}'
arrived reset
at_least "$(stat_of duplicates)" 1 'reset: what was taken without an answer is sent again, the same bytes'
scenario half '{"half":true,"first":2}'
arrived half
scenario slow '{"sleep_ms":1500,"first":2}'
arrived slow
with=,timeout=500ms
scenario timeout '{"sleep_ms":1500,"first":2}'
arrived timeout
with=

# What no backend will ever take is given up, counted, and said with its reason; the rest arrives.
scenario reject '{"reject":"proc3"}'
is "$status" 0 'reject: the rest is sent'
is "$(stat_of profiles)" 54 'reject: nine of ten profiles arrive'
like "$err" 'given up: invalid \(400\): .*profile with labels' 'reject: the reason is said'
run culprit spool ls --store reject
like "$out" 'given up: 6 invalid, \d+ samples' 'reject: and counted'

# A request is no whole: what the backend has no quarrel with is taken, though the answer is a refusal.
scenario partial '{"reject":"proc3","partial":true}'
is "$status/$(stat_of profiles)" 0/54 'partial: the rest is taken, and is known to be'
at_least "$(stat_of duplicates)" 1 'partial: some of it twice'
is "$(stat_of conflicts)" 0 'partial: as the same bytes'
run culprit spool ls --store partial
like "$out" 'given up: 6 invalid, \d+ samples' 'partial: what it refuses is counted once'

# Content types and pages of whoever is on the way.
scenario types '{"type":"text/;;=x,,"}'
arrived types
is "$err" '' 'types: what the answer says of itself is nothing to go by'
scenario page '{"first":1,"type":"text/html; charset=\"","body":"\n<html><body>Please log in</body></html>"}'
arrived page
like "$err" 'wrong_url \(200\): .*Please log in.*look at URL' 'page: a 200 with a page is no 200'

# A profile on which the backend fails each time holds up nothing, and waits for a person.
scenario poison '{"poison":"proc3"}'
is "$status" 1 'poison: something is left'
is "$(stat_of profiles)" 54 'poison: nine of ten profiles arrive'
run culprit spool ls --store poison
like "$out" '^  1  2026-09-21T14:13:20Z part 3, \d+ samples: (suspect|poison), server \(500\) .*nil pointer' \
	'poison: the tenth is in quarantine'
control '{}'
run culprit spool retry --all --store poison
is "$out" '6 profiles to be retried' 'poison: a person may have it tried again'
send poison --wait 20s
arrived poison
run culprit spool ls --store poison
unlike "$out" 'poison|suspect|retried' 'poison: then the quarantine is empty'
run culprit spool retry 99 --store poison
is "$status" 2 'poison: a number that is not there is said'

# Credentials: a file is read for each request, and wrong ones lose nothing.
printf 'wrong\n' >token
made auth 4
backend auth.got
control '{"authorize":"Bearer right","tenant":"shop"}'
start culprit spool send --store auth --push "$url,token-file=$TMP/token,tenant=shop" --push-rate 0 --spool-age 0s --node n1 \
	>/dev/null 2>auth.err
ok 'auth: wrong credentials are said' wait_for 10 grep -q 'unauthorized (401).*credentials' auth.err
printf 'right\n' >token
wait_for 30 sh -c "! kill -0 $started 2>/dev/null"
status=0
is "$(stat_of nanoseconds)" "$(nanoseconds auth)" 'auth: with the right ones all arrives'
unlike "$(cat auth.err)" 'right|wrong' 'auth: no secret is shown'
made basic 2
backend basic.got
control '{"authorize":"Basic dTpwOnc="}'
printf 'p:w' >password
with=",user=u,password-file=$TMP/password,header=X-Team: a%2Cb"
send basic
arrived basic
like "$(stat_of headers)" 'X-Team: a,b' 'basic: a header of one'"'"'s own'
with=
run culprit spool send --store basic --push "$url" --push "$url/"
is "$status" 2 'a backend may be named once'

# A proxy of the environment, which is asked for the whole URL; names of no_proxy go without it.
made proxied 2
backend proxied.got
run env http_proxy="$url" "$CULPRIT" spool send --store proxied --push http://backend.invalid --push-rate 0 --spool-age 0s --node n1
arrived proxied
run env http_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1 "$CULPRIT" spool send --store proxied --push "$url" --push-rate 0 \
	--spool-age 0s --node n1
is "$status" 0 'no_proxy: without it'

# Catching up leaves room for others: so many bytes a second, and a tenth of a CPU. The time covers the pauses, too.
made paced 100
cp -r paced paced.cpu
backend whole
send paced
rate=$(($(stat_of bytes) / 4))
backend paced.got
TIMEFORMAT='%R %U %S'
# timed FILE RATE - a store sent, and the seconds that it took: by the clock and of CPU.
timed() {
	{ time "$CULPRIT" spool send --store "$1" --push "$url" --push-rate "$2" --spool-age 0s --node n1 >/dev/null 2>&1; } 2>took
}
timed paced "$rate"
at_least "$(cut -d' ' -f1 took)" 3.5 "paced: $rate bytes a second take four seconds for four times as many"
is "$(stat_of profiles)" 1000 'paced: all arrives'
backend cpu.got
timed paced.cpu 1GiB
at_least "$(awk '{ print $1 / ($2 + $3) }' took)" 3 'paced: most of the time nothing is done'
is "$(stat_of profiles)" 1000 'paced: all arrives, too'

# One that is down holds up nobody.
made two 5
backend two.got
start culprit spool send --store two --push "$url" --push http://127.0.0.1:1 --push-rate 0 --spool-age 0s --node n1 >/dev/null 2>two.err
wait_for 10 sh -c "[ \$(curl -s $url/stats | grep -c '\"profiles\":50') = 1 ]"
is "$(stat_of profiles)" 50 'the other one is down: this one gets all'
stop "$started" INT

for bad in 'nothing' 'ftp://h' 'http://h,foo=1' 'http://h,token-file=/t,user=u' 'http://h,header=bad'; do
	run culprit spool send --store plain --push "$bad"
	is "$status" 2 "--push $bad is an error"
done
for bad in 'header=Accept: ;;' 'header=content-type: application/protobuf' 'tenant=a/b' 'tenant=a|b'; do
	run culprit spool send --store plain --push "http://h,$bad"
	like "$status $err" '^2 .*--push: .*(cannot be set|is no tenant|one tenant)' "--push URL,$bad: no backend takes it"
done
run culprit spool send --store plain --push http://h --label __profile_type__=x
like "$status $err" "^2 .*--label: '__profile_type__': labels that begin with __ are a backend's own" "a label of the backend's own"
run culprit spool send --store plain --push http://h --label 9=x
like "$err" '--label: .9. is no name of a label' 'a label that is none'
done_testing
