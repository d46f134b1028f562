#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# sandbox.t - the unit test of the sandbox once more, built without a sanitizer: only there are the filter and the limit
# of memory in force.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
program=$O/tests/unit/test_base_sandbox
[ -x "$program" ] || bail "$program is not built: run make targets"
rm -rf "$TMP"
exec "$program"
