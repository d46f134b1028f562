#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_format.sh - what `make format` would write is what is there. vmlinux/ is made by a program.
set -eu
cd "$(dirname "$0")/.."
scripts/sources.sh '*.c' '*.h' | grep -v '^vmlinux/' | xargs -n 16 -P 2 clang-format --dry-run -Werror
