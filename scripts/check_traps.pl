#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# check_traps.pl - each row of tests/interop/traps.md names a test that is there, and words that are in it.
use strict;
use warnings;
use FindBin;

chdir "$FindBin::Bin/.." or die;
my $page = 'tests/interop/traps.md';

# text FILE - all of it, '' when it is not there
sub text {
	open my $in, '<', $_[0] or return '';
	local $/;
	return <$in> // '';
}

my ($failed, $rows, $line, %text) = (0, 0, 0);
for (split /\n/, text($page)) {
	$line++;
	next if !/^\|/ || /^\|[-| ]+\|$/;
	my @cells = map { s/^\s+|\s+$//gr } split /\|/, s/^\||\|$//gr;
	next if $cells[0] eq 'trap';
	$rows++;
	my ($file, $words) = map { ($_ // '') =~ /^`(.*)`$/ ? $1 : '' } @cells[2, 3];
	$text{$file} //= text("tests/$file");
	my $reason = '';
	if (@cells != 4 || !$file || !$words) {
		$reason = 'want four cells, the last two in backquotes';
	} elsif (!$text{$file}) {
		$reason = "there is no tests/$file";
	} elsif (index($text{$file}, $words) < 0) {
		$reason = "'$words' is not in tests/$file";
	}
	next unless $reason;
	print "$page:$line: $reason\n";
	$failed = 1;
}
print "$page:1: no rows\n" unless $rows;
exit($failed || !$rows);
