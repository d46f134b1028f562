#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.t [CASE…] - the command line, word for word. A case is a folder tests/cli/cases/NAME with
#
#	cmd             a bash script; its working directory is empty but for data -> tests/data, `culprit` is in the PATH,
#	                and the functions of prelude.sh are there
#	root            (may be empty) only root can run it
#	stdout.exact    what it must write; no file means nothing. Or else
#	stdout.like     Perl regexes, one a line, each of which must match somewhere (# starts a comment)
#	stderr.exact, stderr.like    the same
#	exit            the exit status; no file means 0
#
# CULPRIT_UPDATE=1 writes stdout.exact, stderr.exact and exit as they are now (not over a .like): read the difference
# in git before you believe it. TZ is UTC, the locale C, standard input empty.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -x "$CULPRIT" ] || bail "$CULPRIT is not built: run make"

mkdir "$TMP/bin"
ln -s "$CULPRIT" "$TMP/bin/culprit"
cases=$ROOT/tests/cli/cases

# check_stream CASE STREAM - compares what the case has written with what it should have.
check_stream() {
	local case=$1 stream=$2 got=$TMP/got.$2 want=$cases/$1/$2.exact regex missing=
	if [ -f "$cases/$case/$stream.like" ]; then
		while IFS= read -r regex; do
			case $regex in '' | '#'*) continue ;; esac
			perl -0777 -e 'my $re = shift; exit(<STDIN> =~ /$re/m ? 0 : 1)' -- "$regex" <"$got" ||
				missing="$missing$regex"$'\n'
		done <"$cases/$case/$stream.like"
		if [ -z "$missing" ]; then
			pass "$case: $stream"
		else
			fail "$case: $stream" "no match for: $missing
in: $(head -c 4000 "$got")"
		fi
		return
	fi
	if [ -n "${CULPRIT_UPDATE:-}" ]; then
		if [ -s "$got" ]; then cp "$got" "$want"; else rm -f "$want"; fi
	fi
	[ -f "$want" ] || want=/dev/null
	if cmp -s "$want" "$got"; then
		pass "$case: $stream"
	else
		fail "$case: $stream" "$(diff -u --label wanted --label got "$want" "$got" | head -60)"
	fi
}

run_case() {
	local case=$1 want_exit=0 got_exit work=$TMP/work
	if [ -f "$cases/$case/root" ] && [ "$(id -u)" != 0 ]; then
		skip "$case: needs root"
		return
	fi
	rm -rf "$work"
	mkdir "$work"
	ln -s "$DATA" "$work/data"
	(
		cd "$work" || exit 99
		BASH_ENV=$ROOT/tests/cli/prelude.sh PATH=$TMP/bin:$PATH exec timeout -k 2 60 bash "$cases/$case/cmd"
	) </dev/null >"$TMP/got.stdout" 2>"$TMP/got.stderr"
	got_exit=$?
	if [ -n "${CULPRIT_UPDATE:-}" ]; then
		if [ "$got_exit" = 0 ]; then rm -f "$cases/$case/exit"; else echo "$got_exit" >"$cases/$case/exit"; fi
	fi
	[ ! -f "$cases/$case/exit" ] || want_exit=$(cat "$cases/$case/exit")
	is "$got_exit" "$want_exit" "$case: exit status"
	check_stream "$case" stdout
	check_stream "$case" stderr
}

if [ $# = 0 ]; then
	for dir in "$cases"/*/; do
		[ ! -f "$dir/cmd" ] || set -- "$@" "$(basename "$dir")"
	done
fi
[ $# -gt 0 ] || skip_all 'no cases'
for name in "$@"; do
	[ -f "$cases/$name/cmd" ] || bail "no case '$name' in tests/cli/cases"
	run_case "$name"
done
done_testing
