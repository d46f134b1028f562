#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# check_banned.pl - functions that must not be called, with the reason, and what only tools/ may do. Comments and strings
# do not count. An exception stands in the table below with its own reason.
use strict;
use warnings;
use FindBin;
chdir "$FindBin::Bin/.." or die "$!\n";

my %everywhere = (
	(map { $_ => 'has no bound: use buf_add(), snprintf() or memcpy()' } qw(strcpy strcat sprintf vsprintf gets stpcpy)),
	(map { $_ => 'drops errors: use base/num.h' } qw(atoi atol atoll atof)),
	(map { $_ => 'depends on locale and accepts rubbish: use base/num.h' }
		qw(strtol strtoul strtoll strtoull strtod strtof strtold sscanf)),
	(map { $_ => 'is not thread-safe: use the _r form' } qw(strtok localtime gmtime ctime asctime strerror_l)),
	(map { $_ => 'grows the stack without a bound' } qw(alloca)),
	(map { $_ => 'ends the process: return an error' } qw(assert)),
);

# Tests may ask another program for its opinion; the product may not.
my %product = (map { $_ => 'starts a shell' } qw(system popen));

# The library never prints, never exits, never reads the environment: tools/ decides what a person sees.
my %library = (
	(map { $_ => 'the library never exits' } qw(exit abort err errx)),
	(map { $_ => 'the library never prints' } qw(printf vprintf puts putchar perror warn warnx stdout stderr STDOUT_FILENO STDERR_FILENO)),
	(map { $_ => 'the library never reads the environment' } qw(getenv secure_getenv environ)),
);

# file, name: reason. No entry without one.
my %allowed = (
	'user/base/num.c strtod' => 'the one place that calls it, after the text was checked',
	'user/base/fs.c STDOUT_FILENO' => 'fs_write("-") is the way in which tools/ asks for standard output',
	'user/format/raw.c STDOUT_FILENO' => 'raw_writer_new("-") writes where tools/ was asked to write',
	'user/base/sandbox_spawn.c environ' => 'hands what the dynamic loader wants of it to the program that is executed again',
	'tests/targets/target.h strtoul' => 'programs to be profiled do not link the library',
);

# Blanks out comments, strings and character constants, keeping the lines.
sub code_only {
	my ($text) = @_;
	$text =~ s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}{my $t = $1; $t =~ s/[^\n]/ /g; $t}gse;
	return $text;
}

my ($failed, %used) = (0);
open my $list, '-|', 'scripts/sources.sh', 'user/*.[ch]', 'tools/*.[ch]', 'bpf/*.[ch]', 'include/*.h', 'tests/*.[ch]'
	or die "scripts/sources.sh: $!\n";
chomp(my @files = <$list>);
for my $file (@files) {
	open my $in, '<', $file or die "$file: $!\n";
	my @lines = split /\n/, code_only(do { local $/; <$in> });
	for my $i (0 .. $#lines) {
		while ($lines[$i] =~ /(?<![\w.>])([A-Za-z_]\w*)\b(\s*\()?/g) {
			my ($name, $call) = ($1, $2);
			my $why = $call ? $everywhere{$name} : undef;
			$why //= $product{$name} if $call && $file !~ m{^tests/};
			$why //= $library{$name} if $file =~ m{^user/} && ($call || $name =~ /^(?:std|STD|environ)/);
			next unless $why;
			if ($allowed{"$file $name"}) {
				$used{"$file $name"} = 1;
				next;
			}
			printf "%s:%d: %s: %s\n", $file, $i + 1, $name, $why;
			$failed = 1;
		}
	}
}
for my $entry (sort keys %allowed) {
	next if $used{$entry} || !-e((split / /, $entry)[0]);
	print "scripts/check_banned.pl:1: the exception '$entry' is no longer needed\n";
	$failed = 1;
}
exit $failed;
