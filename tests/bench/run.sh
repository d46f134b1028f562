#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh - what culprit costs and how fast it is, beside named peers on the same load in the same run.
#
# Figures of a shared machine are noisy: read the ratios, and run it on a machine that does nothing else. Nothing
# here fails because of a figure. BENCH_SECONDS (60) is how long each program is watched.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-$PWD/.output}
seconds=${BENCH_SECONDS:-60}
work=$(mktemp -d "${TMPDIR:-/tmp}/culprit-bench.XXXXXX")
load=()
watched=

cleanup() {
	local code=$? pid
	trap - EXIT INT TERM
	for pid in $watched ${load[@]+"${load[@]}"}; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	sysctl -q kernel.bpf_stats_enabled="$stats_before" 2>/dev/null || true
	rm -rf "$work"
	exit "$code"
}
stats_before=$(sysctl -n kernel.bpf_stats_enabled 2>/dev/null || echo 0)
trap cleanup EXIT INT TERM

title() {
	printf '\n%s\n' "$*"
}

# CPU seconds that a process has used, user and system.
cpu_of() {
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); split($0, f, " "); print (f[12] + f[13]) / hz }' "/proc/$1/stat"
}

# Run time and runs of the perf_event BPF programs that are loaded now.
bpf_runs() {
	"$(command -v bpftool || echo /usr/sbin/bpftool)" prog show -j | perl -MJSON::PP -e '
		my ($ns, $runs) = (0, 0);
		for (@{ decode_json(do { local $/; <STDIN> }) }) {
			next unless $_->{type} eq "perf_event";
			$ns += $_->{run_time_ns} // 0;
			$runs += $_->{run_cnt} // 0;
		}
		print "$ns $runs\n"'
}

# One stack of 30 frames with frame pointers on each CPU.
start_load() {
	local cpu
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		taskset -c "$cpu" "$O/tests/targets/deep_recursion" $((seconds * 6 + 120)) "$1" &
		load+=("$!")
	done
	sleep 1
}

stop_load() {
	local pid
	for pid in "${load[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	load=()
}

# watch NAME COMMAND… - runs it for $seconds beside the load and says what it cost.
watch() {
	local name=$1 before after bpf_before bpf_after rss
	shift
	"$@" >"$work/out" 2>"$work/err" &
	watched=$!
	sleep 5 # starting is another matter
	before=$(cpu_of "$watched") bpf_before=$(bpf_runs)
	sleep "$seconds"
	after=$(cpu_of "$watched") bpf_after=$(bpf_runs)
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$watched/status")
	kill -INT "$watched" 2>/dev/null || true
	wait "$watched" 2>/dev/null || true
	watched=
	echo "$name $before $after $bpf_before $bpf_after $rss $seconds" | awk '{
		ns = $6 - $4; runs = $7 - $5; cpu = ($3 - $2) / $9 * 100
		printf "  %-22s %9.3f %% of one CPU in user space and calls   %6.1f MiB RSS", $1, cpu, $8 / 1024
		if (runs > 0)
			printf "   %6.0f ns in BPF a sample (%.3f %% of one CPU)", ns / runs, ns / $9 / 1e7
		print ""
	}' | tee -a "$work/table"
}

title "sampling $(nproc) busy CPUs at 97 Hz for ${seconds} s, stacks of 30 frames with frame pointers"
sysctl -q kernel.bpf_stats_enabled=1
start_load 30
watch culprit-agent "$O/culprit" agent --store "$work/store"
if command -v bpftrace >/dev/null; then
	watch bpftrace bpftrace -e 'profile:hz:97 { @[ustack, kstack] = count(); }'
fi
if command -v perf >/dev/null; then
	watch perf-record perf record -a -g -e cpu-clock -F 97 -o "$work/perf.data"
fi
stop_load
sysctl -q kernel.bpf_stats_enabled="$stats_before"
"$O/culprit" ls --store "$work/store" | sed -n 's/^[0-9]* blocks*,/  store: &/p'
if [ -f "$work/perf.data" ]; then
	echo "  perf.data: $(stat -c %s "$work/perf.data") bytes"
fi

title 'store: bytes a sample, time to put and to read (synthetic: 50 processes, 10 s windows)'
"$O/tests/bench/store" 1 | sed 's/^/  /'

title 'folded stacks: parsing and writing'
"$O/tests/bench/bench_folded" | sed 's/^/  /'
