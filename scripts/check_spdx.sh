#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_spdx.sh - every source file says its licence in one of its first three lines.
set -eu
cd "$(dirname "$0")/.."

scripts/sources.sh '*.c' '*.h' '*.sh' '*.pl' '*.t' '*.proto' '*.js' '*.css' 'Makefile' '.ci/run' 'Dockerfile' '*.yaml' '*.yml' |
	grep -v '^scripts/deploy/.*/templates/' | xargs awk '
	FNR == 1 && seen == 0 && last != "" { print last ":1: no SPDX-License-Identifier line"; failed = 1 }
	FNR == 1 { last = FILENAME; seen = 0 }
	FNR <= 3 && /SPDX-License-Identifier: / { seen = 1 }
	END {
		if (last != "" && seen == 0) {
			print last ":1: no SPDX-License-Identifier line"
			failed = 1
		}
		exit failed
	}'
