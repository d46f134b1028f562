#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A full disk under the spool: what has been sent cannot be noted. Sending goes on, nothing is lost; after a restart some is
# sent again, the same bytes.
# shellcheck disable=SC2317 # started in the background
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
need_program curl
need_root
export HOME=$TMP PPROF_TMPDIR=$TMP

small_disk disk 1m

made kept 1000 2
cp -r kept disk/store
# The whole room, also what others let go of for a moment, until it is ended.
hog() {
	while :; do
		dd if=/dev/zero of=disk/hog bs=1k oflag=append conv=notrunc 2>/dev/null
		sleep 0.02
	done
}
backend got
dd if=/dev/zero of=disk/hog bs=1k 2>/dev/null
send disk/store
like "$status $err" '^2 .*(disk is full|full)' 'no room for a spool: an error that says so' || diag "$out"
is "$(stat_of requests)" 0 'and nothing was sent that could not be noted'
rm disk/hog

control '{"sleep_ms":5}'
start culprit spool send --store disk/store --push "$url" --push-rate 0 --spool-age 0s --node n1 >send.out 2>send.err
sender=$started
# shellcheck disable=SC2317 # called by wait_for
sends() {
	[ "$(stat_of profiles)" -gt 40 ]
}
ok 'it sends' wait_for 10 sends
start hog
hog=$started
ok 'the disk becomes full while it sends: that is said' wait_for 20 grep -q 'push: .*full.*going on' send.err
is "$(grep -c 'going on' send.err)" 1 'once'
kill -KILL "$sender"
wait "$sender" 2>/dev/null
before=$(stat_of profiles)
at_least "$before" 1 'some of it was sent'
at_most "$before" 1999 'but not all'
stop "$hog"
rm disk/hog
control '{}'
send disk/store
is "$status" 0 'with room again the rest is sent'
is "$(stat_of profiles)/$(stat_of nanoseconds)" "2000/$(nanoseconds kept)" 'nothing is lost'
at_least "$(stat_of duplicates)" 1 'some came twice'
is "$(stat_of conflicts)/$(stat_of refused)" '0/{}' 'the same bytes, under the same time'
run culprit spool ls --store disk/store
is "$out" "$url/: 0 windows to be sent" 'and the spool is empty'
done_testing
