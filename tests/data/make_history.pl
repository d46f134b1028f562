#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# make_history.pl [key=value…] - windowed folded history with an incident in it, the same bytes for the same arguments.
# For trying blame: who is guilty is known, because it is chosen here.
#
#	start=1700000000  Unix seconds     hours=1      window=10 (s)   cpus=4   hz=97   seed=2
#	incidents=5       recurrences      length=30 (s)                culprit=nightly-report   cores=1.5
#	pressure=         of that resource (cpu, io, memory), 60 % of an incident's time, 2 % outside, some more now and then
#	second=           another process, which causes every other incident instead
#	regular=0         1: the incidents come every hours/incidents, on the clock
#	truth=FILE        one line "from until" (Unix seconds) per incident goes there
#
# Ten processes: postgres and nginx steady, one diurnal, one bursty, one cron on the clock, a short-lived one, the victim
# (loses CPU in incidents), kernel threads; and the culprit, which is there outside the incidents, too, but quiet.
use strict;
use warnings;

my %o = (
	start => 1700000000, hours => 1, window => 10, cpus => 4, hz => 97, seed => 2, incidents => 5, length => 30,
	culprit => 'nightly-report', cores => 1.5, regular => 0, truth => '', pressure => '', second => '',
);
for (@ARGV) {
	my ($key, $value) = /^(\w+)=(.*)$/ or die "make_history.pl: '$_' is not key=value\n";
	exists $o{$key} or die "make_history.pl: unknown key '$key'\n";
	$o{$key} = $value;
}

# Own generator: perl's rand() differs between builds.
my $state = 2463534242 ^ ($o{seed} * 2654435761 % 2**32);
sub uniform {
	$state ^= ($state << 13) & 0xffffffff;
	$state ^= $state >> 17;
	$state ^= ($state << 5) & 0xffffffff;
	return $state / 2**32;
}
uniform() for 1 .. 20;

sub gauss {
	my $sum = -6;
	$sum += uniform() for 1 .. 12;
	return $sum;
}

# Samples of a process that wants $cores in a window of $seconds.
sub samples {
	my ($cores, $seconds, $spread) = @_;
	my $n = $cores * $seconds * $o{hz} * (1 + $spread * gauss());
	return $n < 0 ? 0 : int($n + uniform());
}

my %stacks = (
	postgres => ['main;PostmasterMain;BackendRun;exec_simple_query;PortalRun;ExecutePlan;ExecSeqScan',
		'main;PostmasterMain;BackendRun;exec_simple_query;pg_plan_queries;planner',
		'main;PostmasterMain;BackendRun;ReadCommand;entry_SYSCALL_64_[k];do_epoll_wait_[k]'],
	nginx => ['main;ngx_worker_process_cycle;ngx_epoll_process_events;ngx_http_handler;ngx_http_static_handler',
		'main;ngx_worker_process_cycle;ngx_epoll_process_events;entry_SYSCALL_64_[k];tcp_sendmsg_[k]'],
	'checkout-service' => ['main;serve;handle_request;price_cart;lookup_price', 'main;serve;handle_request;encode_response'],
	'java OrderMain' => ['start_thread;thread_native_entry;Interpreter;OrderMain.run;OrderBook.match',
		'start_thread;thread_native_entry;GCTaskThread::run;G1ParTask::work'],
	thumbnailer => ['main;render_thumbnail;scale_rows;blend_pixels', 'main;render_thumbnail;decode'],
	'python3 backup.py' => ['main;Py_RunMain;_PyEval_EvalFrameDefault;walk;compress'],
	logrotate => ['main;rotateLogSet;compressLogFile;deflate'],
	node_exporter => ['runtime.goexit;net/http.(*conn).serve;collector.(*cpuCollector).Update'],
	'[kworker]' => ['ret_from_fork_[k];kthread_[k];worker_thread_[k];process_one_work_[k]'],
	'[irq]' => ['asm_common_interrupt_[k];net_rx_action_[k]'],
	$o{culprit} => ['main;report_worker;build_report;aggregate_rows;hash_row', 'main;report_worker;build_report;sort_groups'],
	$o{second} => ['main;vacuum_worker;vacuum_table;scan_pages', 'main;vacuum_worker;truncate'],
);

my $total = $o{hours} * 3600;
my @incidents;
my $slot = $total / ($o{incidents} || 1);
for my $i (0 .. $o{incidents} - 1) {
	my $room = $slot - $o{length} - 4 * $o{window};
	my $at = $i * $slot + 2 * $o{window} + ($o{regular} ? 0 : $room * uniform());
	push @incidents, [$o{start} + int($at), $o{start} + int($at) + $o{length}];
}
if ($o{truth} ne '') {
	open my $truth, '>', $o{truth} or die "$o{truth}: $!\n";
	print $truth "$_->[0] $_->[1]\n" for @incidents;
}

# Share of the window [$from, $until) that is inside one of the incidents.
sub overlap {
	my ($from, $until, @of) = @_;
	my $sum = 0;
	for (@of) {
		my ($a, $b) = ($from > $_->[0] ? $from : $_->[0], $until < $_->[1] ? $until : $_->[1]);
		$sum += $b - $a if $b > $a;
	}
	return $sum / ($until - $from);
}

for (my $t = $o{start}; $t < $o{start} + $total; $t += $o{window}) {
	my $in = overlap($t, $t + $o{window}, @incidents);
	my $second = $o{second} eq '' ? 0 : overlap($t, $t + $o{window}, @incidents[grep { $_ % 2 } 0 .. $#incidents]);
	my $hour = ($t / 3600) % 24;
	my %cores = (
		postgres => 0.6, nginx => 0.25, 'java OrderMain' => 0.3 + 0.2 * sin($hour / 24 * 6.2832),
		'checkout-service' => 0.35 - 0.15 * $in, node_exporter => 0.01, '[kworker]' => 0.02, '[irq]' => 0.015,
		thumbnailer => uniform() < 0.25 ? 0.8 * uniform() : 0, 'python3 backup.py' => uniform() < 0.03 ? 0.5 : 0,
		logrotate => $t % 300 < $o{window} ? 0.4 : 0, $o{culprit} => 0.005 + $o{cores} * ($in - $second),
	);
	$cores{$o{second}} = 0.008 + 0.7 * $o{cores} * $second if $o{second} ne '';
	printf "# window start=%d length=%d cpus=%d hz=%d lost=%d", $t, $o{window}, $o{cpus}, $o{hz}, uniform() < 0.02 ? 3 : 0;
	printf " psi_%s=%.6f/%d", $_, $o{window} * (0.01 + 0.02 * ($t % 70) / 70 + 0.58 * $in), $o{window} for $o{pressure} || ();
	print "\n";
	for my $process (sort keys %cores) {
		my $left = samples($cores{$process}, $o{window}, 0.1);
		my @paths = @{ $stacks{$process} };
		while ($left > 0 && @paths) {
			my $path = shift @paths;
			my $n = @paths ? int($left * (0.5 + 0.3 * uniform())) : $left;
			print "$process;$path $n\n" if $n;
			$left -= $n;
		}
	}
}
