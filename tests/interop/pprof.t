#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# go tool pprof reads what the pprof writer writes, and sees the same numbers. The files come from the writer's unit
# test; `time.tot` and its like say what must be in them.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

if ! command -v go >/dev/null 2>&1 || ! go tool pprof -h 2>&1 | grep -q -- -raw; then
	[ "${CI:-}" != true ] || bail 'CI must run this, but there is no go tool pprof'
	skip_all 'needs go tool pprof'
fi
export HOME=$TMP PPROF_TMPDIR=$TMP
writer=$O/tests/unit/test_format_pprof_write
[ -x "$writer" ] || make -s -C "$ROOT" O="$O" "$writer" >&2
"$writer" "$TMP" || bail "$writer could not write its samples"

# sum FILE COLUMN - adds a column of the samples that -raw lists ("  3  30303030: 1 2 3").
sum() {
	go tool pprof -raw "$1" 2>/dev/null |
		perl -ne 'BEGIN { $col = shift }
			if (/^Samples:/ .. /^Locations/) { $s += (split " ", $1)[$col] if /^\s*(\d[\d\s]*):/ }
			END { printf "%d\n", $s // 0 }' "$2"
}

# told FILE WORD - what the writer says is in it.
told() {
	awk -v word="$2" '$1 == word { print $2 }' "$1.tot"
}

for name in time samples push empty; do
	run go tool pprof -raw "$name.pb.gz"
	is "$status" 0 "$name: pprof -raw accepts it"
	unlike "$err" 'symboli|not available|[Ee]rror' "$name: nothing to complain about"
	run go tool pprof -top "$name.pb.gz"
	is "$status" 0 "$name: pprof -top accepts it"
done

is "$(sum time.pb.gz 0)" "$(told time count)" 'time: as many samples as ours'
is "$(sum time.pb.gz 1)" "$(told time weight)" 'time: as many nanoseconds as ours'
is "$(sum samples.pb.gz 0)" "$(told samples weight)" 'samples: as many as ours'
is "$(sum push.pb.gz 0)" "$(told push weight)" 'push: as many nanoseconds as ours'
is "$(sum empty.pb.gz 0)" 0 'empty: none'

run go tool pprof -raw time.pb.gz
like "$out" '^PeriodType: cpu nanoseconds$' 'period type'
like "$out" '^Period: 10309278$' 'period of 97 Hz'
like "$out" '^samples/count cpu/nanoseconds\[dflt\]$' 'two types, cpu is the default'
like "$out" '^Time: 2023-11-14 22:13:20\.25 ' 'start of the window'
like "$out" '^Duration: 10s?$' 'its length'
like "$out" 'lost=7 lost_ring_full=7' 'losses in a comment'
like "$out" '\[kernel\.kallsyms\]\s+\[FN\]' 'the kernel has its mapping'
like "$out" 'process:\[python3 server\.py\]' 'the process is a label'
unlike "$out" '^ *\d+: 0x0 M=\d+ *$' 'no location without a line'

run go tool pprof -raw push.pb.gz
like "$out" '^cpu/nanoseconds\[dflt\]$' 'push: one type'
unlike "$out" 'process:|cgroup:' 'push: no string labels'
like "$out" '^1: 0x0/0x0/0x0 nginx ' 'push: the main binary is the first mapping'

run go tool pprof -top -diff_base time.pb.gz time.pb.gz
is "$status" 0 'a profile can be its own base'

# pprof's own totals per function are those of ours, here by the root's view of the tree.
run go tool pprof -top -nodecount=100 -sample_index=samples time.pb.gz
like "$out" "Total samples = $(told time count) *$" 'the total that pprof shows'

# A difference that pprof writes holds both sides; they are those that it was made of.
culprit show "$DATA/a.folded" -o a.pb.gz
culprit show "$DATA/b.folded" -o b.pb.gz
run go tool pprof -proto -output difference.pb.gz -diff_base a.pb.gz b.pb.gz
culprit diff --two-column difference.pb.gz --format folded | sort >got
culprit diff a.pb.gz b.pb.gz --format folded | sort >wanted
is "$(cat got)" "$(cat wanted)" "both sides of pprof's difference"
at_least "$(wc -l <got)" 5 '…which are not empty'
run culprit show difference.pb.gz
like "$err" 'negative value .* of .* have one' 'it is no profile'

# The type that pprof would take, and the other one.
total() { # FILE OPTION… - of the tables' head
	culprit show "$@" --format json | perl -ne 'print $1 if /"total": ?(\d+)/'
}
like "$(culprit show time.pb.gz --format json)" '"unit": ?"cores"' 'the type that pprof takes: time'
is "$(total time.pb.gz --type samples)" "$(told time count)" '--type samples'
run culprit show time.pb.gz --type inuse_space
like "$err" "no sample type 'inuse_space' in it; there are: samples/count, cpu/nanoseconds" 'types are named'
done_testing
