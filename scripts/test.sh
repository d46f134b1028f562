#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# test.sh [PATTERN] - every test that this machine can run, under prove; the result is prove's. With a pattern only
# tests whose path contains it. The unit tests and the corpora of the fuzz targets run with ASan and UBSan.
#
# A program that failed gets one more run, alone, when all others are done: sampling shares the machine with whatever else
# runs there. It is named either way, and fails twice if it is broken. More than three failures are no coincidence.
#
# CI=true makes a skip of the BPF tests on a kernel that has BPF a failure. JOBS=n runs that many at a time,
# TEST_TIMEOUT=s gives each so many seconds (120).
set -eu
cd "$(dirname "$0")/.."
pattern=${1:-}
jobs=${JOBS:-$(nproc)}

# Each with jobs of its own: a jobserver of the make that calls us does not reach this far.
unset MAKEFLAGS MFLAGS
make -s -j"$jobs" O=.output/san SANITIZE=address,undefined units fuzzers
make -s -j"$jobs" all targets

tests=()
summary=
for kind in unit fuzz cli flow interop e2e crash; do
	if [ "$kind" = unit ]; then
		files=()
		for source in tests/unit/test_*.c; do
			files+=(".output/san/tests/unit/$(basename "$source" .c)")
		done
	elif [ "$kind" = fuzz ]; then # the inputs that are kept
		files=()
		for corpus in tests/fuzz/corpus/*/; do
			files+=(".output/san/tests/fuzz/$(basename "$corpus")")
		done
	else
		mapfile -t files < <(find "tests/$kind" -name '*.t' 2>/dev/null | sort)
	fi
	count=0
	for file in "${files[@]}"; do
		case $file in *"$pattern"*) ;; *) continue ;; esac
		tests+=("$file")
		count=$((count + 1))
	done
	summary="$summary $kind $count,"
done
[ ${#tests[@]} -gt 0 ] || {
	echo "test.sh: no test matches '$pattern'" >&2
	exit 2
}

echo "tests by kind (programs):${summary%,}"
[ -e /sys/kernel/btf/vmlinux ] || echo "this kernel has no BTF: the tests that load BPF programs will skip"
[ "$(id -u)" = 0 ] || echo "not root: the tests that load BPF programs will skip"

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export HARNESS_RULESFILE=tests/rules.yml
state=$(mktemp "${TMPDIR:-/tmp}/culprit-prove.XXXXXX")
trap 'rm -f "$state"' EXIT
run() {
	prove --directives --exec tests/run_one.sh --statefile="$state" "$@"
}
run -j"$jobs" --state=save "${tests[@]}" && exit 0
mapfile -t failed < <(prove --statefile="$state" --state=failed --dry)
[ ${#failed[@]} -gt 0 ] && [ ${#failed[@]} -le 3 ] || exit 1
echo "a second run of ${failed[*]}"
run "${failed[@]}" || exit 1
echo "PASSED ONLY THE SECOND TIME: ${failed[*]}"
