#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A process that works from 60 to 100 ms after each quarter of a second: the heat maps of a store, of raw records and of
# a live recording show it there and nowhere else. A line of the map in text is 40 ms.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

# lines FILE - the lines of the map in which anything was taken, and in how many columns.
lines() {
	perl -CSD -ne 'next unless /^[ \d]{4,}(?: ms )?\|(.*)/; my $n = () = $1 =~ /\S/g; print "$line=$n " if $n; $line++;
		BEGIN { $line = 0 }' "$1"
}

# in_place FILE NAME - its lines are those of the beats, but for what it takes to start, and each of the four quarters is there.
in_place() {
	local got
	got=$(lines "$1")
	diag "lines: $got"
	at_least "$(perl -e 'for (split " ", shift) { my ($l, $n) = split /=/; $all += $n; $in += $n if $l =~ /^(?:1|2|7|8|14|15|20|21)$/ }
		printf "%.1f\n", $all ? 100 * $in / $all : 0' "$got")" 90 "$2: at the time of the beats"
	like "$got" '(?:^| )[12]=.* [78]=.* 1[45]=.* 2[01]=' "$2: in each quarter of a second"
}

start culprit agent --store store --window 1s --subsecond
agent=$started
start culprit agent --store plain --window 1s
plain=$started
sleep 0.5
run culprit record --heatmap --raw beats.raw -o live.txt -- "$TARGETS/pulse" 8
is "$status" 0 'record writes a heat map'
in_place live.txt 'live'
sleep 1.2
stop "$agent"
stop "$plain"

run culprit show --raw beats.raw --heatmap -o raw.txt
is "$(lines raw.txt)" "$(lines live.txt)" 'a replay of the raw records is the same map'

run culprit show store --heatmap --match process=pulse -o store.txt
is "$status" 0 'the store has the times'
in_place store.txt 'store'
culprit show store --heatmap -o all.txt
unlike "$(cat all.txt)" 'have no time' 'every sample has its time'
culprit show store --heatmap -o all.html
ok 'a page of all' test -s all.html
run culprit show plain --heatmap
is "$status" 2 'a store without times'
like "$err" 'no sample has a time of its own: record with culprit agent --subsecond' 'says how to get them'
done_testing
