#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# report.pl KERNEL CONSOLE [FIRST] - what a virtual machine's first process (tests/vm/init) says, from stdin, as TAP: one
# line for each test, numbered from FIRST on, as it ends; for one that failed the lines that say why. KERNEL, its release,
# stands in each. CONSOLE is the file with the kernel's messages: one more line is about them. Exit status 0 when all is
# well.
use strict;
use warnings;
use TAP::Parser;

my ($kernel, $console, $number) = @ARGV;
$number //= 1;
my ($failed, $done, $name, $text) = (0, 0, undef, '');
$| = 1;

sub line {
	my ($ok, $what, @why) = @_;
	print $ok ? '' : 'not ', 'ok ', $number++, " - $kernel: $what\n";
	print map { "#   $_\n" } @why;
	$failed++ unless $ok;
}

# What a reader needs of a failed test: its failures and its comments.
sub finish {
	my ($status, $ms) = @_;
	my $parser = TAP::Parser->new({ tap => $text });
	my ($checks, $skip) = (0, '');
	while (my $result = $parser->next) {
		$checks++ if $result->is_test;
	}
	$skip = $parser->skip_all if defined $parser->skip_all;
	my $seconds = sprintf '%.1f s', $ms / 1000;
	return line(1, "$name # SKIP $skip") if $skip && !$status;
	my @bad = grep { !/^ok / } split /\n/, $text;
	if ($status) {
		push @bad, "exit status $status";
	} elsif ($parser->parse_errors) {
		push @bad, $parser->parse_errors;
	} elsif (!$parser->failed) {
		return line(1, "$name ($checks checks, $seconds)");
	}
	splice @bad, 30, @bad - 90, '…' if @bad > 120;
	line(0, "$name ($seconds)", @bad);
}

while (<STDIN>) {
	tr/\r//d;
	if (/^\@ begin (\S+)/) {
		($name, $text) = ($1, '');
	} elsif (/^\@ end (\S+) (\d+) (\d+)/ && defined $name) {
		finish($2, $3);
		undef $name;
	} elsif (/^\@ done/) {
		$done = 1;
	} else {
		$text .= $_;
	}
}

# What the kernel itself complained about. Stalls are what a slow host does to an emulated machine.
open my $log, '<', $console or die "report.pl: $console: $!\n";
my @messages = map { tr/\r//d; chomp; $_ } <$log>;
close $log;
my $alarm = qr{\b(?:BUG|Oops|general protection|double fault)\b|Kernel panic|\bWARNING:|\bculprit\[\d+\]: segfault};
my @alarms = grep { /$alarm/ && !/soft lockup|rcu.*stall|clocksource/ } @messages;

if (!$done) {
	my $last = $#messages < 25 ? 0 : $#messages - 25;
	line(0, defined $name ? "the machine died or ran out of time during $name" : 'the machine died or ran out of time',
		split(/\n/, $text), 'the last messages of the kernel:', @messages[$last .. $#messages]);
}
line(!@alarms, 'the kernel has nothing to complain about', @alarms);
exit($failed ? 1 : 0);
