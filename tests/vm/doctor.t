#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything that the agent needs works on this kernel; the first test, for it says best what is wrong with a kernel.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin=$(date +%s%N)
run culprit doctor
diag "doctor took $((($(date +%s%N) - begin) / 1000000)) ms"
diag "$out"
is "$status" 0 'the agent can run here'
unlike "$out" '^(MISSING|no) ' 'nothing is missing'

# What libbpf and the verifier have said, all of it: the reason stands near the end.
[ "$test_failed" = 0 ] || diag "$(CULPRIT_DEBUG=1 culprit doctor 2>&1 | tail -n "${VERIFIER_LINES:-300}")"
done_testing
