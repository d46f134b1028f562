#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# check_sizes.pl - functions of at most 60 lines and files of at most 500 are what we want (a warning), 120 and 1000 are
# the end (an error). In kernel style a function's body is what stands between a lone { and a lone } in column one.
use strict;
use warnings;
use FindBin;
chdir "$FindBin::Bin/.." or die "$!\n";

my ($function_soft, $function_hard, $file_soft, $file_hard) = (60, 120, 500, 1000);

# "file" or "file function" => reason. Lifts the hard limit, never the warning.
my %allowed = ();

my ($failed, $warnings) = (0, 0);

sub judge {
	my ($where, $key, $what, $lines, $soft, $hard) = @_;
	if ($lines > $hard && !$allowed{$key}) {
		print "$where: $what has $lines lines, more than $hard\n";
		$failed = 1;
	} elsif ($lines > $soft) {
		print "$where: warning: $what has $lines lines (want at most $soft)\n";
		$warnings++;
	}
}

open my $list, '-|', 'scripts/sources.sh', 'user/*.[ch]', 'tools/*.[ch]', 'bpf/*.[ch]', 'include/*.h', 'tests/*.[ch]'
	or die "scripts/sources.sh: $!\n";
chomp(my @files = <$list>);
for my $file (@files) {
	open my $in, '<', $file or die "$file: $!\n";
	my ($name, $start) = ('?', 0);
	while (<$in>) {
		chomp;
		if (/^\{$/) {
			$start = $.;
		} elsif (/^\}$/ && $start) {
			judge("$file:$start", "$file $name", "$name()", $. - $start - 1, $function_soft, $function_hard);
			$start = 0;
		} elsif (!$start && /^[A-Za-z].*?(\w+)\(/) {
			$name = $1;
		}
	}
	judge("$file:1", $file, 'the file', $., $file_soft, $file_hard);
}
exit $failed;
