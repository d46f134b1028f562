# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# prelude.sh - what run.t loads into each case.

# try COMMAND… - runs it and prints the command, what it wrote (stdout and stderr) and its exit status: for cases that
# compare many short answers.
try() {
	printf '$ %s\n' "$*"
	"$@" 2>&1
	echo "[exit $?]"
}

# history [key=value…] - an hour of history with five recurrences of an incident whose culprit is nightly-report
# (data/make_history.pl), imported into ./st; the recurrences are marked as "slow". Silent.
history() {
	perl data/make_history.pl truth=truth "$@" >history.folded
	store_history
}

# store_history - the same from ./history.folded and ./truth, which the case has made or changed.
store_history() {
	local from until
	culprit import --store st history.folded 2>import.err || cat import.err >&2
	while read -r from until; do
		culprit mark --store st slow "$from..$until"
	done <truth
}

# as_nobody ARGUMENT… - culprit without root's permissions, from a copy, for the directories of the build need not be open to
# everybody.
as_nobody() {
	[ -x .culprit ] || cp -L "$(command -v culprit)" .culprit
	chmod a+rx .. . .culprit
	if [ "$(id -u)" = 0 ]; then
		perl -MPOSIX -e '$) = "65534 65534"; POSIX::setgid(65534); POSIX::setuid(65534);
			exec "./.culprit", @ARGV or die "culprit: $!\n"' -- "$@"
	else
		./.culprit "$@"
	fi
}
