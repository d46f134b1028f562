#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# history.t - a history from text into a store, the verdict, the proof, and out again: nothing is lost or changed on
# the way.
# shellcheck source=tests/lib.sh disable=SC2016 # Perl
. "$(dirname "$0")/../lib.sh"
[ -x "$CULPRIT" ] || bail "$CULPRIT is not built: run make"

perl "$DATA/make_history.pl" truth=truth >history.folded
ranges=()
while read -r from until; do
	ranges+=("$from..$until")
done <truth

run culprit import --store st history.folded
is "$status" 0 'the history is imported'
samples=$(awk '!/^#/ { n += $NF } END { print n }' history.folded)
is "$err" "culprit import: 360 windows, $samples samples" 'every window and sample of it'
run culprit ls --store st
like "$out" "^1 block, 360 windows, $samples samples" 'ls counts the same'
for range in "${ranges[@]}"; do
	culprit mark --store st slow "$range" || fail 'a recurrence is marked'
done
run culprit incidents --store st slow
is "$(printf '%s\n' "$out" | grep -c 'from mark')" 5 'five recurrences are known'

run culprit blame --store st slow -o report.json -o report.svg
is "$status" 0 'a process is named'
is "$(json '$d->{verdict}' report.json)" named 'the report says so'
is "$(json '$d->{culprits}[0]{process}' report.json)" nightly-report 'the right one'
like "$(cat report.svg)" 'nightly-report' 'and so does the picture'

# The same question to diff: the process that rose most is the culprit.
run culprit diff --store st --baseline "$((${ranges[0]%%..*} - 200))..$((${ranges[0]%%..*} - 100))" \
	--incident "${ranges[0]}" --format json
is "$status" 0 'the incident is compared with the time before'
printf '%s' "$out" >diff.json
is "$(json '$d->{processes}[0]{name} // $d->{processes}[0]{process}' diff.json)" nightly-report \
	'the process that rose most is the culprit'
is "$(json '$d->{unit}' diff.json)" cores 'in cores'

# Through the windowed form into another store: the same to the last byte.
culprit show st --windowed -o moved.folded
run culprit import --store st2 moved.folded
is "$err" "culprit import: 360 windows, $samples samples" 'the moved history has every window and sample'
ok 'windows of both stores are the same' cmp <(culprit show st --windowed) <(culprit show st2 --windowed)
ok 'so are the stacks' cmp <(culprit show st --format folded) <(culprit show st2 --format folded)
ok 'so are the tables' cmp <(culprit show st) <(culprit show st2)
for range in "${ranges[@]}"; do
	culprit mark --store st2 slow "$range"
done
ok 'so is the verdict' cmp <(culprit blame --store st slow) <(culprit blame --store st2 slow)
# The text sums each window's lines by stack; the files differ in their order of lines only.
sums() {
	awk '/^# window/ { split($3, at, "="); next } /^#/ { next }
		{ n = $NF; sub(/ [0-9]+$/, ""); gsub(/_\[k\]/, ""); s[at[2] " " $0] += n }
		END { for (k in s) print k, s[k] }' "$1" | sort
}
ok 'and the text says what it said at first' cmp <(sums history.folded) <(sums moved.folded)

# In two pieces, the later one first, the windows are the same.
head -n "$(($(grep -n '^# window' history.folded | sed -n '181s/:.*//p') - 1))" history.folded >first.folded
tail -n "+$(grep -n '^# window' history.folded | sed -n '181s/:.*//p')" history.folded >second.folded
culprit import --store st3 second.folded 2>/dev/null
culprit import --store st3 first.folded 2>/dev/null
ok 'imported in two pieces, back to front, it is the same' cmp <(culprit show st --windowed) <(culprit show st3 --windowed)

# Ranges cut a history without loss: the parts sum up to the whole.
middle=1700001800
total() {
	culprit show "$@" --format folded | awk '{ n += $NF } END { print n }'
}
is "$(($(total st --until $middle) + $(total st --from $middle)))" "$samples" 'before and after sum up to the whole'
matched=$(($(total st --match process=postgres) + $(total st --match 'process!=postgres')))
is "$matched" "$samples" 'a process and all others do so, too'

# pprof and back, for one profile.
culprit show st -o st.pb.gz
ok 'pprof keeps the stacks' cmp <(culprit show st --format folded) <(culprit show st.pb.gz --format folded)
done_testing
