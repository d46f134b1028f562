#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [TARGET…] - runs the fuzz targets, or these, for FUZZ_SECONDS (20) each, FUZZ_JOBS at a time, and prints a table.
#
# What they learn stays in .output/fuzz/corpus/ for the next run. An input that breaks a target is put into
# .output/fuzz/found/, said at the end, and makes the exit status 1: copy it to tests/fuzz/corpus/TARGET/ with the
# fix, where `make test` runs it from then on.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-.output}
fuzz=$O/fuzz
seconds=${FUZZ_SECONDS:-20}
jobs=${FUZZ_JOBS:-$(nproc)}

unset MAKEFLAGS MFLAGS
if [ $# = 0 ]; then
	mapfile -t targets < <(find tests/fuzz -maxdepth 1 -name '*.c' ! -name driver.c -printf '%f\n' | sed 's/\.c$//' | sort)
else
	targets=("$@")
fi
start=$SECONDS
make -s -j"$jobs" O="$fuzz" CC=clang OPT=-O1 SANITIZE=address,undefined FUZZER=1 \
	"${targets[@]/#/$fuzz/tests/fuzz/}"
echo "fuzz: built ${#targets[@]} targets in $((SECONDS - start)) s; ${seconds} s each, $jobs at a time"
mkdir -p "$fuzz/found" "$fuzz/log"

# fuzz_one TARGET - one run; its log is judged afterwards.
fuzz_one() {
	local target=$1 flags
	flags=$(sed -n '1,3s|.*FUZZ: *\(.*\) \*/$|\1|p' "tests/fuzz/$target.c")
	mkdir -p "$fuzz/corpus/$target"
	# shellcheck disable=SC2086 # flags are words
	"$fuzz/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 $flags \
		-artifact_prefix="$fuzz/found/$target-" "$fuzz/corpus/$target" "tests/fuzz/corpus/$target" \
		>"$fuzz/log/$target" 2>&1 || echo "exit status $?" >>"$fuzz/log/$target"
}
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
running=()
stop() {
	trap - EXIT INT TERM
	[ ${#running[@]} = 0 ] || kill "${running[@]}" 2>/dev/null || true
	exit 130
}
trap stop INT TERM
for target in "${targets[@]}"; do
	fuzz_one "$target" &
	running+=("$!")
	[ $((${#running[@]} % jobs)) != 0 ] || wait
done
wait
running=()

failed=()
printf '%-14s %12s %9s %7s %9s %8s   %s\n' target executions 'a second' edges features 'RSS MiB' result
for target in "${targets[@]}"; do
	log=$fuzz/log/$target
	result=ok
	if grep -q '^exit status' "$log"; then
		failed+=("$target")
		result=$(sed -n 's/.*Test unit written to \(.*\)/\1/p' "$log" | tail -1)
		result="FAILED ${result:-see $log}"
	fi
	sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\) .*/cov \1 \2/p; s/^stat::\([a-z_]*\): *\([0-9]*\)/\1 \2/p' "$log" |
		awk -v target="$target" -v result="$result" '
			$1 == "cov" { edges = $2; features = $3 }
			{ stat[$1] = $2 }
			END {
				printf "%-14s %12d %9d %7d %9d %8d   %s\n", target, stat["number_of_executed_units"],
					stat["average_exec_per_sec"], edges, features, stat["peak_rss_mb"], result
			}'
done
for target in "${failed[@]}"; do
	echo "--- $target"
	grep -m1 -A12 -E 'ERROR: |runtime error|: must\(' "$fuzz/log/$target" || tail -5 "$fuzz/log/$target"
done
[ ${#failed[@]} = 0 ]
