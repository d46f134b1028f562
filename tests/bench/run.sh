#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [NAME…] - what culprit costs and how fast it is, beside named peers on the same load in the same run: all benches,
# or these, each of them a script that also runs alone. Figures of a shared machine are noisy: read the ratios, and run it
# on a machine that does nothing else. Nothing here fails because of a figure. BENCH_SECONDS is how long things are
# watched, where a bench watches; else each has a time of its own, all together some fifteen minutes.
set -eu
cd "$(dirname "$0")"
benches=("$@")
[ ${#benches[@]} -gt 0 ] || benches=(bpf_cost agent_cost first_stack symbols huge data push diff page blame)

echo "$(uname -srm), $(nproc) CPUs, load $(cut -d' ' -f1-3 /proc/loadavg), $(date -u +%FT%TZ)"
failed=()
for bench in "${benches[@]}"; do
	case $bench in
	bpf_cost | agent_cost | first_stack | huge) "./$bench.sh" ${BENCH_SECONDS:+"$BENCH_SECONDS"} ;;
	*) "./$bench.sh" ;;
	esac || failed+=("$bench")
done
[ ${#failed[@]} = 0 ] || {
	echo "run.sh: could not be run to the end: ${failed[*]}" >&2
	exit 1
}
