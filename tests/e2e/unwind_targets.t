#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs without frame pointers whose stacks are hard to unwind (tests/unwind/targets.txt): culprit records them where
# they are busy, then they are stopped there and gdb is asked. The stack that culprit shows must be the one that is
# expected, and frame for frame the one that gdb has. Then libdw judges each single sample (tests/unwind/compare.c).
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"
need_program gdb
compare=$O/tests/unwind/compare
[ -x "$compare" ] || bail "$compare is missing: make targets"

# What depends on neither the C library nor the linker: the names of the targets' own functions; all else is '*'.
own_names() {
	perl -pe 'chomp; $_ = join ";", map { s/\.(?:abi0|cold)$//; /^(?:main|_start|main\.\w+(?:\.\w+)*|runtime\.goexit|(?:chain|frames|signals|odd|asm|assembly|throwing|jit|host|plugin)_\w+)$/
		? $_ : "*" } split /;/; $_ .= "\n"'
}

# The user stacks of a label in FILE: "COUNT STACK" with own names only, the most frequent first.
stacks() { # LABEL FILE
	perl -ne 'BEGIN { $name = shift } print "$1 $2\n" if /^\Q$name\E;(.*) (\d+)$/' -- "$1" "$2" >one.stacks
	paste -d' ' <(sed 's/.* //' one.stacks) <(sed 's/ [0-9]*$//' one.stacks | own_names) |
		perl -ne '/^(\d+) (.*)$/ and $n{$2} += $1; END { print "$n{$_} $_\n" for sort { $n{$b} <=> $n{$a} || $a cmp $b } keys %n }'
}

# Of the stacks that end at the same leaf as WANT: how many samples, and how many have WANT at their leaf end.
judge() { # WANT FILE
	perl -ne 'BEGIN { $want = shift; $leaf = (split /;/, $want)[-1] } /^(\d+) (.*)$/ or next; ($n, $stack) = ($1, $2);
		next unless (split /;/, $stack)[-1] eq $leaf; $all += $n; $good += $n if $stack =~ /(?:^|;)\Q$want\E$/;
		END { printf "%d %d\n", $all // 0, $good // 0 }' -- "$1" "$2"
}

# last_frames STACK LIKE - as many of its frames at the leaf as LIKE has.
last_frames() {
	perl -e '@s = split /;/, shift; @w = split /;/, shift; splice @s, 0, @s - @w if @s > @w; print join ";", @s' -- "$1" "$2"
}

run culprit record --no-kernel-stacks --hz 199 -o all.folded -- \
	"$ROOT/tests/unwind/run_targets.sh" "$TARGETS/unwind" 25 gdb
is "$status" 0 'record exits 0'
diag "$(printf '%s\n' "$err" | tail -n 3)"

while IFS='|' read -r name _ reach want; do
	grep -qx -- "$name" ran || {
		skip "$name: not built or not run here"
		continue
	}
	stacks "$name" all.folded >"$name.stacks"
	read -r all good < <(judge "$want" "$name.stacks")
	# A copy of 16 KiB does not reach over frames that large: before the rules are there, the stack is cut.
	[ "$reach" = far ] && enough=50 || enough=98
	if [ "$all" -ge 10 ] && [ "$((good * 100))" -ge "$((all * enough))" ]; then
		pass "$name: ...$want"
	else
		fail "$name: ...$want" "$good of $all samples; $(head -n 3 "$name.stacks")"
	fi
	ours=$(head -n 1 "$name.stacks" | cut -d' ' -f2-)
	theirs=$(sed -n "s/^$name //p" gdb.out | own_names | grep -- "${want##*;}\$" | head -n 1)
	case $reach in
	whole | far) is "$ours" "$theirs" "$name: as gdb unwinds it" ;;
	from) is "$(last_frames "$ours" "$want")" "$(last_frames "$theirs" "$want")" "$name: as far as gdb unwinds it" ;;
	cut) is "$(printf '%s' "$ours" | tr -cd ';' | wc -c)" 126 "$name: 127 frames are kept" ;;
	esac
done < <(sed -n 's/ *| */|/g; /^[^#]/p' "$ROOT/tests/unwind/targets.txt")

# Each sample of them all, frame by frame.
run culprit record --raw raw --stack-copies --no-kernel-stacks --hz 199 -o copies.folded -- \
	"$ROOT/tests/unwind/run_targets.sh" "$TARGETS/unwind" 8
is "$status" 0 'record --stack-copies exits 0'
run "$compare" --name targets --top 12 raw
diag "$out"
IFS=$'\t' read -r _ samples _ wrong _ _ frames agree _ _ <<<"$out"
at_least "$samples" 500 'samples to compare'
at_least "$(share "$agree" "$frames")" 99.5 "libdw agrees with $agree of $frames frames"
is "$wrong" 0 'what is said to be whole is whole'
done_testing
