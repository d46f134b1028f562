#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# first_stack.sh [SECONDS] - how long after its execve a program without frame pointers gets its first sample, and its
# first whole stack (from the leaf to _start)? Five are started each second, for SECONDS (6), while the profiler runs at
# 997 Hz machine-wide: at 97 Hz one would measure how long a tick takes to come. Each lives 0.15 s. Beside perf record
# --call-graph dwarf, the one peer whose user stacks do not need frame pointers.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
seconds=${1:-6}
need_root
rate=997

run_targets() {
	for _ in $(seq $((5 * seconds))); do
		timeout 0.15 "$TARGETS/deep_nofp" 10 30 >/dev/null 2>&1 || true
		sleep 0.05
	done
}

# culprit's raw records say it all; first_stack ends the walks as the agent does.
by_culprit() {
	"$CULPRIT" record -d 3600s --hz "$rate" --raw "$work/raw" -o "$work/out.folded" >"$work/log" 2>&1 &
	tool=$!
	sleep 3
	run_targets
	stop_tool
	"$O/tests/bench/first_stack" "$work/raw" deep_nofp
}

by_perf() {
	have perf || return 0
	perf record -B -a -e cpu-clock -F "$rate" --call-graph dwarf -o "$work/perf.data" >"$work/log" 2>&1 &
	tool=$!
	sleep 3
	run_targets
	stop_tool
	perf script -i "$work/perf.data" --comm deep_nofp --show-task-events -F comm,pid,time,event,ip,sym 2>/dev/null |
		perl -ne '
			if (/\s(\d+)\s+(\d+)\.(\d+):.*PERF_RECORD_COMM exec: deep_nofp:/) {
				$exec{$1} = "$2$3"; push @pids, $1;
			} elsif (/^\S+\s+(\d+)\s+(\d+)\.(\d+):/) {
				($pid, $time) = ($1, "$2$3");
			} elsif (/^\s+([0-9a-f]+)\s+(\S+)/ && hex($1) < 1 << 47) {
				$sample{$pid} //= $time;
				$whole{$pid} //= $time if $2 eq "_start";
			}
			END {
				print join(" ", $_, map { defined $_->[0] ? $_->[0] - $_->[1] : "-" }
					[$sample{$_}, $exec{$_}], [$whole{$_}, $exec{$_}]), "\n" for @pids;
			}'
}

summary() { # NAME <lines
	sort -n -k 3 | awk -v name="$1" '
		function at(list, n, share) { return n ? list[int((n - 1) * share) + 1] / 1000 : "-" }
		{ cnt++ } $3 != "-" { whole[++n] = $3; if ($2 == $3) same++ }
		END {
			printf "  %-14s %9d %12d %17d %14s %10s %10s\n", name, cnt, n, same, at(whole, n, 0.5), at(whole, n, 0.9),
				at(whole, n, 1)
		}'
}

title "from execve to the first whole stack, 30 frames without frame pointers, $rate Hz (ms)"
printf '  %-14s %9s %12s %17s %14s %10s %10s\n' tool processes 'with a whole' 'the first sample' median '90 %' max
by_culprit >"$work/culprit.txt"
summary culprit <"$work/culprit.txt"
by_perf >"$work/perf.txt"
summary 'perf dwarf' <"$work/perf.txt"
note "bpftrace and libbpf-tools profile walk by frame pointer: no stack of this program is ever whole"
