#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh - a recurring incident on this machine, and culprit naming the process behind it. Called by `make demo`.
#
# A service answers requests all the time. Five times, at irregular moments, a job called nightly-report takes the CPU
# away from it; two innocent neighbours make noise meanwhile. The agent records. Afterwards the incidents are marked from
# what the service's users felt, its latency, never from what started the job; culprit has to find out the rest.
#
# Writes culprit-demo/report.html, .svg, .md and .json. Leaves nothing running. Exits 0 only when the right process was named.
# DEMO_KEEP=1 keeps the store, DEMO_SEED=n makes the irregular moments the same ones again.
set -eu
cd "$(dirname "$0")/.."
O=${O:-.output}
case $O in /*) ;; *) O=$PWD/$O ;; esac
culprit=$O/culprit
out='culprit-demo'
seed=${DEMO_SEED:-$(date +%s)}
incidents=5

say() {
	printf '[%3d s] %s\n' $((SECONDS)) "$*"
}

die() {
	echo "demo: $*" >&2
	exit 2
}

work=
pids=()
cleanup() {
	local code=$? pid
	[ "$BASHPID" = $$ ] || exit "$code" # a child that a signal has met before it became its command
	trap - EXIT
	trap '' INT TERM HUP # a second Ctrl-C does not stop the cleaning up
	for pid in ${pids[@]+"${pids[@]}"}; do
		kill "$pid" 2>/dev/null || true
	done
	for pid in ${pids[@]+"${pids[@]}"}; do
		wait "$pid" 2>/dev/null || true
	done
	if [ -n "$work" ] && [ -n "${DEMO_KEEP:-}" ]; then
		echo "demo: kept $work (store/, latency.log, agent.log)"
	elif [ -n "$work" ]; then
		rm -rf "$work"
	fi
	exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

[ -x "$culprit" ] || die "$culprit is not built: run make demo"
[ "$(id -u)" = 0 ] || die 'loading BPF programs needs root: sudo make demo'
"$culprit" doctor >/dev/null 2>&1 || {
	"$culprit" doctor || true
	die 'this kernel cannot run the agent, for the reason above'
}

work=$(mktemp -d "${TMPDIR:-/tmp}/culprit-demo.XXXXXX")
mkdir -p "$out"
store=$work/store

# What runs in the background is a direct child: it dies with this script, and is ended by its pid.
"$culprit" agent --store "$store" --window 1s >"$work/agent.log" 2>&1 &
agent=$!
pids+=("$agent")
say "culprit agent records all processes of this machine, in windows of 1 s"

"$O/demo/checkout-service" "$work/latency.log" 170 &
pids+=("$!")
"$O/demo/thumbnailer" 170 "$seed" &
pids+=("$!")
(
	nap=
	trap 'kill "$nap" 2>/dev/null; exit' TERM
	while :; do
		sleep 10 &
		nap=$!
		wait "$nap"
		"$O/demo/log-rotate" 250
	done
) &
pids+=("$!")
say "checkout-service answers 30 requests a second; thumbnailer works in bursts, log-rotate comes every 10 s"

# Gaps of 9 to 19 seconds. $RANDOM repeats itself for a seed.
RANDOM=$((seed % 32768))
sleep 15
for ((i = 1; i <= incidents; i++)); do
	say "nightly-report starts for the ${i}. time (nobody has told culprit)"
	"$O/demo/nightly-report" 3000
	kill -0 "$agent" 2>/dev/null || {
		cat "$work/agent.log" >&2
		die 'the agent has ended'
	}
	[ "$i" = "$incidents" ] || sleep $((9 + RANDOM % 10)).$((RANDOM % 10))
done
sleep 12
kill "$agent"
wait "$agent" || {
	cat "$work/agent.log" >&2
	die 'the agent ended with an error'
}
say "agent stopped; the store has $(du -sk "$store" | cut -f1) KiB"

tests/demo/symptom.pl "$work/latency.log" >"$work/symptoms" 2>"$work/usual" || die 'the service has logged nothing'
say "checkout-service usually answers in $(cat "$work/usual") ms; its own log shows these incidents:"
marks=0
while read -r from until peak; do
	"$culprit" mark --store "$store" slow-checkout "$from..$until"
	echo "          $(date -u -d "@$from" +%H:%M:%S) for $(awk "BEGIN { print $until - $from }") s, up to $peak ms"
	marks=$((marks + 1))
done <"$work/symptoms"
[ "$marks" -ge 3 ] || die "only $marks incidents were felt (want at least 3): is this machine busy with something else?"

say "culprit blame --store … slow-checkout"
echo
status=0
"$culprit" blame --store "$store" slow-checkout -o "$out/report.html" -o "$out/report.svg" -o "$out/report.md" \
	-o "$out/report.json" || status=$?
[ "$status" -le 1 ] || die 'blame failed'
echo

# The verdict is read from the report that another program would read.
perl -MJSON::PP -e '
	open my $in, "<", $ARGV[0] or die "$ARGV[0]: $!\n";
	my $d = JSON::PP->new->utf8->decode(do { local $/; <$in> });
	my $c = $d->{culprits}[0];
	printf "verdict:   %s\n", $d->{verdict};
	printf "process:   %s, %+.2f cores, in %d of %d incidents\n", $c->{process}, $c->{delta_cores}, $c->{hits}, $d->{recurrences} if $c;
	printf "hot path:  %s\n", join " > ", @{ $c->{path} } if $c && $c->{path};
	exit !($d->{verdict} eq "named" && $c && $c->{process} eq "nightly-report" && $c->{role} eq "culprit");
' "$out/report.json" && right=1 || right=0
echo "report:    $out/report.html (open it in a browser); the picture alone report.svg, for a ticket report.md, for programs report.json"
if [ "$right" = 0 ]; then
	echo "demo: WRONG: the process behind these incidents is nightly-report (seed $seed)" >&2
	exit 1
fi
say 'nightly-report it was. Nothing is left running.'
