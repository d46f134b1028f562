#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An outage, with 10,000 windows waiting: the backend is down, and when it is back it fails in each way that real ones do
# before it works. Afterwards each profile of each window is there once, byte for byte what a backend got that was well all
# the time, and that one has not waited.
# shellcheck disable=SC2016,SC2317 # $d and $_ are Perl's; a function is called by wait_for
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
need_program curl
export HOME=$TMP PPROF_TMPDIR=$TMP

windows=10000
made store $windows 2
backend well
well=$url
backend gone
stop "$backend_pid"
start culprit spool send --store store --push "$url,timeout=1s" --push "$well" --push-rate 0 --spool-age 0s --node n1 >send.out 2>send.err
sender=$started
ok 'it is down: that is said' wait_for 10 grep -q 'connect (0)' send.err
backend got -listen "${url#http://}"

# trouble NAME MODE - of the next requests; until it is over and others have passed. The one that met it may be waiting.
over() {
	[ "$(stat_of left)" = 0 ] && [ "$(stat_of profiles)" -gt $((before + 20)) ]
}
trouble() {
	before=$(stat_of profiles)
	control "$2"
	ok "$1: it ends, and sending goes on" wait_for 15 over
}
quota() {
	date -u -d '+2 seconds' +%FT%TZ
}
trouble 'rate limit' '{"status":429,"first":2,"retry_after":"1","message":"push rate limit (4 MiB) exceeded"}'
trouble 'quota' "{\"status\":429,\"first\":1,\"message\":\"limit of 1 GB/hour reached, next reset at $(quota)\"}"
trouble 'unavailable' '{"status":503,"first":2,"retry_after":"1"}'
trouble 'a reset connection' '{"reset":true,"first":2}'
trouble 'half an answer' '{"half":true,"first":2}'
trouble 'half a request' '{"truncate":true,"first":2}'
trouble 'a slow answer' '{"sleep_ms":700,"first":2}'
trouble 'one that comes too late' '{"sleep_ms":1300,"first":1}'
at_most "$(stat_of profiles)" $((windows * 2 - 1)) 'all of this while there was something to send'
wait "$sender"
is "$?" 0 'all is sent' || diag "$(cat send.err)"
is "$(grep -c ": $windows windows, $((windows * 2)) profiles, .* sent; 0 windows wait, 0 profiles" send.out)" 2 'to both'
like "$(cat send.out)" 'answers: \d+ ok, 2 rate_limit, 1 quota, 2 server, [1-9]\d* timeout, \d+ connect, [2-6] broken$' \
	'each trouble is counted'
is "$(json 'join " ", map { "$_:$d->{refused}{$_}" } sort keys %{$d->{refused}}' .stats)" '429:3 503:2 truncated:2' \
	'as the backend counts it'

# The books: labels, time, nanoseconds and sha256 of each profile, against the other backend's and against the source.
book() {
	cut -f 2- "$1/taken.tsv" | sort
}
book got >got.book
book well >well.book
is "$(wc -l <got.book)" $((windows * 2)) 'each profile of each window'
ok 'byte for byte what the other one has' cmp got.book well.book
perl -ne '
	$time = $1 if /^# window start=(\d+)/;
	printf "process=%s\t%d000000000\t%d\n", $1, $time, $2 * int(1e9 / 97) if /^(proc\d+);.* (\d+)$/' store.folded | sort >source.book
perl -pe 's/^.*(process=\w+).*?\t(\d+)\t(\d+)\t.*/$1\t$2\t$3/' got.book | sort | cmp -s - source.book
is "$?" 0 'and what the source says'
is "$(stat_of conflicts)/$(stat_of unordered)" 0/0 'nothing under another time, nothing out of order'
at_least "$(stat_of duplicates)" 1 'what was taken without an answer came again, the same bytes'

# Two blocks that cannot be read, one of them at all: the rest goes out, the loss is counted and shown.
made hurt 5000 2
mapfile -t blocks < <(ls hurt/block-*.db)
printf 'no database any more' | dd of="${blocks[0]}" conv=notrunc 2>/dev/null
dd if=/dev/urandom of="${blocks[1]}" bs=4096 seek=20 count=4 conv=notrunc 2>/dev/null
backend rest
send hurt
is "$status" 0 'damaged blocks: the rest is sent'
taken=$(stat_of profiles)
lost=$(sed -n 's/.*given up: \([0-9]*\) damaged/\1/p' .out)
at_least "$lost" 2 'and the windows of the damaged ones are counted'
first=$(grep -c '^# window' <(perl -pe 'last if /start=1790013600 /' hurt.folded)) # until 18:00, of the first block
is $((taken / 2 + lost - 1 + first)) 5000 'all of them: of the unreadable one one, since nobody knows how many it held'
is "$(stat_of conflicts)/$(stat_of refused)" '0/{}' 'and nothing comes that is wrong'
run culprit spool ls --store hurt
like "$out" "given up: $lost damaged" 'spool ls says so, too'
done_testing
