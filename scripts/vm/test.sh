#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# test.sh - culprit's end-to-end tests on other kernels, in virtual machines, one after the other: TAP, a line for each
# test on each kernel; the last line sums up.
#
#	KERNELS='5.10 newest'   which kernels: 5.10, 6.1, 6.12, newest (what Debian has); all of them without it
#	TESTS='busy_loop jit'   tests whose name contains one of the words; all of them without it
#	VM_ARCH=arm64           the architecture, without it this machine's; VM_SYSROOT=DIR has its programs (sysroot.sh)
#	VM_TIMEOUT=s            for one machine (2400);  TEST_TIMEOUT=s for one test (300)
#
# A kernel that cannot be fetched is skipped, with the reason; with CI=true that is a failure for the oldest and the newest.
# What a machine has said is kept in .output/vm/KERNEL/: console.log (its kernel), result.log (the tests).
set -eu
cd "$(dirname "$0")/../.."
O=${O:-.output}
export VM_ARCH=${VM_ARCH:-$(uname -m | sed "s/x86_64/amd64/; s/aarch64/arm64/")}
oldest=5.10
read -ra kernels <<<"${KERNELS:-5.10 6.1 6.12 newest}"
[ ${#kernels[@]} -gt 0 ] || exit 2

# One machine at a time, also of other checkouts: two on few CPUs make tests fail that measure time.
lock=${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/culprit/vm}
mkdir -p "$lock"
exec 8>"$lock/running"
log=$O/vm/results.tap

say() {
	echo "$*" | tee -a "$log"
}

count() {
	grep -cE "$1" "$log" || true
}

# wanted TEST… - those whose name contains one of the words.
wanted() {
	local test word
	for test in "$@"; do
		for word in ${TESTS:-.}; do
			case $(basename "$test" .t). in *"$word"*) echo "${test#tests/}" && break ;; esac
		done
	done
}
mapfile -t one_cpu < <(wanted tests/vm/*.t tests/unit/{test_collect_probe,test_collector,test_collector_filters} tests/e2e/*.t)
mapfile -t two_cpus < <(wanted tests/vm/smp/*.t)
[ $((${#one_cpu[@]} + ${#two_cpus[@]})) -gt 0 ] || {
	echo "test-kernels: no test matches '$TESTS'" >&2
	exit 2
}

scripts/vm/image.sh "$O/vm/root.img" "${VM_SYSROOT:-}"
: >"$log"

# boot KERNEL RELEASE VMLINUZ CPUS TEST…
boot() {
	local kernel=$1 release=$2 vmlinuz=$3 cpus=$4 begin=$SECONDS
	shift 4
	[ $# -gt 0 ] || return 0
	flock 8
	scripts/vm/boot.sh "$release" "$vmlinuz" "$O/vm/root.img" "$O/vm/$kernel-$cpus" $(($(count '^(not )?ok ') + 1)) \
		"$cpus" "$@" | tee -a "$log" || true
	flock -u 8
	say "# $release with $cpus CPUs: $((SECONDS - begin)) s"
}

for kernel in "${kernels[@]}"; do
	if found=$(scripts/vm/kernel.sh "$VM_ARCH" "$kernel" 2>"$O/vm/kernel.log"); then
		boot "$kernel" "${found%% *}" "${found#* }" 1 ${one_cpu[@]+"${one_cpu[@]}"}
		boot "$kernel" "${found%% *}" "${found#* }" 2 ${two_cpus[@]+"${two_cpus[@]}"}
		continue
	fi
	number=$(($(count '^(not )?ok ') + 1))
	reason=$(tail -n 1 "$O/vm/kernel.log")
	if [ "${CI:-}" = true ] && [[ $kernel = "$oldest" || $kernel = newest ]]; then
		say "not ok $number - $kernel: CI must run the oldest and the newest kernel, but: $reason"
	else
		say "ok $number - $kernel # SKIP $reason"
	fi
done

failed=$(count '^not ok ')
skipped=$(count '^ok .* # SKIP ')
passed=$(($(count '^ok ') - skipped))
say "1..$((passed + failed + skipped))"
echo "test-kernels: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
