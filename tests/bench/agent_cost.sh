#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# agent_cost.sh [SECONDS] - what the whole agent costs while it watches 200 processes, most of them idle, and two of them
# busy (stacks of 30 frames, with frame pointers on one CPU and without on the others), beside perf and bpftrace, which
# name and store nothing. SECONDS (20) each. BPF time is on the sampled CPUs, the rest in the tool's processes.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
seconds=${1:-20}
need_root

# Real programs, so that there are files to open, and some that wake up now and then.
start_crowd() {
	for _ in $(seq 50); do
		sleep 3600 &
		load+=("$!")
		perl -e 'select(undef, undef, undef, 1) while 1' &
		load+=("$!")
		tail -f /dev/null &
		load+=("$!")
		if have python3; then
			python3 -c 'import time, json; time.sleep(3600)' &
		else
			sleep 3600 &
		fi
		load+=("$!")
	done
}

sysctl -q kernel.bpf_stats_enabled=1
start_crowd
start_load nofp 30
kill "${load[0]}"
taskset -c 0 "$TARGETS/deep_recursion" 3600 30 &
load+=("$!")
sleep 5
title "the whole agent at $HZ Hz: $(set -- /proc/[0-9]*/ && echo $#) processes, $(nproc) busy CPUs, $seconds s each"
printf '  %-16s %12s %12s %12s %10s %10s %9s\n' tool 'user+sys %' 'in BPF %' 'together %' 'RSS MiB' 'maps MiB' 'ns/sample'
for name in culprit_agent bpftrace_stacks perf_record; do
	start_tool "$name" 6 || continue
	# What measures it is new to it as well, once: a tool that names things reads perl's and awk's files now, not later.
	delta 0 >/dev/null
	sleep 4
	(
		eval "$(delta "$seconds")"
		# shellcheck disable=SC2154 # from delta
		awk -v name="$name" -v s="$clock_s" -v cpu="$cpu_s" -v ns="$bpf_ns" -v other="$other_ns" -v runs="$bpf_runs" \
			-v rss="$rss_kib" -v maps="$map_kib" 'BEGIN {
				bpf = (ns + other) / s / 1e7
				user = cpu / s * 100
				printf "  %-16s %12.3f %12.3f %12.3f %10.1f %10.1f %9s\n", name, user, bpf, user + bpf, rss / 1024,
					maps / 1024, (runs > 0 ? sprintf("%.0f", ns / runs) : "-")
			}'
	) | tee -a "$work/table"
	stop_tool
done
awk '$1 == "culprit_agent" { us = $4; memory = $5 + $6 }
	$1 == "bpftrace_stacks" { them = $4 } $1 == "perf_record" { perf = $4 }
	END {
		printf "  target: together at most 0.3 %% of one CPU: %.3f; RSS + maps at most 64 MiB: %.1f\n", us, memory
		if (them > 0) printf "  culprit : bpftrace together %.2f\n", us / them
		if (perf > 0) printf "  culprit : perf together %.2f (what perf does in the interrupt is not counted by anybody)\n", us / perf
	}' "$work/table"
[ ! -f "$work/perf.data" ] || note "perf.data: $(stat -c %s "$work/perf.data") bytes"
store=$("$CULPRIT" ls --store "$work/store" 2>/dev/null | sed -n 's/^[0-9]* blocks*,/store: &/p')
[ -z "$store" ] || note "$store"
