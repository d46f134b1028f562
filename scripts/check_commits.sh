#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_commits.sh [N] - the last N (50) commits have a subject of the form "area: do x", at most 72 characters. A shallow
# history is checked as far as it goes.
set -eu
cd "$(dirname "$0")/.."
count=${1:-50}

git rev-parse --verify -q HEAD >/dev/null 2>&1 || {
	echo "check_commits.sh: no git history here, nothing to check" >&2
	exit 0
}
git log --no-merges -n "$count" --format='%h %s' | awk '
{
	hash = $1
	subject = substr($0, length($1) + 2)
}
length(subject) > 72 {
	print "commit " hash ": subject has " length(subject) " characters, more than 72: " subject
	failed = 1
}
subject !~ /^(Revert ")?[A-Za-z0-9._][A-Za-z0-9_.\/+,-]*( [a-z]+)?: [a-z0-9-]/ {
	print "commit " hash ": subject is not \"area: do x\": " subject
	failed = 1
}
subject ~ /\.$/ {
	print "commit " hash ": subject ends with a full stop: " subject
	failed = 1
}
END { exit failed }
'
