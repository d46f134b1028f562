#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh [CHECK…] - runs every check (or those named: ranks, headers, …), each of them a script beside this one that
# prints file:line: reason, and says at the end which ones failed.
set -u
cd "$(dirname "$0")/.." || exit 2

checks=("$@")
if [ ${#checks[@]} = 0 ]; then
	checks=(ranks headers banned sizes spdx format shell traps commits clang)
fi

failed=()
for check in "${checks[@]}"; do
	script=scripts/check_$check.sh
	[ -f "$script" ] || script=scripts/check_$check.pl
	[ -f "$script" ] || {
		echo "lint: no check '$check'" >&2
		exit 2
	}
	if "$script"; then
		printf 'lint: %-8s ok\n' "$check"
	else
		printf 'lint: %-8s FAILED\n' "$check"
		failed+=("$check")
	fi
done

if [ ${#failed[@]} -gt 0 ]; then
	echo "lint: failed: ${failed[*]}"
	exit 1
fi
echo "lint: all ${#checks[@]} checks passed"
