# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# lib.sh - what the benches share. Each is a script that runs alone, [SECONDS] as its argument, and prints tables.
# Nothing fails because of a figure: they are to be read, as ratios, on a machine that does nothing else.
#
#	. "$(dirname "$0")/lib.sh"
#	start_load nofp 30                        # one on each CPU, until stop_load
#	start_tool culprit_agent || …             # $tool; what it costs by delta, until stop_tool
#
# Tools are functions of this file, one each: culprit_agent, culprit_97hz, profile_libbpf, bpftrace_stacks, perf_record.

set -eu
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
O=${O:-$ROOT/.output}
case $O in /*) ;; *) O=$ROOT/$O ;; esac
CULPRIT=${CULPRIT:-$O/culprit}
TARGETS=$O/tests/targets
BENCH=$ROOT/tests/bench
HZ=97
export LC_ALL=C

work=$(mktemp -d "${TMPDIR:-/tmp}/culprit-bench.XXXXXX")
load=()
tool=
stats_before=$(sysctl -n kernel.bpf_stats_enabled 2>/dev/null || echo 0)

cleanup() {
	local code=$?
	[ "$BASHPID" = $$ ] || exit "$code" # a child that a signal has met before it became its command
	trap - EXIT INT TERM
	stop_tool
	stop_load
	sysctl -q kernel.bpf_stats_enabled="$stats_before" 2>/dev/null || true
	rm -rf "$work"
	exit "$code"
}
trap cleanup EXIT INT TERM

title() {
	printf '\n%s\n' "$*"
}

note() {
	printf '  (%s)\n' "$*"
}

need_root() {
	[ "$(id -u)" = 0 ] || {
		note "skipped: needs root"
		exit 0
	}
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# ---- the load -------------------------------------------------------------------------------------------------------

# start_load KIND [DEPTH] - fp, nofp: stacks of DEPTH frames with and without frame pointers; jit: in memory without a
# file; kernel: in system calls. Each is pinned, so that no CPU is idle: idle samples are cheap and would hide the cost.
start_load() {
	local kind=$1 depth=${2:-} cpu program
	case $kind in
	fp) program=deep_recursion ;;
	nofp) program=deep_nofp ;;
	jit) program=jit ;;
	kernel) program=syscalls ;;
	esac
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		# shellcheck disable=SC2086 # no depth is no argument
		taskset -c "$cpu" "$TARGETS/$program" 3600 $depth >/dev/null 2>&1 &
		load+=("$!")
	done
}

stop_load() {
	local pid
	for pid in ${load[@]+"${load[@]}"}; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	load=()
}

# ---- the tools ------------------------------------------------------------------------------------------------------

# Each starts in the background what is to be measured, all at 97 Hz and machine-wide, kernel and user stacks.
culprit_agent() {
	"$CULPRIT" agent --store "$work/store" >"$work/culprit.log" 2>&1 &
	tool=$!
}

# The same when it must not lower its rate, whatever it costs: at a lower one a sample costs more, since caches are cold.
culprit_97hz() {
	"$CULPRIT" agent --store "$work/store" --cpu-budget 100 >"$work/culprit.log" 2>&1 &
	tool=$!
}

profile_libbpf() {
	local peers=$O/peers
	"$BENCH/peers.sh" "$peers" >"$work/why" || return 1
	"$peers/run" profile-libbpf -F "$HZ" -f 86400 >"$work/profile.log" 2>&1 &
	tool=$!
}

bpftrace_stacks() {
	have bpftrace || {
		echo "bpftrace is not installed" >"$work/why"
		return 1
	}
	bpftrace -e "profile:hz:$HZ { @[ustack, kstack] = count(); }" >"$work/bpftrace.log" 2>&1 &
	tool=$!
}

perf_record() {
	have perf || {
		echo "perf is not installed" >"$work/why"
		return 1
	}
	perf record -a -g -e cpu-clock -F "$HZ" -o "$work/perf.data" >"$work/perf.log" 2>&1 &
	tool=$!
}

# start_tool NAME - $tool is its process. False, and a note, where it cannot run.
start_tool() {
	tool=
	"$1" || {
		note "$1 left out: $(cat "$work/why")"
		return 1
	}
	sleep "${2:-4}" # starting is another matter
	kill -0 "$tool" 2>/dev/null || {
		note "$1 left out: it ended by itself"
		tool=
		return 1
	}
}

# has_ended SECONDS - waits so long for $tool.
has_ended() {
	local tenths=$((10 * $1))
	while kill -0 "$tool" 2>/dev/null; do
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

# SIGINT is how a person ends them. The last resort is for perf, which opens every mapped file when it ends, and waits for
# ever when one of them is a FIFO by now.
stop_tool() {
	local signal
	[ -n "$tool" ] || return 0
	for signal in INT TERM KILL; do
		kill "-$signal" "$tool" 2>/dev/null || true
		! has_ended 10 || break
	done
	wait "$tool" || true
	tool=
} 2>/dev/null # "Killed" is nothing to say

cost() {
	"$BENCH/cost.pl" "$tool"
}

# delta SECONDS - the cost between now and then, as shell assignments: clock_s=… cpu_s=… bpf_ns=… and, as they are then,
# rss_kib=… map_kib=…
delta() {
	cost >"$work/before"
	sleep "$1"
	cost >"$work/after"
	awk 'NR == FNR { before[$1] = $2; next }
		{ print $1 "=" ($1 ~ /_kib$/ ? $2 : $2 - before[$1]) }' "$work/before" "$work/after"
}

# ratio A B [FORMAT] - A / B, "-" when there is no B.
ratio() {
	awk -v a="$1" -v b="$2" -v f="${3:-%.2f}" 'BEGIN { if (b > 0) printf f, a / b; else printf "-" }'
}
