#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A stack deeper than is kept: the 127 frames next to the leaf stay, it is said that there were more.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

run culprit record -o deep.folded --no-kernel-stacks -- "$TARGETS/deep_recursion" 2 300
is "$status" 0 'record exits 0'
# The most frequent stack: label, frames.
top=$(sort -t' ' -k2,2nr deep.folded | awk '{ print $NF, $0 }' | sort -nr | head -n 1 | cut -d' ' -f2-)
is "$(printf '%s' "${top% *}" | tr -cd ';' | wc -c)" 127 '127 user frames are kept'
like "$top" '^deep_recursion;descend;(descend;){125}bottom_work ' 'from the leaf on: it and its callers, nothing else'
is "$(count deep.folded '^deep_recursion;.*main;.*bottom_work')" 0 'what is cut is the root end'

text=$(culprit record -- "$TARGETS/deep_recursion" 1 300 2>/dev/null)
like "$text" '^incomplete: [1-9]\d* user_truncated ' 'the table says how many were cut'

run culprit record -o shallow.folded --no-kernel-stacks -- "$TARGETS/deep_recursion" 1 100
like "$(cat shallow.folded)" ';main;descend;(descend;){100}bottom_work ' 'a stack that fits is complete'
text=$(culprit record -- "$TARGETS/deep_recursion" 1 100 2>/dev/null)
unlike "$text" 'user_truncated' 'and not said to be cut'
done_testing
