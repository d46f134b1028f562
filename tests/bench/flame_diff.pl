#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# flame_diff.pl A B >SVG - what is compared with where FlameGraph is not installed: a re-creation in the same language of
# what its two scripts are documented to do, written for this bench. First step: two files of folded stacks become one
# hash of stack -> two counts, which goes out as text. Second: its lines are sorted as strings, each is merged with the
# one before frame by frame into rectangles with a start and an end, and those wider than 0.1 pixels are drawn, with a
# title, red or blue by the delta of the stack that ends there.
use strict;
use warnings;

my ($file_a, $file_b) = @ARGV;
my (%count, @lines);
for my $side (0, 1) {
	open my $in, '<', ($file_a, $file_b)[$side] or die;
	while (<$in>) {
		my ($stack, $n) = /^(.*)\s+?(\d+(?:\.\d*)?)$/ or next;
		$count{$stack}[$side] += $n;
	}
}
# the two steps are two programs: between them everything is text
my $text = '';
for my $stack (keys %count) {
	$text .= sprintf "%s %d %d\n", $stack, $count{$stack}[0] // 0, $count{$stack}[1] // 0;
}
undef %count;

open my $pipe, '<', \$text or die;
while (<$pipe>) {
	chomp;
	push @lines, $_;
}
my ($time, $max_delta, %open, %node, $last) = (0, 1);
$last = [];

sub flow {
	my ($this, $delta) = @_;
	my $same = 0;
	$same++ while $same < @$last && $same < @$this && $last->[$same] eq $this->[$same];
	for (my $i = $#$last; $i >= $same; $i--) {
		my $key = "$last->[$i];$i";
		my $begun = delete $open{$key};
		$node{"$key;$time"} = $begun;
	}
	for my $i ($same .. $#$this) {
		$open{"$this->[$i];$i"} = { start => $time, delta => $i == $#$this ? $delta : 0 };
	}
	$last = $this;
}

for (sort @lines) {
	my ($stack, $a, $b) = /^(.*)\s+?(\d+(?:\.\d*)?)\s+?(\d+(?:\.\d*)?)$/ or next;
	my $delta = $b - $a;
	$max_delta = abs $delta if abs $delta > $max_delta;
	flow(['', split ';', $stack], $delta);
	$time += $b;
}
flow([], 0);

my $scale = 1180 / ($time || 1);
my ($out, $depth_max) = ('', 0);
for my $id (keys %node) {
	my ($name, $depth, $end) = $id =~ /^(.*);(\d+);(\d+(?:\.\d*)?)$/s or next;
	my $n = $node{$id};
	my $width = ($end - $n->{start}) * $scale;
	next if $width < 0.1;
	$depth_max = $depth if $depth > $depth_max;
	my $shade = int 210 * ($max_delta - abs $n->{delta}) / $max_delta;
	my $fill = $n->{delta} > 0 ? "rgb(255,$shade,$shade)" : $n->{delta} < 0 ? "rgb($shade,$shade,255)" : 'rgb(255,255,255)';
	my $samples = $end - $n->{start};
	(my $escaped = $name) =~ s/&/&amp;/g;
	$escaped =~ s/</&lt;/g;
	$escaped =~ s/>/&gt;/g;
	my $title = sprintf '%s (%d samples, %.2f%%; %+.2f%%)', $escaped, $samples, 100 * $samples / $time,
		100 * $n->{delta} / $time;
	my $room = int $width / 7;
	my $shown = $room < 3 ? '' : length $name <= $room ? $escaped : substr($name, 0, $room - 2) . '..';
	$out .= sprintf qq(<g><title>%s</title><rect x="%.1f" y="%d" width="%.1f" height="15.0" fill="%s" rx="2" ry="2" />\n)
		. qq(<text x="%.2f" y="%.1f">%s</text></g>\n), $title, 10 + $n->{start} * $scale, $depth * 16, $width, $fill,
		13 + $n->{start} * $scale, $depth * 16 + 10.5, $shown;
}
printf qq(<?xml version="1.0"?>\n<svg version="1.1" width="1200" height="%d" xmlns="http://www.w3.org/2000/svg">\n%s</svg>\n),
	($depth_max + 3) * 16, $out;
