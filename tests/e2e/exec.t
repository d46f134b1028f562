#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A sample in the middle of an execve finds the registers of the old program and the memory of the new one. It is named
# neither by the one nor by the other.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

cat >storm.sh <<'END'
end=$((SECONDS + 4))
while [ $SECONDS -lt $end ]; do
	/bin/true
	/bin/true
	/bin/true
	/bin/true
done
END
# Addresses that are the same in each program make a mistake easy, chance makes it rare.
ways=('')
! command -v setarch >/dev/null || ways+=('setarch -R')
for where in "${ways[@]}"; do
	# shellcheck disable=SC2086 # words
	run culprit record --hz 997 --raw exec.raw -o exec.folded -- $where bash storm.sh
	is "$status" 0 "record exits 0 ${where:+($where)}"
	within=$(count exec.folded ';\[exec\];.*execve')
	at_least "$within" 10 'samples in the middle of an execve say so'
	# For some hundred nanoseconds before the new program starts it cannot be told.
	unknown=$(count exec.folded '^(bash storm\.sh|true);\[unknown\];.*execve')
	at_least "$(share "$within" $((within + unknown)))" 90 'instead of an address that nobody knows'
	is "$(count exec.folded ';\[exec\];.*;\[exec\]|[^;]+;[^;]+;\[exec\]')" 0 'nor a frame of either program'
	is "$(count exec.folded '^(?!bash|true|culprit|setarch|\[irq\])')" 0 'all are those of a program that was run'
	like "$(culprit show --raw exec.raw)" "^incomplete: $(count exec.folded '^[^;]+;\[exec\]') in_exec " 'they are counted'
	at_least "$(count exec.folded '^bash storm\.sh;_start;.*execve')" 1 'before it has a stack of its own there is the old one'
done
done_testing
