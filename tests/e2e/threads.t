#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Threads with names of their own are one process: one label, CPU time added up, each thread's own work told apart.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

run culprit record -o threads.folded -- "${clocked[@]}" cpu "$TARGETS/threads" 3 4
is "$status" 0 'record exits 0'
all=$(count threads.folded '^threads(;|$)')
cpu=$(cpu_seconds cpu)
diag "$all samples, $cpu CPU seconds"
near "$all" "$(product "$cpu" $HZ)" 10 6 'the threads add up to the CPU time of the process'
is "$(count threads.folded '^worker-')" 0 'no thread is a process of its own'
is "$(count threads.folded '(even|odd)_work')" "$(count threads.folded '^threads;.*(even|odd)_work')" \
	'all their work is under the label of the process'
even=$(count threads.folded ';thread_main;even_work')
odd=$(count threads.folded ';thread_main;odd_work')
at_least "$(share $((even + odd)) "$all")" 95 'their functions are named'
at_least "$(share "$even" "$all")" 25 'the even threads have done about half'
at_least "$(share "$odd" "$all")" 25 'and so have the odd ones'

# --pid is a process, not a thread: asked for by its main thread, which sleeps.
start "$TARGETS/threads" 10 2
target=$started
sleep 0.2
run culprit record -d 1s -p "$target" -o pid.folded
is "$(labels pid.folded)" threads '--pid takes all threads of the process'
at_least "$(count pid.folded '_work')" 20 'also when the main thread sleeps'
stop "$target"
done_testing
