# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# backend.sh - a backend of the tests' own (backend/main.go) for tests that push; after tests/lib.sh.

command -v go >/dev/null 2>&1 || {
	[ "${CI:-}" != true ] || bail 'CI must run this, but there is no go'
	skip_all 'needs go'
}
export GOCACHE=${GOCACHE:-$O/go} GO111MODULE=off GOFLAGS=
BACKEND=$O/tests/backend
# Built once for all tests; whoever comes second finds it there.
(
	mkdir -p "$O/tests"
	exec 9>"$O/tests/backend.lock"
	flock 9
	[ -z "$(find "$ROOT/tests/interop/backend" -newer "$BACKEND" 2>&1)" ] ||
		(cd "$ROOT/tests/interop/backend" && go build -o "$BACKEND" .)
) || bail 'the backend does not build'

# backend NAME [OPTION…] - starts one; its URL is in $url, its pid in $backend_pid; what it takes goes to
# NAME/.
backend() {
	local name=$1 tries
	shift
	mkdir -p "$name"
	start "$BACKEND" -dir "$name" "$@" >"$name/url"
	# shellcheck disable=SC2034,SC2154 # for the tests; of tests/lib.sh
	backend_pid=$started
	for ((tries = 0; tries < 100; tries++)); do
		[ ! -s "$name/url" ] || break
		sleep 0.05
	done
	url=$(cat "$name/url")
}

# control JSON - how it is to behave from now on.
control() {
	curl -sS -X POST "$url/control" -d "$1"
}

# stat KEY - of what it has taken: requests, profiles, duplicates, conflicts, unordered, nanoseconds, largest.
stat_of() {
	curl -sS "$url/stats" >.stats
	json "\$d->{$1}" .stats
}

# made STORE [WINDOWS [PROCESSES]] - a store of so many windows of 10 s.
made() {
	perl -e '
		my ($windows, $processes) = @ARGV;
		for my $w (0 .. $windows - 1) {
			printf "# window start=%d length=10 cpus=2 hz=97 lost=0\n", 1790000000 + $w * 10;
			printf "proc%d;main;f%d;g%d %d\n", $_, $_, ($w * 7 + $_) % 50, 1 + ($w + $_) % 90 for 0 .. $processes - 1;
		}' "${2:-20}" "${3:-10}" >"$1.folded"
	culprit import --store "$1" "$1.folded" 2>/dev/null
}

# nanoseconds STORE [OPTION…] - what is in it, by go tool pprof.
nanoseconds() {
	culprit show "$@" -o .total.pb.gz
	go tool pprof -raw .total.pb.gz 2>/dev/null | perl -ne '
		if (/^Samples:/ .. /^Locations/) { $s += (split " ", $1)[1] if /^\s*(\d[\d\s]*):/ }
		END { printf "%d\n", $s }'
}

# send STORE [OPTION…] - all of it, to $url.
send() {
	local store=$1
	shift
	run culprit spool send --store "$store" --push "$url${with:-}" --push-rate 0 --spool-age 0s --node n1 "$@"
}
