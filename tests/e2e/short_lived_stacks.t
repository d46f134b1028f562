#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Samples of processes that live for milliseconds are fully named: process, each function, up to the entry point. Nobody
# has rules for such a process when its first sample comes, which is often its last.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"
need_program make

run "$ROOT/tests/unwind/short_lived.sh" --no-perf --seconds 4
diag "$out"
is "$err" '' 'nothing went wrong'
for load in storm:95 shell:85 build:85; do
	row=$(grep "^| ${load%:*} " <<<"$out" | tr -d '|%')
	read -r _ samples named _ <<<"$row"
	at_least "${samples:-0}" 50 "${load%:*}: samples"
	at_least "${named:-0}" "${load#*:}" "${load%:*}: fully named"
done
done_testing
