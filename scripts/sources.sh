#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sources.sh PATTERN… - the files of the project that match git's patterns, one a line: what is tracked, and what is new
# and not ignored. Without git (a tarball) it looks at the folders themselves.
set -eu
cd "$(dirname "$0")/.."

if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	git ls-files -co --exclude-standard -- "$@" | sort -u | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
else
	for pattern in "$@"; do
		find . -path ./.output -prune -o -type f -path "./$pattern" -print
	done | sed 's|^\./||' | sort -u
fi
