#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# diff.sh - `culprit diff` of two large profiles, 64 MB of folded text each, to each kind of output, and beside it what
# else can do that here: FlameGraph's difffolded.pl and flamegraph.pl, inferno's, or where they are not installed a
# re-creation in perl; go tool pprof for pprof profiles. Best of three each, peers in turn with ours.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
MB=${MB:-64}

bytes_of() {
	cat "$@" | wc -c
}

# best FILE - the run that took least CPU: seconds, CPU seconds, KiB
best() {
	sort -k2,2g "$1" | head -1
}

# row NAME BYTES OUT - a line of the table, from $work/NAME
row() {
	local clock cpu rss
	read -r clock cpu rss <<<"$(best "$work/$1")"
	printf '  %-34s %7.2f s %7.2f s %7.0f MB/s %8.2f x %8.1f MB\n' "$1" "$clock" "$cpu" \
		"$(ratio "$2" "$cpu" %.3f | awk '{ print $1 / 1e6 }')" \
		"$(ratio $((rss * 1024)) "$2")" "$(awk -v n="$(bytes_of "$3")" 'BEGIN { print n / 1e6 }')"
}

# measured NAME OUT COMMAND… - once more
measured() {
	local name=$1 out=$2
	shift 2
	"$O/tests/bench/measure" "$work/$name" "$@" >"$out" 2>"$work/err" || {
		note "$name failed: $(head -1 "$work/err")"
		return 1
	}
}

perl_peer() {
	if have difffolded.pl && have flamegraph.pl; then
		peer='difffolded.pl, flamegraph.pl'
		peer_command=(sh -c "difffolded.pl '$work/a.folded' '$work/b.folded' | flamegraph.pl")
	else
		peer='re-creation of FlameGraph in perl'
		peer_command=("$BENCH/flame_diff.pl" "$work/a.folded" "$work/b.folded")
	fi
}

title "diff of two profiles of $MB MB, folded"
"$O/tests/bench/folded_pair" "$work" "$MB"
input=$(bytes_of "$work/a.folded" "$work/b.folded")
note "$(cat "$work"/[ab].folded | wc -l) stacks; MB/s: of input, by CPU second; x: peak memory by bytes of input"
printf '  %-34s %9s %9s %12s %10s %11s\n' '' clock CPU rate memory output
perl_peer
for _ in 1 2 3; do
	for kind in html svg txt json; do
		measured "culprit diff -o .$kind" /dev/null "$CULPRIT" diff "$work/a.folded" "$work/b.folded" -o "$work/x.$kind"
	done
	measured "$peer" "$work/peer.svg" "${peer_command[@]}"
	! have inferno-diff-folded || measured 'inferno' "$work/inferno.svg" \
		sh -c "inferno-diff-folded '$work/a.folded' '$work/b.folded' | inferno-flamegraph"
done
for kind in html svg txt json; do
	row "culprit diff -o .$kind" "$input" "$work/x.$kind"
done
row "$peer" "$input" "$work/peer.svg"
! have inferno-diff-folded || row inferno "$input" "$work/inferno.svg"
note "$peer takes $(ratio "$(best "$work/$peer" | cut -d' ' -f2)" "$(best "$work/culprit diff -o .html" |
	cut -d' ' -f2)" %.1f) times the CPU of culprit's HTML, $(ratio "$(best "$work/$peer" |
	cut -d' ' -f1)" "$(best "$work/culprit diff -o .html" | cut -d' ' -f1)" %.1f) times its time on the clock"

title 'the same as pprof profiles (bytes: inflated)'
for side in a b; do
	"$CULPRIT" show "$work/$side.folded" -o "$work/$side.pb.gz"
done
packed=$(gzip -dc "$work/a.pb.gz" "$work/b.pb.gz" | wc -c)
for _ in 1 2 3; do
	measured 'culprit diff of pprof' "$work/pprof.txt" "$CULPRIT" diff "$work/a.pb.gz" "$work/b.pb.gz" --format text
	! have go || measured 'go tool pprof -diff_base -top' "$work/go.txt" env PPROF_TMPDIR="$work" HOME="$work" \
		go tool pprof -top -diff_base "$work/a.pb.gz" "$work/b.pb.gz"
done
row 'culprit diff of pprof' "$packed" "$work/pprof.txt"
! have go || row 'go tool pprof -diff_base -top' "$packed" "$work/go.txt"

have valgrind || exit 0
title 'instructions, 2 x 8 MB'
"$O/tests/bench/folded_pair" "$work" 8
input=$(bytes_of "$work/a.folded" "$work/b.folded")
for kind in html svg txt; do
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$CULPRIT" diff "$work/a.folded" "$work/b.folded" \
		-o "$work/x.$kind" 2>"$work/valgrind" || true
	count=$(awk '/Collected/ { print $4 }' "$work/valgrind")
	printf '  %-34s %14s instructions, %s for each byte of input\n' "culprit diff -o .$kind" "$count" \
		"$(ratio "${count:-0}" "$input" %.1f)"
done
