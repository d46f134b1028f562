#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# go_table.pl MINOR MAGIC - prints an ELF file with one segment and a Go function table of three functions, in the layout
# of Go 1.MINOR (16, 18 or 20; struct pcHeader of runtime/symtab.go).
use strict;
use warnings;

my ($version, $magic) = ($ARGV[0], hex $ARGV[1]);
my ($base, $text, $table) = (0x400000, 0x400, 0x800);
my $wide = $version < 18;
my $W = $wide ? "Q" : "L";
my $names = "\0main.main\0main.work[go.shape.int]\0runtime.goexit\0";
my @name = (1, 11, 35);
my $pcs = "\0" . pack("C*", 2, 4, 80, 20, 79, 1, 0, 2, 30, 0); # +1, -40 and the like, zigzag
my $header_bytes = 8 + 8 * ($wide ? 7 : 8);
my $names_at = $header_bytes;
my $pcs_at = ($names_at + length($names) + 7) & ~7;
my $functab_at = ($pcs_at + length($pcs) + 7) & ~7;
my $start = sub { my $at = $_[0] * 32; $wide ? $base + $text + $at : $at };
my ($functab, $records) = ("", "");
my $records_at = 7 * ($wide ? 8 : 4);
$records_at = ($records_at + 7) & ~7;
for my $i (0 .. 2) {
	my $record = pack($wide ? "Q l9 C4" : "L l9 C4", $start->($i), $name[$i], 0, 0, $i == 2 ? 0 : 1 + 6 * $i, 0, 0, 0, 0, 1, 0, $i == 2 ? 1 : 0, 0, 0);
	$record .= "\0" x (-length($record) & 7);
	$functab .= pack("$W$W", $start->($i), $records_at + length($records));
	$records .= $record;
}
$functab .= pack($W, $start->(3));
$functab .= "\0" x ($records_at - length($functab));
my @words = (3, 1, $wide ? () : ($base + $text), $names_at, 0, 0, $pcs_at, $functab_at);
my $go = pack("L C4 Q*", $magic, 0, 0, 1, 8, @words);
$go .= "\0" x ($names_at - length($go)) . $names;
$go .= "\0" x ($pcs_at - length($go)) . $pcs;
$go .= "\0" x ($functab_at - length($go)) . $functab . $records;
my $size = $table + length($go) + 64;
my $file = pack("a16 S S L Q Q Q L S6", "\x7fELF\2\1\1", 2, 62, 1, $base + $text, 64, 0, 0, 64, 56, 1, 0, 0, 0);
$file .= pack("L L Q6", 1, 5, 0, $base, $base, $size, $size, 4096);
$file .= "\0" x ($text - length($file)) . "\x55\x48\x89\xe5" x 24;
$file .= "\0" x ($table - length($file)) . $go;
print $file . "\0" x ($size - length($file));
