#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# cost.pl PID - what a process and all below it have cost so far, one "name value" a line:
#
#	clock_s     the time of asking
#	cpu_s       CPU seconds, user and system, of those that live (by their own clocks, to the nanosecond) and of those
#	            that were waited for (by ticks of 10 ms)
#	rss_kib     resident memory of those that live
#	bpf_ns      run time of their BPF programs of type perf_event (kernel.bpf_stats_enabled must be 1)
#	bpf_runs    how often these ran
#	other_ns    run time of their other BPF programs
#	map_kib     memory of their BPF maps
#
# Programs and maps are found by the descriptors that hold them (proc_pid_fdinfo(5)), so that those of others do not
# count. A program that another one tail-calls adds to the time and not to the runs: the kernel counts the outermost.
use strict;
use warnings;

use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $root = shift // die "usage: cost.pl PID\n";
my $perf_event = 7;    # BPF_PROG_TYPE_PERF_EVENT

sub slurp {
	open my $in, '<', $_[0] or return '';
	local $/;
	return <$in> // '';
}

my (%parent, %cpu);
for my $dir (glob '/proc/[0-9]*') {
	my $stat = slurp("$dir/stat");
	$stat =~ s/^(\d+) \(.*\) //s or next;
	my $pid = $1;
	my @field = split ' ', $stat;
	$parent{$pid} = $field[1];
	$cpu{$pid} = $field[13] + $field[14];
}

# The CPU clock of a process: MAKE_PROCESS_CPUCLOCK() in the kernel's posix-timers.h, CPUCLOCK_SCHED.
sub clock_of {
	my ($pid) = @_;
	return clock_gettime(-8 * ($pid + 1) + 2);
}

my @family = ($root);
for my $pid (@family) {
	push @family, grep { $parent{$_} == $pid } keys %parent;
}

my $now = clock_gettime(CLOCK_MONOTONIC);
my %sum = map { $_ => 0 } qw(cpu_s rss_kib bpf_ns bpf_runs other_ns map_kib);
my $hz = `getconf CLK_TCK`;
my %seen;
for my $pid (@family) {
	my $own = clock_of($pid);
	$sum{cpu_s} += ($own > 0 ? $own : 0) + ($cpu{$pid} // 0) / $hz;
	$sum{rss_kib} += $1 if slurp("/proc/$pid/status") =~ /^VmRSS:\s*(\d+)/m;
	for my $file (glob "/proc/$pid/fdinfo/*") {
		my %info = map { split ' ', $_, 2 } grep { /^\w+:\s*\S/ } split /\n/, slurp($file);
		%info = map { (s/:$//r, $info{$_}) } keys %info;
		# a link names its program too, but not what it is
		my $id = $info{prog_type} ? "prog $info{prog_id}" : $info{map_id} ? "map $info{map_id}" : next;
		next if $seen{$id}++;
		if ($info{map_id}) {
			$sum{map_kib} += $info{memlock} / 1024;
		} elsif ($info{prog_type} == $perf_event) {
			$sum{bpf_ns} += $info{run_time_ns} // 0;
			$sum{bpf_runs} += $info{run_cnt} // 0;
		} else {
			$sum{other_ns} += $info{run_time_ns} // 0;
		}
	}
}
printf "clock_s %.3f\n", $now;
printf "%s %.6f\n", $_, $sum{$_} for sort keys %sum;
