# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# lib.sh - TAP for tests that are shell scripts. A test is
#
#	#!/bin/bash
#	# SPDX-License-Identifier: Apache-2.0
#	. "$(dirname "$0")/../lib.sh"
#	need_bpf                                  # or skips the file, with the reason
#	start "$TARGETS/busy_loop" 10             # in the background; killed at the end, whatever happens
#	run culprit record -d 1s --format folded  # $status, $out, $err
#	is "$status" 0 'record exits 0'
#	like "$out" 'busy_loop;.*spin_inner' 'the loop is named'
#	done_testing
#
# The working directory is an empty temporary one ($TMP), removed at the end. `culprit` is the program under test.

set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
O=${O:-$ROOT/.output}
case $O in /*) ;; *) O=$ROOT/$O ;; esac
export CULPRIT=${CULPRIT:-$O/culprit}
# How many times slower than usual this machine is (an emulated one): what bounds the time of something multiplies by it.
SLOW=${SLOW:-1}
# shellcheck disable=SC2034 # for the tests
TARGETS=$O/tests/targets DATA=$ROOT/tests/data
export LC_ALL=C TZ=UTC
TMP=$(mktemp -d "${TMPDIR:-/tmp}/culprit-test.XXXXXX")
cd "$TMP" || exit 2

test_no=0
test_failed=0
test_pids=()
test_ends=()
status='' out='' err=''

culprit() {
	"$CULPRIT" "$@"
}

test_cleanup() {
	local code=$? i
	[ "$BASHPID" = $$ ] || exit "$code" # a child that a signal has met before it became its command
	trap - EXIT
	trap '' INT TERM
	stop_all
	for ((i = ${#test_ends[@]}; i-- > 0;)); do
		eval "${test_ends[i]}"
	done
	cd / && rm -rf "$TMP"
	exit "$code"
}
trap test_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Text for the person who reads the log, not for the harness.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# pass NAME / fail NAME [DETAIL]
pass() {
	test_no=$((test_no + 1))
	echo "ok $test_no - $1"
}

fail() {
	test_no=$((test_no + 1))
	test_failed=$((test_failed + 1))
	echo "not ok $test_no - $1"
	diag "at $(caller 1 | awk '{ print $3 ":" $1 }')"
	[ $# -lt 2 ] || diag "$2"
	return 1
}

# ok NAME COMMAND… - holds when the command succeeds.
ok() {
	local name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name" "failed: $*"; fi
}

# not_ok NAME COMMAND… - holds when it does not.
not_ok() {
	local name=$1
	shift
	if "$@"; then fail "$name" "should have failed: $*"; else pass "$name"; fi
}

# is GOT WANT NAME
is() {
	if [ "$1" = "$2" ]; then pass "$3"; else fail "$3" "got:  $1
want: $2"; fi
}

# like TEXT REGEX NAME (a Perl regex; . does not match a line's end, ^ and $ match at every line)
like() {
	if printf '%s' "$1" | perl -0777 -e 'my $re = shift; exit(<STDIN> =~ /$re/m ? 0 : 1)' -- "$2"; then
		pass "$3"
	else
		fail "$3" "no match for: $2
in: $(printf '%s' "$1" | head -c 4000)"
	fi
}

unlike() {
	if printf '%s' "$1" | perl -0777 -e 'my $re = shift; exit(<STDIN> =~ /$re/m ? 0 : 1)' -- "$2"; then
		fail "$3" "matches, but should not: $2
in: $(printf '%s' "$1" | head -c 4000)"
	else
		pass "$3"
	fi
}

# at_least GOT MINIMUM NAME - numbers, fractions allowed.
at_least() {
	if awk -v got="$1" -v min="$2" 'BEGIN { exit !(got ~ /^-?[0-9.]/ && got + 0 >= min + 0) }'; then
		pass "$3"
	else
		fail "$3" "got $1, want at least $2"
	fi
}

at_most() {
	if awk -v got="$1" -v max="$2" 'BEGIN { exit !(got ~ /^-?[0-9.]/ && got + 0 <= max + 0) }'; then
		pass "$3"
	else
		fail "$3" "got $1, want at most $2"
	fi
}

# run COMMAND… - leaves $status, and what was written in $out and $err (without the last line end).
# shellcheck disable=SC2034 # for the tests
run() {
	"$@" >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	out=$(tr -d '\0' <"$TMP/.out")
	err=$(tr -d '\0' <"$TMP/.err")
	return 0
}

# json EXPRESSION FILE - evaluates Perl over the decoded document $d: json '$d->{verdict}' report.json
json() {
	perl -MJSON::PP -e '
		my ($expression, $file) = @ARGV;
		open my $in, "<", $file or die "$file: $!\n";
		my $d = JSON::PP->new->utf8->decode(do { local $/; <$in> });
		my $v = eval $expression;
		die $@ if $@;
		print defined $v ? ref $v ? JSON::PP->new->canonical->allow_nonref->encode($v) : $v : "", "\n"' -- "$1" "$2"
}

# start COMMAND… - runs it in the background; $started is its pid, also that of culprit, which is no function here. Ends
# with the test.
start() {
	if [ "$1" = culprit ]; then
		shift
		set -- "$CULPRIT" "$@"
	fi
	"$@" &
	started=$!
	test_pids+=("$started")
}

# stop PID [SIGNAL] - ends one that was started and waits; its exit status is the result.
stop() {
	kill -"${2:-TERM}" "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

stop_all() {
	local pid
	for pid in ${test_pids[@]+"${test_pids[@]}"}; do
		kill -TERM "$pid" 2>/dev/null
	done
	for pid in ${test_pids[@]+"${test_pids[@]}"}; do
		( sleep 5 && kill -KILL "$pid" ) 2>/dev/null &
		local guard=$!
		wait "$pid" 2>/dev/null
		kill -KILL "$guard" 2>/dev/null
		wait "$guard" 2>/dev/null
	done
	test_pids=()
}

# at_end COMMAND… - when the test ends, however it does, after its processes are gone; the last one first.
at_end() {
	test_ends+=("$(printf '%q ' "$@")")
}

# small_disk DIR SIZE - a file system of so many bytes (mount's words: 320k) that is gone at the end.
small_disk() {
	mkdir "$1"
	mount -t tmpfs -o size="$2" none "$1" || skip_all 'cannot mount a tmpfs'
	at_end unmount "$TMP/$1"
}

# shellcheck disable=SC2317 # called at the end
unmount() {
	umount "$1" 2>/dev/null || umount -l "$1"
}

# remove_cgroups DIR… - innermost first. A control group can be removed when its processes are gone.
remove_cgroups() {
	local dir members
	for dir in "$@"; do
		[ -d "$dir" ] || continue
		mapfile -t members <"$dir/cgroup.procs"
		[ ${#members[@]} = 0 ] || kill -KILL "${members[@]}"
		wait_for 5 rmdir "$dir"
	done 2>/dev/null
}

# wait_for SECONDS COMMAND… - until it succeeds, asking ten times a second; 1 when the time is over.
# SLOW times as long, five times at most: a test must end in time to say what it waited for.
wait_for() {
	local tries=$(($1 * 10 * (SLOW < 5 ? SLOW : 5)))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}

skip() {
	test_no=$((test_no + 1))
	echo "ok $test_no # SKIP $1"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

bail() {
	echo "not ok 1 - $1"
	echo '1..1'
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || skip_or_fail 'needs root'
}

need_program() {
	command -v "$1" >/dev/null 2>&1 || skip_all "needs $1"
}

# Where the kernel can do it, CI may not skip it: a test that never runs protects nobody.
skip_or_fail() {
	if [ "${CI:-}" = true ] && [ -e /sys/kernel/btf/vmlinux ]; then
		bail "CI must run this on a kernel with BPF, but: $1"
	fi
	skip_all "BPF: $1"
}

need_bpf() {
	[ -e /sys/kernel/btf/vmlinux ] || skip_or_fail 'this kernel has no BTF (/sys/kernel/btf/vmlinux)'
	need_root
	culprit doctor >"$TMP/.doctor" 2>&1 || skip_or_fail "culprit doctor: $(tail -n 1 "$TMP/.doctor")"
}

done_testing() {
	echo "1..$test_no"
	[ "$test_failed" = 0 ]
	exit
}
