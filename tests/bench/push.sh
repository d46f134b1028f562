#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# push.sh - a backlog sent to a backend that takes everything at once: windows per second, CPU and memory of the sender, for
# two kinds of windows; and how fast pprof is written, beside Go's own package on the same file. The backend is the tests'
# (it decodes each profile, on the same CPUs).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
if ! have go || ! have curl; then
	note 'skipped: needs go and curl'
	exit 0
fi
export GOCACHE=${GOCACHE:-$O/go} GO111MODULE=off GOFLAGS=
(cd "$ROOT/tests/interop/backend" && go build -o "$work/backend" .)

# windows COUNT PROCESSES STACKS - folded, 10 s each; stacks of 20 frames that leave each other in the middle.
windows() {
	perl -e '
		my ($windows, $processes, $stacks) = @ARGV;
		srand 1;
		for my $w (0 .. $windows - 1) {
			printf "# window start=%d length=10 cpus=4 hz=97 lost=0\n", 1790000000 + $w * 10;
			for my $p (0 .. $processes - 1) {
				for (1 .. $stacks) {
					my ($a, $b) = (int rand 8, int rand 40);
					print join(";", "process-$p", "main", (map { "module_${_}::function_$a" } 1 .. 9),
						map { "library_${_}::some_method_$b" } 1 .. 9), " ", 1 + int rand 9, "\n";
				}
			}
		}' "$@"
}

# drain NAME COUNT PROCESSES STACKS
drain() {
	local name=$1 backend url profiles samples
	windows "$2" "$3" "$4" >"$work/$name.folded"
	"$CULPRIT" import --store "$work/$name" "$work/$name.folded" 2>/dev/null
	mkdir -p "$work/$name.got"
	"$work/backend" -dir "$work/$name.got" >"$work/$name.url" &
	backend=$!
	load+=("$backend")
	until [ -s "$work/$name.url" ]; do sleep 0.05; done
	url=$(cat "$work/$name.url")
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
