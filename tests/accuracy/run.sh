#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [grid|causes|inject]… - measures how often blame is right (README.md in this folder); called by `make accuracy`. Writes
# .output/accuracy-report/: grid.tsv (simulated worlds, a row each), inject.tsv (incidents on this machine, a row each),
# causes.md (worlds of two causes) and report.md with the tables, which is printed as well.
#
# SEEDS=n takes n times as many worlds and repeats each injected scenario n times (1). SEED=n is the first (9000 for worlds,
# 1 for scenarios). JOBS=n worlds at a time. SCENARIOS="cpu-hog …" only these. Injections run one at a time.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-.output}
seeds=${SEEDS:-1}
jobs=${JOBS:-$(nproc)}
out=$O/accuracy-report
[ $# -gt 0 ] || set -- grid causes inject
mkdir -p "$out"
here=tests/accuracy

run_grid() {
	local seed=${SEED:-9000}
	{
		"$O/tests/accuracy/grid" random $((600 * seeds)) "$seed" "$jobs"
		"$O/tests/accuracy/grid" null $((400 * seeds)) "$seed" "$jobs" | tail -n +2
		"$O/tests/accuracy/grid" wrong $((150 * seeds)) "$seed" "$jobs" | tail -n +2
		"$O/tests/accuracy/grid" right $((150 * seeds)) "$seed" "$jobs" | tail -n +2
		"$O/tests/accuracy/grid" cells $((6 * seeds)) "$seed" "$jobs" | tail -n +2
		"$O/tests/accuracy/grid" short $((100 * seeds)) "$seed" "$jobs" | tail -n +2
		"$O/tests/accuracy/grid" name $((36 * seeds)) "$seed" "$jobs" | tail -n +2
	} >"$out/grid.tsv"
}

run_causes() {
	"$O/tests/accuracy/causes" $((20 * seeds)) "${SEED:-9000}" >"$out/causes.md"
}

run_inject() {
	local seed=${SEED:-1} scenario end status
	end=$((seed + seeds))
	$here/inject.sh --columns >"$out/inject.tsv"
	for (( ; seed < end; seed++)); do
		for scenario in ${SCENARIOS:-$($here/inject.sh --list)}; do
			echo "inject.sh $scenario $seed" >&2
			status=0
			$here/inject.sh "$scenario" "$seed" >>"$out/inject.tsv" || status=$?
			[ "$status" = 0 ] || [ "$status" = 77 ] || echo "run.sh: $scenario $seed: no result" >&2
		done
	done
}

for what in "$@"; do
	case $what in
	grid | inject | causes) "run_$what" ;;
	*)
		echo "usage: run.sh [grid|causes|inject]..." >&2
		exit 2
		;;
	esac
done
files=()
for what in grid inject; do
	[ ! -s "$out/$what.tsv" ] || files+=("$out/$what.tsv")
done
{
	perl $here/tables.pl "${files[@]}"
	[ ! -s "$out/causes.md" ] || printf 'Several causes.\n\n%s\n' "$(cat "$out/causes.md")"
} | tee "$out/report.md"
