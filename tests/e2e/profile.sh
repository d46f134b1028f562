# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# profile.sh - what the end-to-end tests share: folded output counted, CPU time measured by the kernel as the oracle.
# To be sourced instead of lib.sh, which it includes.

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
need_bpf

# shellcheck disable=SC2034 # for the tests
HZ=97

# count FILE REGEX - samples of the folded lines that match (Perl; the line without its count).
count() {
	perl -ne 'BEGIN { $re = shift } next if /^#/; my ($stack, $n) = /^(.*) (\d+)$/ or next;
		$sum += $n if $stack =~ $re; END { print $sum // 0, "\n" }' \
		-- "$2" "$1"
}

# labelled FILE LABEL - samples of this label, which is taken word for word.
labelled() {
	perl -ne 'BEGIN { $label = shift } next if /^#/;
		$sum += $2 if /^([^;]*?)(?:;.*)? (\d+)$/ && $1 eq $label; END { print $sum // 0, "\n" }' -- "$2" "$1"
}

# labels FILE - the process labels, one a line, the busiest first; without interrupts, which hit whom they like.
labels() {
	perl -ne 'next if /^#|^\[irq\](?:;| \d+$)/; $n{$1} += $2 if /^([^;]*?)(?:;.*)? (\d+)$/;
		END { print "$_\n" for sort { $n{$b} <=> $n{$a} || $a cmp $b } keys %n }' "$1"
}

# share PART ALL - in per cent, two decimals.
share() {
	awk -v part="$1" -v all="$2" 'BEGIN { printf "%.2f\n", all ? 100 * part / all : 0 }'
}

# clocked FILE COMMAND… - runs it and writes the CPU seconds that it and what it waited for have taken, by the kernel's
# own accounting, to the last line of FILE. To be used as the command of `culprit record --`, as "${clocked[@]}".
# shellcheck disable=SC2016,SC2034 # the inner shell expands it; for the tests
clocked=(bash -c 'TIMEFORMAT="%3U %3S"; { time "${@:2}" 2>/dev/null; } 2>"$1"' clocked)

# cpu_seconds FILE - what clocked has written there.
cpu_seconds() {
	awk '{ cpu = $1 + $2 } END { printf "%.3f\n", cpu }' "$1"
}

# near GOT WANT PERCENT SLACK NAME - within PERCENT of WANT, and SLACK (a few samples) more.
near() {
	if awk -v got="$1" -v want="$2" -v percent="$3" -v slack="$4" \
		'BEGIN { d = got - want; exit !(got ~ /^[0-9.]+$/ && (d < 0 ? -d : d) <= want * percent / 100 + slack) }'; then
		pass "$5"
	else
		fail "$5" "got $1, want $2 within $3 % and $4"
	fi
}

# product A B - the product.
product() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", a * b }'
}
