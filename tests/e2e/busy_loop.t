#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# One process, one stack: the right process, the right functions in the right order, as much CPU time as the kernel says.
# shellcheck disable=SC2016 # the expressions are Perl
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

chain='^busy_loop;.*main;spin_outer;spin_middle;spin_inner'

run culprit record -o own.folded -- "${clocked[@]}" cpu "$TARGETS/busy_loop" 3
is "$status" 0 'record exits 0'
all=$(count own.folded '^busy_loop(;|$)')
cpu=$(cpu_seconds cpu)
diag "$all samples of busy_loop, $cpu CPU seconds by the kernel's accounting"
at_least "$cpu" 0.5 'the loop got a CPU'
near "$all" "$(product "$cpu" $HZ)" 10 6 'samples are 97 for each CPU second'
at_least "$(share "$(count own.folded "$chain")" "$all")" 95 '95 % of them have the chain of functions from main on'
is "$(labels own.folded | head -n 1)" busy_loop 'it is the first of the processes'

run culprit record --hz 499 --format folded -o fast.folded -- "${clocked[@]}" cpu "$TARGETS/busy_loop" 2
all=$(count fast.folded '^busy_loop(;|$)')
near "$all" "$(product "$(cpu_seconds cpu)" 499)" 10 20 'at 499 Hz there are 499 for each CPU second'

# The whole machine: the process's weight does not depend on what else runs.
start "$TARGETS/busy_loop" 10
target=$started
sleep 0.2
run culprit record -d 2s -o machine.json
is "$status" 0 'the whole machine for two seconds'
cores=$(json '(map { $_->{b} } grep { $_->{process} eq "busy_loop" } @{$d->{processes}})[0]' machine.json)
length=$(json '$d->{b}{length_s}' machine.json)
at_least "$length" 2 'the window is no shorter than asked for'
near "$length" 2 5 "$(product 0.3 "$SLOW")" 'and not much longer'
at_least "$cores" 0.1 "the loop has its share of the machine ($cores cores)"
at_most "$cores" 1.1 'one thread has one core at most'
at_most "$(json '$d->{b}{total} / $d->{b}{cpus}' machine.json)" 1.05 'no more CPU time than there are CPUs'
is "$(json '$d->{b}{lost_samples}' machine.json)" 0 'nothing is lost'
is "$(json 'join ",", grep { /^spin_/ } map { $_->{function} } @{$d->{functions}}' machine.json |
	tr , '\n' | sort | tr '\n' ' ')" 'spin_inner spin_middle spin_outer ' 'its functions are in the table'
stop "$target"
done_testing
