#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# make_lines.pl - a pprof profile with lines of source: main calls work at one line; work is seen at two of its lines,
# and calls leaf, of which no line is known. Field numbers are those of profile.proto.
use strict;
use warnings;

sub number {
	my ($n) = @_;
	my $out = '';
	for (; $n > 127; $n >>= 7) { $out .= chr($n & 127 | 128) }
	return $out . chr $n;
}
sub field { return number($_[0] << 3) . number($_[1]) }
sub bytes { return number($_[0] << 3 | 2) . number(length $_[1]) . $_[1] }

my (@strings, %string);
sub string {
	my ($s) = @_;
	$string{$s} //= push(@strings, $s) - 1;
	return $string{$s};
}
string('');
my $value = field(1, string('samples')) . field(2, string('count'));
my $out = bytes(1, $value);
# leaf first
my @samples = ([[2, 1], 5], [[3, 1], 3], [[4, 2, 1], 2]);
$out .= bytes(2, bytes(1, join '', map { number($_) } @{$_->[0]}) . bytes(2, number($_->[1]))) for @samples;
$out .= bytes(3, field(1, 1) . field(5, string('/usr/bin/prog')));
my @locations = ([1, 20], [2, 7], [2, 9], [3, 0]); # function, line
for my $i (0 .. $#locations) {
	my ($function, $line) = @{$locations[$i]};
	$out .= bytes(4, field(1, $i + 1) . field(2, 1) . bytes(4, field(1, $function) . field(2, $line)));
}
my @functions = (['main', 'src/main.c', 18], ['work', 'src/<work>.c', 5], ['leaf', '', 0]);
for my $i (0 .. $#functions) {
	my ($name, $file, $start) = @{$functions[$i]};
	$out .= bytes(5, field(1, $i + 1) . field(2, string($name)) . field(4, string($file)) . field(5, $start));
}
$out .= bytes(6, $_) for @strings;
binmode STDOUT;
print $out;
