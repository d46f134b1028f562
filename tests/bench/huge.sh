#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# huge.sh [SECONDS] - does the agent stay within its default budget of 96 MiB where there is a lot to know? A program of
# 1 GB with 5 million functions runs on each CPU, all over its code; beside it 3,000 processes that each map 100 files as
# code, no two alike, and work a little in turn. SECONDS (20) is how long it is watched. BENCH_PROCESSES (3000),
# BENCH_FUNCTIONS (5000000).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
seconds=${1:-20}
processes=${BENCH_PROCESSES:-3000}
functions=${BENCH_FUNCTIONS:-5000000}
need_root

mkdir "$work/libs"
for i in $(seq 100); do # every copy is a file of its own
	cp "$TARGETS/dlopen_plugin.so" "$work/libs/lib$i.so"
done
"$O/tests/bench/huge_elf" "$work/huge" "$functions" 1024
for cpu in $(seq 0 $(($(nproc) - 1))); do
	taskset -c "$cpu" "$work/huge" &
	load+=("$!")
done
mkfifo "$work/ready"
"$TARGETS/crowd" 3600 "$processes" "$work"/libs/*.so >"$work/ready" &
load+=("$!")
read -r ready <"$work/ready" && [ "$ready" = ready ]

title "$processes processes with 100 mappings each, and a program of 1 GB with $functions functions; watched for $seconds s"
start_tool culprit_agent 1 || exit 0
for _ in $(seq 120); do # it has read what there is when the first window is in the store
	! compgen -G "$work/store/*.db" >/dev/null || break
	sleep 0.5
done
"$BENCH/cost.pl" "$tool" >"$work/started"
sysctl -q kernel.bpf_stats_enabled=1
eval "$(delta "$seconds")"
# shellcheck disable=SC2154 # from delta
awk -v s="$clock_s" -v cpu="$cpu_s" -v ns="$bpf_ns" -v other="$other_ns" -v runs="$bpf_runs" -v rss="$rss_kib" -v maps="$map_kib" '
	$1 == "cpu_s" { start_cpu = $2 } $1 == "rss_kib" { start_rss = $2 }
	END {
		printf "  started: %.2f s of CPU, %.1f MiB RSS\n", start_cpu, start_rss / 1024
		printf "  watching: user+sys %.3f %% of one CPU, in BPF %.3f %%, %.0f ns a sample\n", cpu / s * 100, (ns + other) / s / 1e7,
			(runs > 0 ? ns / runs : 0)
		printf "  memory: RSS %.1f MiB, BPF maps %.1f MiB, together %.1f of 96\n", rss / 1024, maps / 1024, (rss + maps) / 1024
	}' "$work/started"
stop_tool
"$CULPRIT" show "$work/store" --format text 2>/dev/null | sed -n '1,12s/^/  | /p'
