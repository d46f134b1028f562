#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pushes through nginx, which is what stands before a Pyroscope that is not in the same cluster: TLS, a path of its own, a
# user with a password, a client certificate, a limit on bodies, and 502 while there is nothing behind it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
# shellcheck source=tests/interop/nginx.sh
. "$ROOT/tests/interop/nginx.sh"
need_program curl
export HOME=$TMP PPROF_TMPDIR=$TMP

backend got
behind=$backend_pid
made store 6
password users team right
nginx_start "$url"
left=6
common=(--store store --push-rate 0 --spool-age 0s --node n1)

# Each misconfiguration is said, with what it takes to find it, and nothing is given up.
base=https://localhost:$basic_port/team,ca-file=ca.pem
refused() { # SETTINGS REGEX NAME
	run culprit spool send "${common[@]}" --push "$1" --wait 1s
	is "$status" 1 "$3: something is left"
	like "$err" "$2" "$3: is said"
	like "$out" ", 0 samples sent; $left windows wait, 0 profiles were put into quarantine" "$3: and all is kept"
}
printf 'wrong\n' >secret
refused "${base%,*},user=team,password-file=secret" 'tls \(0\): https://localhost:\d+/team: .*certificate.*look at URL' \
	'an authority that is not known'
refused "$base" 'unauthorized \(401\): .*401 Authorization Required.*trying on: look at URL and credentials$' 'no user'
refused "${base/team/other},user=team,password-file=missing" 'local \(0\): missing: No such file' \
	'a password file that is not there'

# A wrong password, mended while the sender waits.
start culprit spool send "${common[@]}" --push "$base,user=team,password-file=secret" >auth.out 2>auth.err
sender=$started
ok 'a wrong password is said' wait_for 10 grep -q 'unauthorized (401)' auth.err
unlike "$(cat auth.err auth.out)" 'wrong|right' 'but not shown'
is "$(stat_of requests)" 0 'nothing got past nginx until now'
printf 'right\n' >secret
wait "$sender"
is "$?" 0 'with the right one all is sent'
like "$(cat auth.out)" '6 windows, 60 profiles, \d+ samples sent; 0 windows wait' 'every window'
like "$(cat auth.out)" 'answers: 6 ok, [1-9]\d* unauthorized' 'and the refusals are counted'
is "$(stat_of nanoseconds)/$(stat_of profiles)" "$(nanoseconds store)/60" 'all of it has arrived'
is "$(stat_of duplicates)/$(stat_of conflicts)/$(stat_of unordered)/$(stat_of refused)" '0/0/0/{}' 'once, in order'
like "$(cat access.log)" '- team \[.*POST /team/push\.v1\.PusherService/Push HTTP/1\.1" 200' 'as that user, over one connection'

# A client certificate, and bodies that nginx finds too large. It answers a bad one with a 400, and that gives up nothing.
made few 3
left=3
common=(--store few --push-rate 0 --spool-age 0s --node n1)
front=https://localhost:$cert_port,ca-file=ca.pem
certificate stranger
refused "$front" '(tls|broken) \((400|0)\): .*' 'no certificate'
refused "$front,cert-file=stranger.pem,key-file=stranger.key" 'tls \(400\): .*SSL certificate error' "a stranger's certificate"

run culprit spool send "${common[@]}" --push "$front,cert-file=client.pem,key-file=client.key"
is "$status" 0 'with the right certificate all is sent'
like "$out" '3 windows, 30 profiles.*\n  answers: \d+ ok, [1-9]\d* too_large$' 'in pieces that nginx lets by'

# Nothing behind nginx for a while.
stop "$behind"
made later 3
common=(--store later --push-rate 0 --spool-age 0s --node n1)
start culprit spool send "${common[@]}" --push "$base,user=team,password-file=secret" >later.out 2>later.err
sender=$started
ok 'nothing behind nginx: is said' wait_for 10 grep -q 'server (502): <html>' later.err
backend again -listen "${url#http://}"
wait "$sender"
is "$?" 0 'when it is back, all is sent'
like "$(cat later.out)" '3 windows, 30 profiles' 'every window'
is "$(stat_of nanoseconds)/$(stat_of conflicts)/$(stat_of refused)" "$(nanoseconds later)/0/{}" 'all of it has arrived'
done_testing
