#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# tables.pl FILE.tsv… - Markdown tables of the rows of `grid` and of `inject.sh`. Percentages come with the number of rows
# they are of. --floors NAME=PERCENT… checks instead: exit status 1 and a line for each floor (or, with NAME<=PERCENT,
# ceiling) that does not hold; the names are those of %figure below.
use strict;
use warnings;

my (@rows, @injected, @floors);
while (@ARGV && $ARGV[0] =~ /^--floors$|^[a-z0-9-]+<?=[\d.]+$/) {
	my $arg = shift;
	push @floors, $arg if $arg ne '--floors';
}
for my $file (@ARGV) {
	open my $in, '<', $file or die "$file: $!\n";
	chomp(my $head = <$in> // die "$file: empty\n");
	my @names = split /\t/, $head;
	while (<$in>) {
		chomp;
		my %row;
		@row{@names} = split /\t/, $_, -1;
		push @{ exists $row{scenario} ? \@injected : \@rows }, \%row;
	}
}

my @rivals = ('share delta', 'share ratio', 'cores delta', 'pooled z', 'Welch', 'BARO');
my @hits = grep { $_->{design} eq 'random' } @rows;
my @null = grep { $_->{design} eq 'null' } @rows;

sub percent {
	my ($n, $of) = @_;
	return $of ? sprintf('%.0f', 100 * $n / $of) : '-';
}

sub count(&@) {
	my $test = shift;
	return scalar grep { $test->() } @_;
}

sub is_right { $_->{verdict} eq 'named' && $_->{rank} == 1 }
sub is_wrong { $_->{verdict} eq 'named' && $_->{rank} != 1 }

# A rank of 0: not among those listed.
sub within {
	my ($column, $n) = @_;
	return $_->{$column} >= 1 && $_->{$column} <= $n;
}

sub mrr {
	my ($column, @of) = @_;
	my $sum = 0;
	$sum += $_->{$column} >= 1 ? 1 / $_->{$column} : 0 for @of;
	return @of ? sprintf('%.2f', $sum / @of) : '-';
}

# Of a proportion, 95 %: Wilson's interval.
sub wilson {
	my ($n, $of) = @_;
	return '-' unless $of;
	my ($p, $z) = ($n / $of, 1.96);
	my $middle = ($p + $z**2 / (2 * $of)) / (1 + $z**2 / $of);
	my $half = $z * sqrt($p * (1 - $p) / $of + $z**2 / (4 * $of**2)) / (1 + $z**2 / $of);
	return sprintf '%.1f-%.1f', 100 * ($middle - $half > 0 ? $middle - $half : 0), 100 * ($middle + $half);
}

# What the targets are about: right labels, three recurrences or more, 5 % of the node.
sub targeted { $_->{k} >= 3 && $_->{cores} >= 1.5 }
sub labels_right { $_->{labels} ne 'one wrong' }

# Worlds that are about nothing but a target count for that only.
my @target = grep { targeted() && labels_right() } @hits, grep { $_->{design} eq 'right' } @rows;
my @one_wrong = grep { targeted() && !labels_right() && $_->{k} >= 4 } @hits, grep { $_->{design} eq 'wrong' } @rows;

my @short = grep { $_->{design} eq 'short' } @rows;
my @short_hits = grep { $_->{cores} > 0 && $_->{k} >= 3 } @short;

# By name: text, how many, of how many. For floors and for the first table.
my %figure = (
	'top1-target'    => ['Top-1, right labels, K >= 3, +1.5 cores (4.7 %) and more', (count { within('rank', 1) } @target), scalar @target],
	'top1-one-wrong' => ['Top-1, one label wrong, K >= 4, +1.5 cores and more', (count { within('rank', 1) } @one_wrong), scalar @one_wrong],
	'top1-all'       => ['Top-1, all worlds with a culprit', (count { within('rank', 1) } @hits), scalar @hits],
	'top3-all'       => ['Top-3, all worlds with a culprit', (count { within('rank', 3) } @hits), scalar @hits],
	'named-target'   => ['named and right, as in the first line', (count { is_right() } @target), scalar @target],
	'wrong-hits'     => ['another one named, all worlds with a culprit', (count { is_wrong() } @hits), scalar @hits],
	'wrong-null'     => ['somebody named, null worlds', (count { is_wrong() } @null), scalar @null],
	'wrong-clock'    => ['somebody named, null worlds of a clock (hourly, daily)',
		(count { is_wrong() } grep { $_->{clock} ne 'random' } @null), count { $_->{clock} ne 'random' } @null],
	'named-short'    => ['named and right, two minutes of 1 s windows, K >= 3', (count { is_right() } @short_hits), scalar @short_hits],
	'wrong-short'    => ['somebody else named, two minutes of 1 s windows', (count { is_wrong() } @short), scalar @short],
);
my @figures = qw(top1-target top1-one-wrong top1-all top3-all named-target wrong-hits wrong-null wrong-clock);

if (@floors) {
	my $bad = 0;
	for (@floors) {
		my ($name, $ceiling, $bound) = /^([^<=]+)(<?)=(.*)$/;
		my $f = $figure{$name} or die "tables.pl: no figure is called $name\n";
		die "tables.pl: no row is about $name\n" unless $f->[2];
		my $got = 100 * $f->[1] / $f->[2];
		my $holds = $ceiling ? $got <= $bound : $got >= $bound;
		printf "%s %s: %.1f %% of %d, %s %s %%\n", $holds ? 'holds' : 'BROKEN', $name, $got, $f->[2], $ceiling ? 'at most' : 'at least', $bound;
		$bad++ unless $holds;
	}
	exit($bad ? 1 : 0);
}

sub table {
	my ($head, @lines) = @_;
	print '| ', join(' | ', @$head), " |\n|", '---|' x @$head, "\n";
	print '| ', join(' | ', @$_), " |\n" for @lines;
	print "\n";
}

sub slice {
	my ($name, @of) = @_;
	my @wrong = grep { is_wrong() } @of;
	return [
		$name, scalar @of,
		percent((count { is_right() } @of), scalar @of), percent(scalar @wrong, scalar @of),
		(map { my $c = $_; percent((count { within($c, 1) } @of), scalar @of) . '/' . percent((count { within($c, 3) } @of), scalar @of) }
			'rank', @rivals),
	];
}

sub by {
	my ($column, $of, $format) = @_;
	my %seen;
	my @levels = grep { !$seen{$_}++ } map { $_->{$column} } @$of;
	@levels = sort { $a <=> $b } @levels unless grep { !/^[\d.]+$/ } @levels;
	return map { my $l = $_; slice(sprintf($format // '%s', $l), grep { $_->{$column} eq $l } @$of) } @levels;
}

if (@hits || @null) {
	my @seeds = sort { $a <=> $b } map { $_->{seed} } grep { $_->{design} !~ /^(?:cells|short|wrong|right)$/ } @rows;
	print "Simulated worlds, seeds $seeds[0] to $seeds[-1].\n\n";
	table(['figure', '%', '95 % interval', 'worlds'],
		map { my $f = $figure{$_}; [$f->[0], $f->[2] ? sprintf('%.1f', 100 * $f->[1] / $f->[2]) : '-', wilson($f->[1], $f->[2]), $f->[2]] } @figures);
}
if (@hits) {
	print "Who is how often right: Top-1/Top-3 in percent on the same worlds, each factor in turn over all the others.\n\n";
	my %label = (no => 'half used', yes => '90 % used');
	table(['slice', 'worlds', 'named right', 'named wrong', 'blame', @rivals],
		slice('all', @hits),
		slice('right labels, K >= 3, +1.5 and more', @target),
		by('k', \@hits, 'K = %s'),
		by('cores', \@hits, 'culprit +%s of 32 cores'),
		by('base', \@hits, '…which takes %s anyway'),
		by('clock', \@hits, 'incidents %s'),
		by('labels', \@hits, 'labels %s'),
		(map { my $l = $_; slice("machine $label{$l}", grep { $_->{full} eq $l } @hits) } qw(no yes)),
		by('history_h', \@hits, 'history %s h'),
		by('hz', \@hits, '%s Hz'),
		by('slot_s', \@hits, 'windows of %s s'));
	print 'Mean reciprocal rank: ', join(', ', map { ($_ eq 'rank' ? 'blame' : $_) . ' ' . mrr($_, @hits) } 'rank', @rivals), ".\n\n";
}

sub verdicts {
	my ($name, @of) = @_;
	return [$name, scalar @of, map { my $v = $_; percent((count { $_->{verdict} eq $v } @of), scalar @of) }
			qw(named shortlist schedule-confounded cpu-did-not-rise need-more)];
}
my @verdict_head = ('', 'worlds', 'named', 'shortlist', 'schedule', 'no rise', 'need more');

if (@null) {
	print "Null worlds: nobody's CPU is behind the incidents. Verdicts in percent; whoever is named is innocent.\n\n";
	my @lines;
	for my $kind ('whim', 'no CPU', 'other node') {
		for my $clock (qw(random hourly daily)) {
			my @of = grep { $_->{null} eq $kind && $_->{clock} eq $clock } @null;
			push @lines, verdicts("$kind, $clock", @of) if @of;
		}
	}
	table(\@verdict_head, @lines, verdicts('all', @null));
}

my @cells = grep { $_->{design} eq 'cells' } @rows;
if (@cells) {
	print "Each cell by itself: a day of 20 s windows (daily: ten days of 2 min), 19 Hz, labels up to 40 s off.\n\n";
	my @lines;
	for my $clock (qw(random hourly daily)) {
		for my $cores (0.4, 1.5, 5) {
			for my $k (1 .. 5) {
				my @of = grep { $_->{clock} eq $clock && $_->{cores} == $cores && $_->{k} == $k } @cells;
				next unless @of;
				my $v = verdicts("$clock, +$cores, K=$k", @of);
				push @lines, [@$v, percent((count { within('rank', 1) } @of), scalar @of),
					percent((count { within('rank', 3) } @of), scalar @of), percent((count { is_wrong() } @of), scalar @of)];
			}
		}
	}
	table([@verdict_head, 'Top-1', 'Top-3', 'named wrong'], @lines);
}

if (@short) {
	print "Two minutes of 1 s windows on two CPUs, incidents of 3-5 s, labels up to 0.7 s off.\n\n";
	my @lines;
	for my $cores (0.9, 0) {
		for my $k (2 .. 5) {
			my @of = grep { $_->{cores} == $cores && $_->{k} == $k } @short;
			push @lines, [@{ verdicts($cores ? "+0.9 of 2, K=$k" : "no culprit, K=$k", @of) },
				$cores ? percent((count { within('rank', 1) } @of), scalar @of) : '-', percent((count { is_wrong() } @of), scalar @of)];
		}
	}
	table([@verdict_head, 'Top-1', 'named wrong'], @lines);
}

my @believed = map { split /,/, $_->{beliefs} // '' } @hits, @null, @cells;
if (@believed) {
	print "Calibration: of the suspects listed with such a posterior, how many are the culprit.\n\n";
	my (@n, @right, @sum);
	for (@believed) {
		my ($p, $true) = split /:/;
		my $b = int($p * 10);
		$b = 9 if $b > 9;
		$n[$b]++;
		$sum[$b] += $p;
		$right[$b] += $true;
	}
	table(['posterior', 'suspects', 'mean posterior', 'culprits, %', '95 % interval'],
		map { $n[$_] ? [sprintf('%.1f-%.1f', $_ / 10, ($_ + 1) / 10), $n[$_], sprintf('%.0f', 100 * $sum[$_] / $n[$_]),
				percent($right[$_], $n[$_]), wilson($right[$_], $n[$_])] : () } 0 .. 9);
}

my @named = grep { $_->{design} eq 'name' } @rows;
if (@named) {
	print "Recurrences until the culprit is named (one history of ten incidents, asked after each).\n\n";
	my @lines;
	for my $clock (qw(random hourly)) {
		for my $cores (0.4, 1.5, 5) {
			my @of = grep { $_->{clock} eq $clock && $_->{cores} == $cores } @named;
			my @at = sort { $a <=> $b } map { $_->{named_at} || 99 } @of;
			next unless @of;
			my $median = $at[$#at / 2];
			push @lines, ["$clock, +$cores of 32 cores", scalar @of, $median > 10 ? 'more than 10' : $median,
				(map { my $k = $_; percent((count { $_->{named_at} && $_->{named_at} <= $k } @of), scalar @of) } 2, 3, 5, 10),
				percent((count { $_->{wrong_at} } @of), scalar @of)];
		}
	}
	table(['', 'histories', 'median', 'named by 2', 'by 3', 'by 5', 'by 10', 'another one was named first'], @lines);
}

if (@injected) {
	print "Real incidents, real agent, on the machine that ran this.\n\n";
	my (%seen, @lines);
	for my $scenario (grep { !$seen{$_}++ } map { $_->{scenario} } @injected) {
		my @of = grep { $_->{scenario} eq $scenario } @injected;
		my %verdicts;
		$verdicts{ $_->{verdict} }++ for @of;
		my @load = sort { $a <=> $b } map { $_->{load} } @of;
		push @lines, [$scenario, scalar @of, (map { my $r = $_; count { $_->{right} eq $r } @of } qw(yes wrong no)),
			scalar(grep { $_->{rank} eq '1' } @of),
			join(', ', map { "$_ $verdicts{$_}" } sort keys %verdicts),
			join(' ', map { $_->{delta} } @of), join(' ', map { $_->{posterior} } @of), "$load[0]-$load[-1]"];
	}
	push @lines, ['all', scalar @injected, (map { my $r = $_; count { $_->{right} eq $r } @injected } qw(yes wrong no)),
		scalar(grep { $_->{rank} eq '1' } @injected), '', '', '', ''];
	table(['scenario', 'runs', 'right', 'another one named', 'nobody named', 'culprit first', 'verdicts', 'cores', 'posterior', 'load'], @lines);
	table(['scenario', 'seed', 'verdict', 'culprit', 'its rank', 'first', 'cores', 'posterior', 'E_false', 'p', 'felt', 'load'],
		map { my $r = $_; [map { $r->{$_} } qw(scenario seed verdict culprit rank first delta posterior e_false p_adj felt load)] } @injected);
}
