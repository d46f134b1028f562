#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# record --raw writes what the kernel has sent; show --raw makes the same profile of it.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

# counts FILE - the labels with their samples.
counts() {
	labels "$1" | while read -r label; do echo "$label: $(labelled "$1" "$label")"; done | sort
}

start "$TARGETS/threads" 15 2
start "$TARGETS/deep_recursion" 15 200
sleep 0.2
run culprit record -d 2s --raw records.raw -o live.folded
is "$status" 0 'a live profile, and its records'
run culprit show --raw records.raw -o replayed.folded
is "$status" 0 'replayed'
at_least "$(count live.folded .)" 50 'there is something in it'
is "$(count replayed.folded .)" "$(count live.folded .)" 'as many samples'
is "$(counts replayed.folded)" "$(counts live.folded)" 'each process has as many'
grep '^\(threads\|deep_recursion\);' live.folded | sort >live
grep '^\(threads\|deep_recursion\);' replayed.folded | sort >replayed
is "$(diff live replayed | head -n 4)" '' 'with the same stacks'

run culprit record --raw own.raw -o own.json -- "$TARGETS/fork_storm" 1
run culprit show --raw own.raw -o again.json
# shellcheck disable=SC2016 # Perl
for what in '$d->{b}{samples}' 'sprintf "%.3f", $d->{b}{total} * $d->{b}{length_s}' '$d->{b}{cpus}' '$d->{b}{lost_samples}' \
	'join ";", map { "$_->{process} $_->{samples_b}" } @{$d->{processes}}'; do
	is "$(json "$what" again.json)" "$(json "$what" own.json)" "the same $what"
done
# A replay ends with the last record, which on a quiet machine is one look at the rings earlier.
# shellcheck disable=SC2016 # Perl
near "$(json '$d->{b}{length_s}' again.json)" "$(json '$d->{b}{length_s}' own.json)" 1 0.15 'about the same length'

head -c -3 own.raw >cut.raw
run culprit show --raw cut.raw
like "$err" 'cut\.raw' 'a file that was cut off is said to be'
: >empty.raw
run culprit show --raw empty.raw
is "$status" 2 'an empty one is refused'
run culprit show --raw "$CULPRIT"
is "$status" 2 'and so is something else'
done_testing
