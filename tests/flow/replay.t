#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# replay.t - raw records written while sampling and replayed without root give the same stacks; a file cut short gives
# what was before the cut.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -x "$CULPRIT" ] || bail "$CULPRIT is not built: run make"
need_bpf
[ -x "$TARGETS/busy_loop" ] || bail 'the targets are not built: run make targets'

# Frames of the program itself; kernel frames need kallsyms, and the vDSO differs between processes.
user_stacks() {
	grep '^busy_loop;' "$1" | grep -v '\[k\]' | sort
}
as_nobody() {
	perl -MPOSIX -e '$) = "65534 65534"; POSIX::setgid(65534); POSIX::setuid(65534);
		exec @ARGV or die "$ARGV[0]: $!\n"' -- "$@"
}

# A copy where everybody may read it: the checkout may lie where nobody else may look.
chmod a+rx . && cp -L "$TARGETS/busy_loop" . && chmod a+rx busy_loop
start ./busy_loop 20
run culprit record -d 1500ms --no-kernel-stacks --raw records.raw --pid "$started" -o live.folded
is "$status" 0 'records are written while sampling'
at_least "$(user_stacks live.folded | awk '{ n += $NF } END { print n + 0 }')" 50 'the loop is sampled'
culprit show --raw records.raw --format folded >as_root.folded
ok 'the replay gives the same stacks' cmp <(user_stacks live.folded) <(user_stacks as_root.folded)
stop "$started"

# The process has gone, and nobody may read anything of it.
chmod a+r records.raw
cp -L "$CULPRIT" culprit-copy && chmod a+rx culprit-copy
as_nobody ./culprit-copy show --raw records.raw --format folded >as_nobody.folded 2>nobody.err
is "$?" 0 'without root and without the process it is replayed, too'
count() {
	awk '{ n += $NF } END { print n + 0 }' "$1"
}
is "$(count as_nobody.folded)" "$(count live.folded)" 'with the same number of samples'
like "$(cat as_nobody.folded)" '^busy_loop;.*;spin_inner' 'whose frames have names'
ok 'and the same stacks' cmp <(user_stacks live.folded) <(user_stacks as_nobody.folded)

# Cut anywhere: never more than was before the cut. Chunks of a quiet CPU are long and hold few samples, so which cut is the
# first with samples is not known; the last tenth has some. An odd size is no chunk's end.
size=$(stat -c %s records.raw)
before=0
shrunk=
for tenth in 1 2 3 4 5 6 7 8 9; do
	head -c $(((size * tenth / 10) | 1)) records.raw >cut.raw
	run culprit show --raw cut.raw --format folded
	[ "$status" = 0 ] || break
	printf '%s\n' "$out" >cut.folded
	now=$(count cut.folded)
	[ "$now" -ge "$before" ] || shrunk="$shrunk $tenth"
	before=$now
done
is "$status" 0 'a file cut short is shown'
like "$err" '^culprit show: warning: cut\.raw: ends in the middle of a record at byte \d+' 'with a warning that says where'
is "$shrunk" '' 'the later the cut, the more is there'
at_least "$before" 1 'what was before the cut is there'
at_most "$before" "$(count live.folded)" 'and nothing else'

head -c 10 records.raw >head.raw
run culprit show --raw head.raw
is "$status" 2 'a file without a complete head is refused'
like "$err" '^culprit show: head\.raw: ' 'by its name'
done_testing
