#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# blame.sh [DIR] - how long a verdict takes from a store of 500 processes x 7 days of 10 s windows with 2,000 permutations: the
# history read, the incidents judged, and the whole of `culprit blame`, its flame graph included. DIR: where the store is made, or
# found if it was made before (to make it takes minutes); without it, it is removed afterwards.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

store=${1:-$work/week}
title "blame: 500 processes x 7 days of 10 s windows, from the store"
[ -d "$store" ] || {
	mkdir -p "$store"
	"$O/tests/bench/blame_speed" fill "$store"
}
TIMEFORMAT="  whole of culprit blame %R s (%U s of CPU, %S s in the kernel)"
for name in long short; do
	case $name in
	long) note "incidents of 5 min" ;;
	short) note "incidents of 20 s" ;;
	esac
	"$O/tests/bench/blame_speed" ask "$store" $name | sed 's/^/  /'
	time "$CULPRIT" blame --store "$store" $name >"$work/verdict" || [ $? = 1 ]
	head -n 1 "$work/verdict" | sed 's/^/  /'
done
