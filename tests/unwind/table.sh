#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# table.sh [--seconds N] [--hz N] [--top N] [--perf] [--rows] [NAME…] - puts programs of the distribution (programs.sh;
# all that are here, or those named) under load one after the other, and prints how well culprit unwinds them, judged by
# libdw over the same registers and the same stack memory (compare.c):
#
#	whole    samples whose stack reaches an entry point of the process or thread
#	libdw    the same of libdw, where it was not out of the 16 KiB of stack that a sample brings along
#	agree    frames that are the same, of those that both have and that libdw found by CFI alone
#	equal    samples of which all common frames are the same
#	perf     with --perf: the share that reaches an entry point in perf record --call-graph dwarf, run beside it
#
# --top N shows the N most frequent disagreements and early ends of each program. --rows prints what compare prints.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
O=${O:-$root/.output}
case $O in /*) ;; *) O=$root/$O ;; esac
CULPRIT=${CULPRIT:-$O/culprit}
seconds=3 hz=199 top=0 perf='' rows='' names=()

while [ $# -gt 0 ]; do
	case $1 in
	--seconds) seconds=$2 && shift ;;
	--hz) hz=$2 && shift ;;
	--top) top=$2 && shift ;;
	--perf) perf=1 ;;
	--rows) rows=1 ;;
	-*)
		echo "table.sh: unknown option $1" >&2
		exit 2
		;;
	*) names+=("$1") ;;
	esac
	shift
done
[ ${#names[@]} -gt 0 ] || mapfile -t names < <("$here/programs.sh" list | cut -d' ' -f1)
work=$(mktemp -d "${TMPDIR:-/tmp}/culprit-unwind.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# Share of the samples of EXE in a perf.data that end in an entry point. _start has no name in a stripped program, and is
# what calls __libc_start_main; perf often stops there, which is near enough. Where threads begin libc has no name.
perf_share() { # FILE EXE
	perf script --no-inline -i "$1" -F comm,ip,sym,dso 2>/dev/null | perl -00 -ne '
		BEGIN { $exe = shift }
		my @frames = grep { !/^\s*ffff/ } (split /\n/)[1 .. 200];
		@frames = grep { defined && /\S/ } @frames;
		next unless grep { m|/\Q$exe\E\)$| } @frames;
		$all++;
		my ($root, $next) = reverse @frames;
		$whole++ if $root =~ /\b(_start|__libc_start\w*|__?clone3?|start_thread|runtime\.\w+)\b|ld-linux/ ||
			(($next // "") =~ /__libc_start/) || $root =~ /\[unknown\] \(.*libc\.so\.6\)/;
		END { printf "%.1f\n", $all ? 100 * $whole / $all : 0 }' -- "$2"
}

run() { # NAME
	rm -rf "$work/cwd"
	mkdir -m 755 "$work/cwd"
	(cd "$work/cwd" && exec "$CULPRIT" record --raw "$work/raw" --stack-copies --hz "$hz" --format folded -o "$work/folded" -- \
		"$here/programs.sh" run "$1" "$seconds") >"$work/log" 2>&1 || {
		echo "table.sh: $1: $(tail -n 1 "$work/log")" >&2
		return 1
	}
}

run_perf() { # NAME EXE
	rm -rf "$work/cwd"
	mkdir -m 755 "$work/cwd"
	(cd "$work/cwd" && perf record -q -e cpu-clock -F 97 --call-graph dwarf,16384 -o "$work/perf.data" -- \
		"$here/programs.sh" run "$1" 2) >/dev/null 2>&1
	perf_share "$work/perf.data" "$2"
}

for name in "${names[@]}"; do
	why=$("$here/programs.sh" missing "$name")
	[ -z "$why" ] || {
		echo "# $name: $why" >&2
		continue
	}
	exe=$("$here/programs.sh" list | awk -v name="$name" '$1 == name { print $2 }')
	run "$name" || continue
	row=$("$O/tests/unwind/compare" --exe "$exe" --name "$name" --top "$top" "$work/raw") || continue
	[ -z "$perf" ] || row=$(printf '%s\n' "$row" | sed "1s/\$/\t$(run_perf "$name" "$exe")/")
	printf '%s\n' "$row"
	rm -f "$work/raw" "$work/perf.data"
done >"$work/rows"

if [ -n "$rows" ]; then
	cat "$work/rows"
	exit 0
fi
awk -F'\t' -v with_perf="$perf" '
	function share(part, all) { return all ? sprintf("%6.2f %%", 100 * part / all) : "       -" }
	function row(name, n, whole, oracle, both, agree, frames, equal, stacks, perf) {
		printf "| %-10s | %7d | %s | %s | %s | %s |%s\n", name, n, share(whole, n), share(oracle, both), share(agree, frames),
			share(equal, stacks), !with_perf ? "" : perf == "" ? "         |" : sprintf(" %5.1f %% |", perf)
	}
	BEGIN { print "| program    | samples |  whole   |  libdw   |  agree   |  equal   |" (with_perf ? "  perf   |" : "")
		print "|------------|--------:|---------:|---------:|---------:|---------:|" (with_perf ? "--------:|" : "") }
	/^#/ { print; next }
	{ row($1, $2, $3, $5, $6, $8, $7, $10, $9, $11); for (i = 2; i <= 10; i++) sum[i] += $i }
	END { row("all", sum[2], sum[3], sum[5], sum[6], sum[8], sum[7], sum[10], sum[9], "") }' "$work/rows"
