#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# inject.sh SCENARIO [SEED] - a real recurring incident on this machine, the real agent, and what `culprit blame` made of
# it: one line of tab-separated values (the columns are named by `inject.sh --columns`, scenarios by `inject.sh --list`).
#
# Five recurrences of 3 s at irregular moments, about 80 s in all. Neighbours that run all the time: a job that comes every
# 20 s as cron does (log-rotate), a worker in bursts (thumbnailer), a log shipper that reacts to slow requests
# (log-shipper). The victim is a latency probe (checkout-service). Times of the incidents come from the probe's own log;
# the injector tells nobody when it ran. The seed sets the moments and the bursts. Needs root. Leaves nothing behind.
#
# Exit status: 0 a line was written; 77 impossible here, with the reason; 2 failure. KEEP=DIR keeps store, log and verdict.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-.output}
case $O in /*) ;; *) O=$PWD/$O ;; esac
culprit=$O/culprit
incidents=5
incident_ms=3000

scenarios='cpu-hog fork-storm page-thrash lock-convoy softirq-flood mem-reclaim gc-pauses error-storm quiet-lock'
columns='scenario seed load verdict right rank culprit first delta posterior e_false p_adj felt recurrences lost'

case ${1:-} in
--list)
	echo "$scenarios" | tr ' ' '\n'
	exit 0
	;;
--columns)
	echo "$columns" | tr ' ' '\t'
	exit 0
	;;
'' | -*)
	echo "usage: inject.sh SCENARIO [SEED] | --list | --columns" >&2
	exit 2
	;;
esac
scenario=$1
seed=${2:-1}
RANDOM=$((seed % 32768))

die() {
	echo "inject.sh: $scenario: $*" >&2
	exit 2
}

impossible() {
	echo "inject.sh: $scenario: impossible here: $*" >&2
	exit 77
}

work=
cgroup=
pids=()
cleanup() {
	local code=$? pid
	[ "$BASHPID" = $$ ] || exit "$code"
	trap - EXIT
	trap '' INT TERM HUP
	for pid in ${pids[@]+"${pids[@]}"}; do
		kill "$pid" 2>/dev/null || true
	done
	for pid in ${pids[@]+"${pids[@]}"}; do
		wait "$pid" 2>/dev/null || true
	done
	[ -z "$cgroup" ] || rmdir "$cgroup" 2>/dev/null || true
	if [ -n "$work" ] && [ -n "${KEEP:-}" ]; then
		mkdir -p "$KEEP/$scenario-$seed"
		cp -r "$work/." "$KEEP/$scenario-$seed/"
		rm -f "$KEEP/$scenario-$seed/data"
	fi
	[ -z "$work" ] || rm -rf "$work"
	exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

[ "$(id -u)" = 0 ] || impossible 'needs root'
"$culprit" doctor >/dev/null 2>&1 || impossible 'culprit doctor says that the agent cannot run'
work=$(mktemp -d "${TMPDIR:-/tmp}/culprit-inject.XXXXXX")
store=$work/store

# A direct child: it dies with this script, and is ended by its pid.
start() {
	"$@" >>"$work/out" 2>&1 &
	pids+=("$!")
}

# The control group of the scenario mem-reclaim, of either version of cgroups.
limit_memory() {
	local top limit
	if [ -w /sys/fs/cgroup/memory/memory.limit_in_bytes ] || [ -d /sys/fs/cgroup/memory ]; then
		top=/sys/fs/cgroup/memory limit=memory.limit_in_bytes
	elif grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
		top=/sys/fs/cgroup limit=memory.max
	else
		impossible 'no memory controller'
	fi
	cgroup=$top/culprit-inject-$$
	mkdir "$cgroup" 2>/dev/null || { cgroup='' && impossible "no control group can be made in $top"; }
	echo 24M 2>/dev/null >"$cgroup/$limit" || impossible "$limit cannot be set"
}

# Who is behind it, and how it is done. Services run all the time and are told by a signal.
truth='' inject=() service=() service_pid=''
case $scenario in
cpu-hog) truth=nightly-report inject=("$O/demo/nightly-report" "$incident_ms") ;;
fork-storm)
	first_cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
	truth=fork_storm inject=(taskset -c "$first_cpu" "$O/tests/targets/fork_storm" $((incident_ms / 1000)) 8 24)
	;;
page-thrash) truth=page-thrash inject=("$O/accuracy/page-thrash" "$work/data" "$incident_ms") ;;
lock-convoy) truth=lock-convoy inject=("$O/accuracy/lock-convoy" "$incident_ms") ;;
softirq-flood) truth=softirq-flood inject=("$O/accuracy/softirq-flood" "$incident_ms") ;;
mem-reclaim)
	limit_memory
	truth=mem-reclaim inject=("$O/accuracy/mem-reclaim" "$cgroup" "$work/data" "$incident_ms")
	;;
gc-pauses) truth=gc-service service=("$O/accuracy/gc-service" 200 "$incident_ms") ;;
error-storm) truth=error-service service=("$O/accuracy/error-service" 200 "$incident_ms") ;;
quiet-lock) inject=("$O/accuracy/lock-holder" "$work/lock" "$incident_ms") ;;
*) die "no such scenario: $scenarios" ;;
esac

pause() {
	sleep "$1.$((RANDOM % 10))"
}

"$culprit" agent --store "$store" --window 1s >"$work/agent.log" 2>&1 &
agent=$!
pids+=("$agent")
start "$O/demo/checkout-service" "$work/latency.log" 200 30 "$work/lock"
start "$O/demo/thumbnailer" 200 "$seed"
start "$O/accuracy/log-shipper" "$work/latency.log" 200
(
	nap=
	trap 'kill "$nap" 2>/dev/null; exit' TERM
	while :; do
		"$O/demo/log-rotate" 400
		sleep 20 &
		nap=$!
		wait "$nap"
	done
) &
pids+=("$!")
if [ ${#service[@]} -gt 0 ]; then
	start "${service[@]}"
	service_pid=${pids[-1]}
fi

pause $((12 + RANDOM % 4))
for ((i = 0; i < incidents; i++)); do
	if [ -n "$service_pid" ]; then
		kill -USR1 "$service_pid" 2>/dev/null || die "the service has ended: $(tail -n 1 "$work/out")"
		sleep $((incident_ms / 1000))
	else
		"${inject[@]}" >>"$work/out" 2>&1 || impossible "$(tail -n 1 "$work/out")"
	fi
	kill -0 "$agent" 2>/dev/null || die "the agent has ended: $(tail -n 1 "$work/agent.log")"
	pause $((8 + RANDOM % 9))
done
kill "$agent"
wait "$agent" || die "the agent: $(tail -n 1 "$work/agent.log")"

tests/demo/symptom.pl "$work/latency.log" >"$work/symptoms" 2>"$work/usual" || die 'the probe has logged nothing'
felt=0
while read -r from until _; do
	"$culprit" mark --store "$store" slow-checkout "$from..$until" >/dev/null
	felt=$((felt + 1))
done <"$work/symptoms"
[ "$felt" -gt 0 ] || die 'the probe has felt nothing'
load=$(cut -d ' ' -f 1 /proc/loadavg)
status=0
"$culprit" blame --store "$store" slow-checkout --format json >"$work/verdict.json" 2>>"$work/out" || status=$?
[ "$status" -le 1 ] || die "blame: $(tail -n 1 "$work/out")"
perl tests/accuracy/verdict_row.pl "$work/verdict.json" "$scenario" "$seed" "$load" "${truth:--}" "$felt"
