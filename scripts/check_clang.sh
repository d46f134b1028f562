#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_clang.sh - the second compiler: everything builds under clang without a warning, too.
set -eu
cd "$(dirname "$0")/.."
exec env -u MAKEFLAGS -u MFLAGS make -s CC=clang O="${O:-.output}/clang" -j"$(nproc)" lib all units >/dev/null
