#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Kernel frames lie above the user frames that called them; kernel threads have names without instance numbers.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

start dd if=/dev/zero of=/dev/null bs=1M
target=$started
sleep 0.2
run culprit record -d 2s -p "$target" -o dd.folded
is "$status" 0 'record exits 0'
all=$(count dd.folded '^dd(;|$)')
at_least "$all" 40 'dd was seen'
at_least "$(share "$(count dd.folded ';(do_syscall_64|el0t?_64_sync|invoke_syscall|el0_svc)\S*;.*(ksys|vfs)_(read|write)')" \
	"$all")" 60 'it is in the kernel, by names, from the system call on'
at_least "$(share "$(count dd.folded '^dd;.*(read|write).*;(vfs|ksys)_(read|write)')" "$all")" 60 \
	'the frames of the program that called are below'
unlike "$(cat dd.folded)" '(?i)0x[0-9a-f]{6}|;[0-9a-f]{16}' 'no address without a name'

run culprit record -d 1s -p "$target" --no-kernel-stacks -o user.folded
at_least "$(count user.folded '^dd(;|$)')" 15 '--no-kernel-stacks: it is still there'
is "$(count user.folded '(vfs|ksys)_|do_syscall')" 0 'but without frames of the kernel'
stop "$target"

# Kernel threads do something on every machine that is busy: clean up after processes, write files to disk. Which of
# them, and when, nobody knows.
start "$TARGETS/fork_storm" 4 5 4 >/dev/null
storm=$started
start sh -c 'for i in 1 2 3 4 5 6; do dd if=/dev/zero of=file bs=1M count=32 conv=fsync 2>/dev/null; rm file; done'
run culprit record -d 3s --hz 499 -o threads.folded
wait "$storm"
like "$(labels threads.folded)" '^\[[a-z]' 'kernel threads are in brackets'
unlike "$(labels threads.folded | grep '^\[' | grep -v '^\[irq/')" '[0-9]+\]$|[/:.]|^\[\]' \
	'without a number of a CPU or of an instance at the end'
for name in $(labels threads.folded | grep '^\[' | tr -d '[]'); do
	case $name in irq | irq/* | unknown) continue ;; esac
	cat /proc/[0-9]*/comm 2>/dev/null | grep -q "^$name" || fail "[$name]" 'no thread has such a name'
done
diag "$(labels threads.folded | grep '^\[' | tr '\n' ' ')"
done_testing
