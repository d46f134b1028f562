#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# linecache.t - the unit test of lines by way of the sandbox once more, built without a sanitizer: only there does libdw
# have to live with the filter and the limit of memory.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
program=$O/tests/unit/test_elf_linecache
[ -x "$program" ] || bail "$program is not built: run make targets"
cd / && rm -rf "$TMP"
exec "$program"
