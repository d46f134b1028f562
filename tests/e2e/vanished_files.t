#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The file of a running program cannot be reached by its path: deleted, replaced, in a jail, in a mount namespace.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

chain='main;spin_outer;spin_middle;spin_inner$|main;spin_outer;spin_middle;spin_inner;'

# named PID LABEL WHAT - a recording of the process has nothing but the label, and its functions.
named() {
	local all
	run culprit record -d 1s -p "$1" -o named.folded
	all=$(count named.folded .)
	at_least "$all" 10 "$3: it was seen"
	is "$(labels named.folded)" "$2" "$3: it has its name"
	at_least "$(share "$(count named.folded "$chain")" "$all")" 90 "$3: so have its functions"
}

cp "$TARGETS/busy_loop" shortlived
start ./shortlived 12
deleted=$started
sleep 0.2
rm shortlived
named "$deleted" shortlived 'deleted while it runs'
stop "$deleted"

cp "$TARGETS/busy_loop" upgraded
start ./upgraded 12
old=$started
sleep 0.2
cp "$TARGETS/threads" new && mv new upgraded
named "$old" upgraded 'replaced by another program'
is "$(count named.folded 'even_work|odd_work|thread_main')" 0 'none of it by the names of the new one'
stop "$old"

# A jail has a root of its own.
jail=$TMP/jail
while read -r lib; do
	mkdir -p "$jail$(dirname "$lib")" && cp -L "$lib" "$jail$lib"
done < <(ldd "$TARGETS/busy_loop" | grep -o '/[^ ]*')
mkdir -p "$jail/opt" && cp "$TARGETS/busy_loop" "$jail/opt/jailed"
start chroot "$jail" /opt/jailed 12
jailed=$started
sleep 0.3
named "$jailed" jailed 'in a jail'
stop "$jailed"

# A mount namespace: the path leads to another file here than there.
if unshare -m true 2>/dev/null; then
	mkdir place
	cp "$TARGETS/threads" place/there
	# shellcheck disable=SC2016 # the inner shell expands it
	start unshare -m sh -c 'mount -t tmpfs none place && cp "$0" place/there && exec place/there 12' "$TARGETS/busy_loop"
	there=$started
	sleep 0.5
	is "$(cmp -s place/there "$TARGETS/threads" && echo other)" other 'outside there is another program at its path'
	named "$there" there 'in another mount namespace'
	is "$(count named.folded 'even_work|odd_work|thread_main')" 0 'none of it by the names of the program outside'
	stop "$there"
else
	skip 'cannot unshare the mount namespace'
fi
is "$(grep -c "$TMP" /proc/mounts)" 0 'nothing is left mounted'
done_testing
