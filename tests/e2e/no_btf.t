#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A kernel without type information: every command says that this is missing, and which option of the kernel gives it.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

unshare -m true 2>/dev/null || skip_all 'cannot unshare the mount namespace'
# libbpf looks at other places as well.
[ "$(find /boot /lib/modules /usr/lib/debug -name "vmlinux*$(uname -r)*" 2>/dev/null)" = '' ] ||
	skip_all 'this kernel has its types in a file, too'

# without COMMAND… - runs it where /sys/kernel/btf is empty.
# shellcheck disable=SC2016,SC2317 # the inner shell expands it; called by run
without() {
	unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh "$@"
}

why='no type information \(/sys/kernel/btf/vmlinux is missing\): it must be built with CONFIG_DEBUG_INFO_BTF=y'
run without "$CULPRIT" doctor
is "$status" 1 'doctor: exit status 1'
like "$out" "^MISSING +kernel type information .*$why\$" 'it says what is missing'
like "$out" '^The agent cannot run here' 'and what follows from that'

for command in 'record -d 1s -o none.folded' 'agent --store store'; do
	# shellcheck disable=SC2086 # words
	run without timeout 20 "$CULPRIT" $command
	is "$status" 2 "${command%% *}: exit status 2"
	like "$err" "^culprit ${command%% *}: .*$why\$" 'with the reason'
	is "$(printf '%s\n' "$err" | wc -l)" 1 'in one line'
done
not_ok 'no file is written' test -e none.folded
ok 'the types are there outside' test -e /sys/kernel/btf/vmlinux
done_testing
