#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# verdict_row.pl VERDICT.json SCENARIO SEED LOAD TRUTH FELT - one row of inject.sh from the report of `blame --format
# json`. TRUTH "-" means that nobody's CPU is behind it. Column right: "yes" the culprit is named (or, without one, nobody
# is blamed), "wrong" another one is named, "no" nobody is (rank says where the culprit stands among the suspects).
use strict;
use warnings;
use JSON::PP;

my ($file, $scenario, $seed, $load, $truth, $felt) = @ARGV;
open my $in, '<', $file or die "$file: $!\n";
my $d = JSON::PP->new->utf8->decode(do { local $/; <$in> });
my @suspects = grep { $_->{role} ne 'victim' } @{ $d->{culprits} };
my ($rank) = grep { $suspects[$_]{process} eq $truth } 0 .. $#suspects;
my $shown = $suspects[$rank // 0] // {}; # its figures
my $named = $d->{verdict} eq 'named' ? $suspects[0]{process} : undef;

my $right =
	$truth eq '-'     ? ($d->{verdict} eq 'cpu-did-not-rise' ? 'yes' : defined $named ? 'wrong' : 'no')
	: !defined $named ? 'no'
	: $named eq $truth ? 'yes'
	:                    'wrong';

sub figure { defined $_[0] ? sprintf '%.3g', $_[0] : '-' }
print join("\t",
	$scenario, $seed, $load, $d->{verdict}, $right, defined $rank ? $rank + 1 : '-', $truth, $suspects[0]{process} // '-',
	figure($shown->{delta_cores}), figure($shown->{posterior}), figure($shown->{e_false}), figure($shown->{p_adj}),
	$felt, $d->{recurrences}, figure($d->{lost})), "\n";
