#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is recorded from this machine, read by others: go tool pprof, XML and JSON parsers, a reader of folded stacks.
# All of them must see the totals that culprit itself reports.
# shellcheck disable=SC2016 # the expressions are Perl
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/../e2e/profile.sh"

start "$TARGETS/threads" 40 2
start "$TARGETS/fork_storm" 40 >/dev/null
sleep 0.2
run culprit record -d 2s --raw a.raw -o a.pb.gz
is "$status" 0 'a profile of this machine as pprof'
run culprit record -d 1s --raw b.raw -o b.pb.gz
start culprit agent --store store --window 500ms
agent=$started
sleep 2.2
until=$(date +%s.%N) # the other commands take as long as they take
stop "$agent"
is $? 0 'and an agent'"'"'s store'
stop_all

for name in a b; do
	culprit show --raw $name.raw -o $name.json
	culprit show --raw $name.raw -o $name.folded
	culprit show --raw $name.raw -o $name.svg
done
culprit show store -o store.pb.gz
culprit show store -o store.json
culprit show store --match process=threads -o store.svg
culprit diff a.folded b.folded -o diff.json
culprit diff a.folded b.folded -o diff.svg
culprit diff a.folded b.folded --format folded >two.folded
incident=$(perl -e 'printf "%.3f..%.3f", $ARGV[0] - 1.2, $ARGV[0] - 0.4' "$until")
culprit blame --store store --incident "$incident" --format json >blame.json 2>/dev/null
culprit blame --store store --incident "$incident" -o blame.svg >/dev/null 2>&1

if command -v go >/dev/null 2>&1 && go tool pprof -h 2>&1 | grep -q -- -raw; then
	export HOME=$TMP PPROF_TMPDIR=$TMP
	# sum FILE COLUMN - adds a column of the samples that -raw lists.
	sum() {
		go tool pprof -raw "$1" 2>/dev/null |
			perl -ne 'BEGIN { $col = shift }
				if (/^Samples:/ .. /^Locations/) { $s += (split " ", $1)[$col] if /^\s*(\d[\d\s]*):/ }
				END { printf "%d\n", $s // 0 }' "$2"
	}
	for name in a store; do
		run go tool pprof -raw $name.pb.gz
		is "$status" 0 "$name: go tool pprof -raw takes it"
		is "$(sum $name.pb.gz 0)" "$(json '$d->{b}{samples}' $name.json)" "$name: as many samples"
		near "$(awk -v ns="$(sum $name.pb.gz 1)" 'BEGIN { printf "%.4f", ns / 1e9 }')" \
			"$(json '$d->{b}{total} * $d->{b}{length_s}' $name.json)" 0.1 0.001 "$name: as many CPU seconds"
		run go tool pprof -top -sample_index=samples -nodecount=1000 $name.pb.gz
		is "$status" 0 "$name: go tool pprof -top takes it"
		like "$out" ' (even|odd)_work' "$name: and has the names"
		for function in even_work odd_work child_work; do
			is "$(printf '%s\n' "$out" | awk -v f=$function '$6 == f { print $4 }')" \
				"$(json "(map { \$_->{samples_b} } grep { \$_->{function} eq '$function' } @{\$d->{functions}})[0]" \
					$name.json)" "$name: $function has as many samples there"
		done
		go tool pprof -raw $name.pb.gz 2>/dev/null >labels.txt
		ok "$name: the process is a label" grep -qF 'process:[threads]' labels.txt
	done
	run go tool pprof -top -diff_base a.pb.gz b.pb.gz
	is "$status" 0 'go tool pprof -diff_base compares two of them'
	like "$out" 'child_work' 'by name'
	run go tool pprof -top -sample_index=samples -diff_base a.pb.gz a.pb.gz
	like "$out" 'of 0 total| 0 total|Total samples = \d+' 'one is no different from itself'
	culprit show a.pb.gz -o back.json
	is "$(json '$d->{b}{samples}' back.json)" "$(json '$d->{b}{samples}' a.json)" 'culprit reads its own pprof back'
else
	[ "${CI:-}" != true ] || fail 'CI must run this, but there is no go tool pprof'
	skip 'needs go tool pprof'
fi

# XML
if command -v xmllint >/dev/null 2>&1; then
	for name in a b store diff blame; do
		[ -f $name.svg ] || continue
		run xmllint --noout $name.svg
		is "$status$err" 0 "$name.svg is well-formed"
	done
	is "$(xmllint --xpath 'count(//*[local-name()="script"][@src])' diff.svg)" 0 'a picture fetches no script'
else
	[ "${CI:-}" != true ] || fail 'CI must run this, but there is no xmllint'
	skip 'needs xmllint'
fi

# JSON
for name in a store diff blame; do
	run json '$d->{version}' $name.json
	[ "$name" = blame ] && want=1 || want=2
	is "$out" "$want" "$name.json is JSON with a version"
done
is "$(json '$d->{verdict} =~ /^(named|shortlist|schedule-confounded|cpu-did-not-rise|need-more)$/ ? 1 : 0' blame.json)" 1 \
	'a verdict is one of five words'

# Folded: "a;b;c 12", and with two columns "a;b;c 12 34".
is "$(count a.folded .)" "$(json '$d->{b}{samples}' a.json)" 'folded has as many samples'
is "$(perl -ne '$bad++ unless /^#/ || /^[^;\s](?:[^;]*;)*[^;]+ \d+ \d+$/; END { print $bad // 0 }' two.folded)" 0 \
	'each line of two columns is a stack and two numbers'
is "$(perl -ne '$a += $1 if /^[^#].* (\d+) \d+$/; END { print $a }' two.folded)" "$(count a.folded .)" \
	'the first column is A'
is "$(perl -ne '$b += $1 if /^[^#].* \d+ (\d+)$/; END { print $b }' two.folded)" "$(count b.folded .)" \
	'the second column is B'
culprit show a.folded -o again.folded
is "$(sort again.folded | cksum)" "$(sort a.folded | cksum)" 'folded survives being read and written'
done_testing
