#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What was pushed comes back: stacks, levels and names out of a backend that is asked as Pyroscope is.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/interop/backend.sh
. "$ROOT/tests/interop/backend.sh"
need_program curl
export HOME=$TMP PPROF_TMPDIR=$TMP with=

made store 60
backend got
send store
is "$status" 0 'a store is sent'
from=1790000000 until=1790000600
far=pyroscope+$url

# stacks FILE - without comments, in one order.
stacks() {
	grep -v '^#' "$1" | sort
}

run culprit show store --from $from --until $until --format folded -o near.folded
run culprit show "$far" --from $from --until $until --format folded -o far.folded
is "$status" 0 'it is shown' || diag "$err"
ok 'with the same stacks and samples' cmp <(stacks near.folded) <(stacks far.folded)
run culprit show store --from $((from + 100)) --until $((from + 133)) --format folded -o near.folded
run culprit show "$far" --from $((from + 100)) --until $((from + 133)) --format folded -o far.folded
ok 'windows belong to a range by their middle, as in a store' cmp <(stacks near.folded) <(stacks far.folded)
run culprit show "$far" --from $from --until $until --match process=proc3 --match 'node!=n2' --format folded -o one.folded
is "$(stacks one.folded | cut -d';' -f1 | sort -u)" proc3 '--match is asked of the backend'
run culprit show store --from $from --until $until --format folded -o near.folded
run culprit diff near.folded "$far" --format json -o diff.json
like "$status $err" '^2 .*no profile' 'without a range the last hour is asked for'
run culprit diff --store "$far" --baseline $from..$((from + 300)) --incident $((from + 300))..$until --format json -o far.json
is "$status" 0 'ranges are compared' || diag "$err"
run culprit diff --store store --baseline $from..$((from + 300)) --incident $((from + 300))..$until --format json -o near.json
# shellcheck disable=SC2016 # $d is Perl's
processes='join " ", map { sprintf "%s %.4f %.4f", $_->{process}, $_->{a}, $_->{b} } sort { $a->{process} cmp $b->{process} } @{$d->{processes}}'
is "$(json "$processes" far.json)" "$(json "$processes" near.json)" 'as in the store'

control '{"gzip":true}'
run culprit show "$far" --from $((from - 200000)) --until $((until + 100000)) --format folded -o days.folded
is "$status" 0 'a range of days is asked for in pieces of a day' || diag "$err"
ok 'with all that is in it, once, also when it comes with gzip' cmp <(stacks near.folded) <(stacks days.folded)
control '{}'

run culprit ls --store "$far" --from $from --until $until
is "$status" 0 'ls'
like "$out" '^profile types\n  process_cpu:cpu:nanoseconds:cpu:nanoseconds\n' 'shows types'
like "$out" '^process \(10\)\n  proc0\n  proc1\n' 'and labels with their values'

# Errors: which backend, which question, what it said.
run culprit show "$far" --from $from --until $until --type memory:inuse_space:bytes:space:bytes
is "$status" 2 'a type that is not there'
like "$err" 'no profile of the type memory:inuse_space:bytes:space:bytes in the range; there are: process_cpu:cpu' 'is named beside those that are'
run culprit show "$far" --from 1690000000 --until 1690000100
like "$status $err" '^2 .*no profile of the type process_cpu' 'nor is there anything a long time ago'
control '{"status":401,"message":"no org id"}'
run culprit show "$far" --from $from --until $until
is "$status" 2 'one that refuses'
like "$err" "LabelValues answered 401: .*no org id" 'is quoted'
control '{"status":503,"first":2}'
run culprit show "$far" --from $from --until $until --match process=proc1
is "$status" 0 'one that is busy is asked again'
control '{"type":"text/;;=x,,"}'
run culprit show "$far" --from $from --until $until --match process=proc1
is "$status" 0 'the type that an answer says it has is nothing to go by'
control '{"type":"text/html","body":"<html><body>Please log in</body></html>"}'
run culprit show "$far" --from $from --until $until
like "$status $err" '^2 .*answered: \d+ bytes that are no' 'a page of somebody on the way is no answer'
run culprit ls --store "$far" --from $from --until $until
like "$status $err" '^2 .*answered: \d+ bytes that are no' 'nor are there names in it'
control '{"visible_ms":3600000}'
run culprit show "$far" --from $from --until $until
like "$status $err" '^2 .*no profile of the type process_cpu' 'what a backend does not show yet is not there'
control '{}'
run culprit show "$far" --from $from --until $until --format folded -o far.folded
ok 'later it is all there' cmp <(stacks near.folded) <(stacks far.folded)
# A backend reaches back for a week, and leaves out what is before without a word.
control "{\"lookback_s\":$(($(date +%s) - from - 300))}"
run culprit show "$far" --from $from --until $until --format folded -o late.folded
culprit show store --from $((from + 306)) --until $until --format folded -o half.folded
ok 'a range that begins before what a backend shows has the rest' cmp <(stacks half.folded) <(stacks late.folded)
run culprit show "$far" --from $from --until $((from + 200))
like "$status $err" '^2 .*no profile of the type process_cpu.*; many backends show the last 7 days only' 'one that ends before is empty, with a hint'
control '{"cut":true}'
run culprit show "$far" --from $from --until $until
is "$status" 2 'half an answer'
like "$err" 'answered: \d+ bytes that are no' 'is no answer'
control '{}'
run culprit show pyroscope+http://127.0.0.1:1 --from $from --until $until
like "$status $err" '^2 .*127\.0\.0\.1:1' 'nobody there'
run culprit show "$far" --from $from --until $until --windowed
like "$status $err" '^2 .*no windows with stacks' 'windows with stacks are not to be had'

# Off-CPU time of another client: its period has a type without words, since the id of the profile type ends in "::".
offcpu() { # FILE [WITH_PERIOD_TYPE]
	perl -MIO::Compress::Gzip=gzip -e '
		sub v { my ($n, $s) = (shift, ""); do { my $b = $n & 127; $n >>= 7; $s .= chr($b | ($n ? 128 : 0)) } while $n; $s }
		sub n { v($_[0] << 3) . v($_[1]) }
		sub b { v($_[0] << 3 | 2) . v(length $_[1]) . $_[1] }
		my ($start, $type) = @ARGV;
		my $pb = b(1, n(1, 1) . n(2, 2));
		$pb .= b(2, b(1, v(2) . v(1)) . b(2, v($_))) for 3000000000, 4500000000;
		$pb .= b(4, n(1, $_) . b(4, n(1, $_))) . b(5, n(1, $_) . n(2, $_ + 2)) for 1, 2;
		$pb .= b(6, $_) for "", "off_cpu", "nanoseconds", "main", "wait_for_lock";
		$pb .= n(9, $start * 1e9) . n(10, 10e9) . ($type ? b(11, "") . n(12, 1) : "");
		gzip \$pb => \my $gz;
		open my $f, ">", "offcpu.pb.gz"; print $f $gz; close $f;
		my $labels = join "", map { b(1, b(1, $_->[0]) . b(2, $_->[1])) }
			["__name__", "off_cpu"], ["node", "n1"], ["process", "worker"], ["service_name", "worker"];
		print b(1, $labels . b(2, b(1, $gz)))' "$from" "$1"
}
offcpu 1 >offcpu.push
is "$(curl -sS -o .answer -w '%{http_code}' -H 'Content-Type: application/proto' --data-binary @offcpu.push "$url/push.v1.PusherService/Push")" \
	200 'another client pushes off-CPU time'
run culprit ls --store "$far" --from $from --until $until
like "$out" '^  off_cpu:off_cpu:nanoseconds::$' 'ls shows its type, with a period that has none'
run culprit show "$far" --from $from --until $until --type off_cpu:off_cpu:nanoseconds:: --format json -o offcpu.json
is "$status" 0 'it is shown' || diag "$err"
like "$(cat offcpu.json)" 'wait_for_lock' 'with its stacks'
culprit show "$far" --from $from --until $until --format json -o cpu.json
unlike "$(cat cpu.json)" 'wait_for_lock' 'and not among the time on CPUs'
run go tool pprof -raw offcpu.pb.gz
like "$status $out" '^0 [\s\S]*off_cpu/nanoseconds' 'go tool pprof takes a type without words'
culprit show offcpu.pb.gz --format folded -o with.folded
offcpu 0 >offcpu.none
culprit show offcpu.pb.gz --format folded -o without.folded
ok 'with such a type or without any it reads the same' cmp with.folded without.folded
like "$(cat with.folded)" 'main;wait_for_lock \d+' 'which is what is in it'

# Names that mean something to the language of selectors, and far more functions than a flame graph would have.
perl -e '
	for my $w (0 .. 3) {
		printf "# window start=%d length=10 cpus=2 hz=97 lost=0\n", 1790050000 + $w * 10;
		print q(we"ird\\{a="b",c=~".*"};main;f 5), "\n", "we;main;f 7\n";
		print "many;main;layer_$_;function_$_ 1\n" for 1 .. 6000;
	}' >odd.folded
culprit import --store odd odd.folded 2>/dev/null
send odd
run culprit show odd --format folded -o near.folded
run culprit show "$far" --from 1790050000 --until 1790050040 --format folded -o far.folded
ok 'twelve thousand functions, and names with signs in them' cmp <(stacks near.folded) <(stacks far.folded)
at_least "$(wc -l <far.folded)" 6000 'none of them folded into others'
run culprit show "$far" --from 1790050000 --until 1790050040 --match 'process=we"ird\{a="b",c=~".*"}' --format folded
is "$(stacks .out)" 'we"ird\{a="b",c=~".*"};main;f 20' 'such a name may be asked for'

# A recurring incident that everybody can see.
perl -e '
	for my $w (0 .. 719) {
		my $bad = grep { $w >= $_ && $w < $_ + 6 } 70, 231, 352, 519, 650;
		printf "# window start=%d length=10 cpus=4 hz=97 lost=0\n", 1790100003 + $w * 10;
		printf "service;main;serve %d\n", 180 + ($w * 37) % 60 - ($bad ? 80 : 0);
		printf "idle;main;tick %d\n", 5 + ($w * 13) % 9;
		printf "report;main;build;sort_rows %d\n", $bad ? 700 + $w % 50 : 3;
	}' >history.folded
culprit import --store history history.folded 2>/dev/null
backend history.got
send history
far=pyroscope+$url
incidents=()
for w in 70 231 352 519 650; do
	incidents+=(--incident "$((1790100003 + w * 10))..$((1790100003 + w * 10 + 60))")
done
run culprit blame --store history "${incidents[@]}" --format json -o near.json
is "$status" 0 'blame from the store' || diag "$out$err"
run culprit blame --store "$far" "${incidents[@]}" --from 1790100000 --until 1790107300 --format json -o far.json
is "$status" 0 'and from the backend' || diag "$out$err"
# shellcheck disable=SC2016 # $d is Perl's
summary='join " ", $d->{verdict}, $d->{culprits}[0]{process}, $d->{culprits}[0]{hits}, sprintf "%.1f", $d->{culprits}[0]{delta_cores}'
is "$(json "$summary" far.json)" "$(json "$summary" near.json)" 'say the same'
# shellcheck disable=SC2016
is "$(json 'join ">", @{$d->{culprits}[0]{path}}' far.json)" 'main>build>sort_rows' 'with the path of the stacks'
culprit import --store other history.folded 2>/dev/null
send other --node n2
run culprit blame --store "$far" "${incidents[@]}" --from 1790100000 --until 1790107300
like "$status $err" '^2 .*windows of 2 nodes: choose one, --match node=n1' 'two machines are not one'
run culprit blame --store "$far" --match node=n2 "${incidents[@]}" --from 1790100000 --until 1790107300 --format json -o n2.json
is "$(json "$summary" n2.json)" "$(json "$summary" near.json)" 'each of them says the same'
run culprit blame --store "$far" --match node=n2 --incident 1790101500..1790101560 --incident 1790103000..1790103060 \
	--from 1790100000 --until 1790107300
is "$status" 1 'where nobody rose nobody is named'
like "$out" 'from afar only processes were compared' 'and what could not be asked is said'
run culprit blame --store "$far" nightly
like "$status $err" '^2 .*--incident' 'an incident is not known there by a name'
done_testing
