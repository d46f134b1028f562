#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# named.pl culprit|perf PROCESS… <INPUT - of the samples of these processes (a label's first word, a comm), in culprit's
# folded output without kernel stacks, or in `perf script -F comm,ip,sym,dso`: how many there are, and how many are fully
# named. That is: the process has its name, each user frame has a function's or at least a file's name, and the stack
# goes to an entry point of the process or thread. A sample without user frames (during execve, which culprit calls [exec],
# and exit there is no user space) needs the name of the process only. Prints "ALL NAMED", and with DEBUG in the environment the most frequent
# stacks that are not, to stderr.
use strict;
use warnings;

my ($kind, @want) = @ARGV;
my %want = map { $_ => 1 } @want;
my ($all, $named, %bad) = (0, 0);

# The outermost function of a program is _start; of a stripped one it has no name, but is what calls __libc_start_main.
# The dynamic linker's own has none either.
my $start = qr/^(?:_start|_dl_start_user|_dl_start|\[ld-linux[\w.-]*\])$/;
my $first = qr/^__libc_start_(?:main|call_main)/;

sub is_whole { # root first
	return $_[0] =~ $start || (@_ > 1 && $_[0] =~ /^\[/ && $_[1] =~ $first);
}

sub judge {
	my ($process, $n, @frames) = @_; # root first
	return unless $want{$process};
	$all += $n;
	my $unknown = grep { $_ eq '[unknown]' || $_ eq '[anon]' } @frames;
	if (!@frames || "@frames" eq '[exec]' || (!$unknown && is_whole(@frames))) {
		$named += $n;
	} else {
		$bad{join ';', $process, @frames} += $n;
	}
}

if ($kind eq 'culprit') {
	while (<STDIN>) {
		next if /^#/;
		my ($stack, $n) = /^(.*) (\d+)$/ or next;
		my ($label, @frames) = split /;/, $stack;
		judge((split / /, $label)[0], $n, @frames);
	}
} else {
	local $/ = '';
	while (<STDIN>) {
		my ($head, @lines) = split /\n/;
		my ($comm) = $head =~ /^\s*(\S+)/ or next;
		my @frames;
		for (@lines) {
			my ($ip, $sym, $dso) = /^\s*([0-9a-f]+) (.*) \((.*)\)$/ or next;
			next if $ip =~ /^f{4}/; # the kernel's half
			$sym = $dso eq '[unknown]' ? '[unknown]' : '[' . ($dso =~ s|.*/||r) . ']' if $sym eq '[unknown]';
			$sym =~ s/\+0x[0-9a-f]+$//;
			unshift @frames, $sym;
		}
		judge($comm, 1, @frames);
	}
}
print "$all $named\n";
if ($ENV{DEBUG}) {
	my @top = sort { $bad{$b} <=> $bad{$a} } keys %bad;
	print STDERR "$bad{$_} $_\n" for splice @top, 0, 12;
}
