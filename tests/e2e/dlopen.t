#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A library that is loaded while sampling goes on: its functions are named, and so are those of a copy under another name.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

run culprit record -o load.folded -- "$TARGETS/dlopen_target" 2
is "$status" 0 'record exits 0'
all=$(count load.folded '^dlopen_target(;|$)')
at_least "$all" 30 'the program was seen'
at_least "$(share "$(count load.folded '^dlopen_target;.*main;run_plugin;plugin_entry;plugin_burn')" "$all")" 90 \
	'the functions of the loaded library are named, in one chain with those of the program'

# A library without symbols cannot be named, but it can be told which one it is.
cp "$TARGETS/dlopen_plugin.so" stripped.so
strip -s stripped.so 2>/dev/null || bail 'strip failed'
run culprit record -o stripped.folded -- "$TARGETS/dlopen_target" 2 "$TMP/stripped.so"
is "$status" 0 'record exits 0'
like "$(cat stripped.folded)" 'main;run_plugin;plugin_entry;\[stripped\.so\]' \
	'what has no symbol is called by its library'
done_testing
