#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# symptom.pl FILE - finds when the service was slow, from nothing but its own log of "unix_time latency_ms" lines.
#
# A quarter of a second is slow when the mean latency of its requests is over three times the median of all requests and
# over the 100 ms that the service promises (or when none was finished in it, though requests arrive all the time). Slow
# stretches at most 1 s apart are one; one of less than 1 s is no incident. Prints "from until peak_ms" per incident, and to standard error the median.
use strict;
use warnings;

my ($slot, $factor, $promise_ms, $merge, $shortest) = (0.25, 3, 100, 1.0, 1.0);

my (%sum, %count, %peak, @all);
while (<>) {
	next unless /^(\d+\.\d+) (\d+\.\d+)$/; # the last line may be cut off
	my $at = int($1 / $slot);
	$sum{$at} += $2;
	$count{$at}++;
	$peak{$at} = $2 if !defined $peak{$at} || $2 > $peak{$at};
	push @all, $2;
}
die "symptom.pl: no request in the log\n" unless @all;
@all = sort { $a <=> $b } @all;
my $median = $all[$#all / 2];
printf STDERR "%.1f\n", $median;

my $slow = $factor * $median > $promise_ms ? $factor * $median : $promise_ms;
my @slots = sort { $a <=> $b } keys %count;
my @found;
for my $at ($slots[0] .. $slots[-1]) {
	next if $count{$at} && $sum{$at} / $count{$at} <= $slow;
	if (@found && ($at - $found[-1]{until}) * $slot <= $merge) {
		$found[-1]{until} = $at + 1;
	} else {
		push @found, { from => $at, until => $at + 1, peak => 0 };
	}
	$found[-1]{peak} = $peak{$at} if $count{$at} && $peak{$at} > $found[-1]{peak};
}
for my $f (grep { ($_->{until} - $_->{from}) * $slot >= $shortest } @found) {
	printf "%.2f %.2f %.1f\n", $f->{from} * $slot, $f->{until} * $slot, $f->{peak};
}
