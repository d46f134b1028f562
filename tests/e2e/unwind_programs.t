#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a distribution ships has no frame pointers: programs that every machine has, put under load, must be unwound to
# their entry point, and frame for frame as libdw does it. `make unwind-table` does the same with many more.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"
[ -x "$O/tests/unwind/compare" ] || bail "$O/tests/unwind/compare is missing: make targets"

names=()
for name in bash perl python3 gzip sort sqlite3 git openssl; do
	why=$("$ROOT/tests/unwind/programs.sh" missing "$name")
	if [ -n "$why" ]; then
		skip "$name: $why"
	else
		names+=("$name")
	fi
done
at_least "${#names[@]}" 3 'programs to look at'
run "$ROOT/tests/unwind/table.sh" --rows --seconds 2 --top 3 "${names[@]}"
diag "$out$err"
read -r rows samples whole wrong frames agree < <(grep -v '^#' <<<"$out" |
	awk -F'\t' '{ n++; s += $2; w += $3; f += $4; c += $7; a += $8 } END { print n, s, w, f, c, a }')
is "$rows" "${#names[@]}" 'each was measured'
at_least "$samples" 300 'samples to compare'
# In two seconds each program is cold: where its frames are larger than a copied stack, its first stacks are cut.
at_least "$(share "$whole" "$samples")" 98 "stacks that reach the entry point: $whole of $samples"
at_least "$(share "$agree" "$frames")" 99 "frames that libdw agrees with: $agree of $frames"
is "$wrong" 0 'what is said to be whole is whole'
done_testing
