#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The watcher is watched: the service manager hears that the agent is there and goes round, a dead man's switch hears of
# it only while samples, windows and pushes are fresh, and metrics tell how the backends are doing.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_bpf
need_program curl
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
export HOME=$TMP

# shellcheck disable=SC2016 # the variables are Perl's
start perl -MIO::Socket::UNIX -MSocket -e '
	my $s = IO::Socket::UNIX->new(Local => "notify.sock", Type => SOCK_DGRAM) or die $!;
	$| = 1;
	print "$_\n" while defined recv $s, $_, 1000, 0' >notified
wait_for 10 test -S notify.sock
export NOTIFY_SOCKET=$TMP/notify.sock WATCHDOG_USEC=400000
start "$TARGETS/busy_loop" 60
backend got
mkdir -p store
touch store/disable
start culprit agent --store store --window 1s --push "$url" --heartbeat "$url/beat/" --heartbeat-every 1s 2>agent.err
agent=$started
ok 'the service manager hears that it is ready' wait_for 15 grep -q READY=1 notified
sleep 2
is "$(stat_of beats)" 0 'one that does not sample has no heartbeat'
rm store/disable
ok 'one that samples, stores and pushes has' wait_for 20 sh -c "[ \$(curl -s $url/stats | sed 's/.*\"beats\":\\([0-9]*\\).*/\\1/') -ge 2 ]"
at_least "$(grep -c WATCHDOG=1 notified)" 5 'the watchdog hears that the loop goes round'
at_least "$(stat_of profiles)" 1 'what is sampled is pushed'
wait_for 15 grep -q '^culprit_push_profiles_total.* [1-9]' store/agent.prom
like "$(cat store/agent.prom)" '^culprit_push_last_success_timestamp_seconds\{backend="http://127.0.0.1:\d+/"\} 1\d{9}' \
	'metrics tell when a backend last took something'
if command -v promtool >/dev/null 2>&1; then
	run promtool check metrics <store/agent.prom
	is "$status$out$err" 0 'and promtool has nothing to say about them'
else
	skip 'needs promtool'
fi
stop "$agent" INT
is $? 0 'the agent ends well'
like "$(cat notified)" 'STOPPING=1\s*\Z' 'and says so'
is "$(stat_of conflicts)/$(stat_of refused)" '0/{}' 'the backend had no complaint'
sent=$(stat_of nanoseconds)
is "$sent" "$(nanoseconds store)" 'and has all that is in the store'
is "$(grep -c 'process=culprit' got/taken.tsv >/dev/null && echo yes)" yes 'the agent is a process like any other'
done_testing
