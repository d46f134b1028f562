#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# push.sh [SECONDS] - a backlog sent to a backend that takes everything at once: windows per second, CPU and memory of the
# sender, for two kinds of windows; the same of an agent that samples all the while (SECONDS, 12, each), beside one without a
# backlog; and how fast pprof is written, beside Go's own package on the same file. The backend is the tests' (it decodes each
# profile, on the same CPUs).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
if ! have go || ! have curl; then
	note 'skipped: needs go and curl'
	exit 0
fi
seconds=${1:-12}
export GOCACHE=${GOCACHE:-$O/go} GO111MODULE=off GOFLAGS=
(cd "$ROOT/tests/interop/backend" && go build -o "$work/backend" .)

# windows COUNT PROCESSES STACKS [START] - folded, 10 s each; stacks of 20 frames that leave each other in the middle.
windows() {
	perl -e '
		my ($windows, $processes, $stacks, $start) = @ARGV;
		srand 1;
		for my $w (0 .. $windows - 1) {
			printf "# window start=%d length=10 cpus=4 hz=97 lost=0\n", ($start // 1790000000) + $w * 10;
			for my $p (0 .. $processes - 1) {
				for (1 .. $stacks) {
					my ($a, $b) = (int rand 8, int rand 40);
					print join(";", "process-$p", "main", (map { "module_${_}::function_$a" } 1 .. 9),
						map { "library_${_}::some_method_$b" } 1 .. 9), " ", 1 + int rand 9, "\n";
				}
			}
		}' "$@"
}

# backend NAME - its URL is in $url.
backend() {
	mkdir -p "$work/$1.got"
	"$work/backend" -dir "$work/$1.got" >"$work/$1.url" &
	load+=("$!")
	until [ -s "$work/$1.url" ]; do sleep 0.05; done
	url=$(cat "$work/$1.url")
}

# drain NAME COUNT PROCESSES STACKS
drain() {
	local name=$1 url profiles samples
	windows "$2" "$3" "$4" >"$work/$name.folded"
	"$CULPRIT" import --store "$work/$name" "$work/$name.folded" 2>/dev/null
	backend "$name"
	: >"$work/cost"
	"$O/tests/bench/measure" "$work/cost" "$CULPRIT" spool send --store "$work/$name" --push "$url" --push-rate 0 \
		--spool-age 0s --node n1 >"$work/sent"
	read -r wall cpu rss <"$work/cost"
	profiles=$(sed -n 's/.* windows, \([0-9]*\) profiles.*/\1/p' "$work/sent")
	samples=$(sed -n 's/.* profiles, \([0-9]*\) samples.*/\1/p' "$work/sent")
	plain=$(curl -s "$url/stats" | sed -n 's/.*"plain":\([0-9]*\).*/\1/p')
	printf '  %-8s %7d %9d %9d %9.1f %9.0f %9.2f %9.1f %9.1f\n' "$name" "$2" "$profiles" "$samples" \
		"$(awk "BEGIN { print $plain / 1e6 }")" "$(awk "BEGIN { print $2 / $wall }")" \
		"$(awk "BEGIN { print 1e3 * $cpu / $2 }")" "$(awk "BEGIN { print 100 * $cpu / $wall }")" \
		"$(awk "BEGIN { print $rss / 1024 }")"
	stop_load
}

title 'draining a backlog: what the sender does and costs'
printf '  %-8s %7s %9s %9s %9s %9s %9s %9s %9s\n' windows '' profiles samples 'pprof MB' 'a second' 'CPU ms/w' 'CPU %' 'RSS MiB'
drain small 5000 2 1
drain usual 200 50 20

# ---- an agent ----

# told - profiles that the backend was given, also for the second time, and bytes of requests.
told() {
	curl -s "$url/stats" | sed -n 's/.*"profiles":\([0-9]*\),"duplicates":\([0-9]*\).*"bytes":\([0-9]*\).*/\1 \2 \3/p' |
		awk '{ print $1 + $2, $3 }'
}

# sampling NAME STORE [OPTION…] - an agent that pushes what it records, and what is missing of STORE.
sampling() {
	local name=$1 store=$2 before after
	shift 2
	"$CULPRIT" agent --store "$store" --push "$url" --node n1 --spool-age 0s "$@" 2>"$work/agent.log" &
	tool=$!
	sleep 10 # starting is another matter
	sysctl -q kernel.bpf_stats_enabled=1
	before=$(told)
	eval "$(delta "$seconds")"
	after=$(told)
	# shellcheck disable=SC2154 # from delta
	awk -v name="$name" -v s="$clock_s" -v cpu="$cpu_s" -v ns="$((${bpf_ns%.*} + ${other_ns%.*}))" -v rss="$rss_kib" \
		-v profiles="$((${after% *} - ${before% *}))" -v bytes="$((${after#* } - ${before#* }))" \
		-v hz="$(sed -n 's/^culprit_rate_hertz //p' "$store/agent.prom")" -v per="$per_window" \
		-v lost="$(awk '/^culprit_lost_total.*"(ring_full|late|store_write)"/ { sum += $2 } END { print sum }' \
			"$store/agent.prom")" 'BEGIN {
			printf "  %-22s %9.1f %9.0f %9.2f %9.2f %9.1f %6d %6d\n", name, profiles / per / s, bytes / s / 1024,
				100 * cpu / s, ns / s / 1e7, rss / 1024, hz, lost }'
	stop_tool
}

agents() {
	local url per_window=20 count=4000 name
	taskset -c 0 "$TARGETS/deep_nofp" 3600 30 >/dev/null 2>&1 & # the other CPUs are for those who send and take
	load+=("$!")
	backend agents
	windows "$count" "$per_window" 10 $(($(date +%s) / 10 * 10 - count * 10 - 60)) >"$work/backlog.folded"
	"$CULPRIT" import --store "$work/backlog" "$work/backlog.folded" 2>/dev/null
	curl -s -X POST "$url/control" -d '{"status":503}'
	# the backend is known from now on, and all of the store is missing there
	"$CULPRIT" spool send --store "$work/backlog" --push "$url" --spool-age 0s --node n1 --wait 200ms >/dev/null 2>&1 || true
	curl -s -X POST "$url/control" -d '{}'
	title "an agent at $HZ Hz with a backlog of $count windows of $per_window profiles, one busy CPU, $seconds s each"
	printf '  %-22s %9s %9s %9s %9s %9s %6s %6s\n' '' 'windows/s' 'KiB/s' 'CPU %' 'BPF %' 'RSS MiB' Hz lost
	for name in 'no backlog' 64KiB 1MiB 0; do
		rm -rf "$work/one"
		case $name in
		no*) sampling "$name" "$work/one" ;;
		*)
			cp -r "$work/backlog" "$work/one"
			sampling "--push-rate $name" "$work/one" --push-rate "$name"
			;;
		esac
	done
	stop_load
}

if [ "$(id -u)" = 0 ]; then
	agents
else
	note 'an agent left out: needs root'
fi

title 'writing pprof, MB/s before gzip, one CPU (the windows above merged)'
"$CULPRIT" show "$work/usual" -o "$work/usual.pb.gz"
peer=$work/gopath/src/github.com/google/pprof
mkdir -p "$peer"
ln -s "$(go env GOROOT)/src/cmd/vendor/github.com/google/pprof/profile" "$peer/profile"
if (cd "$BENCH/pprof_peer" && GOPATH=$work/gopath go build -o "$work/peer" .) 2>"$work/why"; then
	"$O/tests/bench/bench_pprof" "$work/usual.pb.gz" >"$work/ours"
	"$work/peer" "$work/usual.pb.gz" >"$work/theirs"
	printf '  %-8s %9s %9s %9s %12s %12s\n' '' culprit Go ratio 'bytes' "Go's bytes"
	paste -d' ' "$work/ours" "$work/theirs" | while read -r what ours bytes _ theirs their_bytes; do
		printf '  %-8s %9.1f %9.1f %9s %12d %12d\n' "$what" "$ours" "$theirs" "$(ratio "$ours" "$theirs")" "$bytes" "$their_bytes"
	done
else
	note "Go's package left out: $(head -n 3 "$work/why")"
fi
