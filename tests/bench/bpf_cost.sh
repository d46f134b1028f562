#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bpf_cost.sh [SECONDS] - how long the BPF programs run for one sample, by what is on the CPUs, beside those of other
# profilers on the same load at the same rate. SECONDS (5) is how long each of them watches each load.
#
# Each tool is started once and sees all loads in turn. The peers walk by frame pointer alone: where there are none their
# stacks are an address or two, which is why their cost falls where culprit's does not. The timer interrupt is in no figure.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
seconds=${1:-5}
need_root
loads=("fp 5" "fp 30" "fp 100" "nofp 5" "nofp 30" "nofp 100" kernel jit)
tools=(culprit_97hz profile_libbpf bpftrace_stacks)

title "BPF: ns a sample at $HZ Hz, $(nproc) busy CPUs, ${seconds} s each (and samples)"
sysctl -q kernel.bpf_stats_enabled=1
for name in "${tools[@]}"; do
	start_tool "$name" || continue
	for what in "${loads[@]}"; do
		# shellcheck disable=SC2086 # kind and depth
		start_load $what
		sleep 2 # the first samples of a program are not the usual ones
		(
			eval "$(delta "$seconds")"
			# shellcheck disable=SC2154 # from delta
			echo "$name|$what|$bpf_ns|$bpf_runs"
		) >>"$work/table"
		stop_load
	done
	stop_tool
done

awk -F'|' '
	{
		if (!($1 in tool)) { tool[$1] = 1; tools[++n] = $1 }
		if (!($2 in load)) { load[$2] = 1; loads[++m] = $2 }
		ns[$1, $2] = $4 > 0 ? $3 / $4 : 0
		cnt[$1, $2] = $4
	}
	END {
		printf "  %-10s", "load"
		for (i = 1; i <= n; i++) printf " %22s", tools[i]
		for (i = 2; i <= n; i++) printf "  : %s", tools[i]
		print ""
		for (j = 1; j <= m; j++) {
			printf "  %-10s", loads[j]
			for (i = 1; i <= n; i++)
				printf " %14.0f (%5d)", ns[tools[i], loads[j]], cnt[tools[i], loads[j]]
			for (i = 2; i <= n; i++) {
				b = ns[tools[i], loads[j]]
				printf "  %*s", length(tools[i]) + 2, b ? sprintf("%.2f", ns[tools[1], loads[j]] / b) : "-"
			}
			print ""
		}
		a = ns["culprit_97hz", "nofp 30"]; b = ns["profile_libbpf", "fp 30"]
		if (a && b)
			printf "  target: nofp 30 of culprit (%.0f) at most fp 30 of profile_libbpf (%.0f): %.2f\n", a, b, a / b
	}' "$work/table"
