#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_shell.sh - shellcheck over the shell scripts, perl -c over the Perl ones. What a file is, its first line says.
set -eu
cd "$(dirname "$0")/.."
failed=0

scripts/sources.sh '*.sh' '*.t' '*.pl' '.ci/run' >"${list:=$(mktemp)}"
trap 'rm -f "$list"' EXIT
while read -r file; do
	case $(head -n 1 "$file") in
	'#!'*perl*) perl -c "$file" 2>&1 | grep -v 'syntax OK$' | sed "s|^|$file:1: |" | grep . && failed=1 ;;
	'#!'*sh | '# shellcheck shell='*) shellcheck -x -f gcc "$file" || failed=1 ;;
	*)
		echo "$file:1: no #! line that names sh, bash or perl"
		failed=1
		;;
	esac
done <"$list"
exit $failed
