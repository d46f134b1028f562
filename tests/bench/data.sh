#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# data.sh - the store: bytes a sample, time to put and to read; folded stacks: parsing and writing.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

title 'store: bytes a sample, time to put and to read (synthetic: 50 processes, 10 s windows)'
"$O/tests/bench/store" 1 | sed 's/^/  /'

title 'folded stacks: parsing and writing'
"$O/tests/bench/bench_folded" | sed 's/^/  /'
