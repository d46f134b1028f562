#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Work in interrupt context is the process [irq], not whoever it interrupted; nothing is counted twice, nothing goes.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

grep -q ' handle_softirqs$\| __do_softirq$' /proc/kallsyms || skip_all 'this kernel lists no softirqs in /proc/kallsyms'

# Datagrams to ourselves: what receives them is a softirq.
cat >flood.pl <<'END'
use Socket;
socket(my $in, PF_INET, SOCK_DGRAM, 17) or die "socket: $!";
bind($in, sockaddr_in(0, INADDR_LOOPBACK)) or die "bind: $!";
socket(my $out, PF_INET, SOCK_DGRAM, 17) or die "socket: $!";
connect($out, getsockname($in)) or die "connect: $!";
my $message = "x" x 1000;
my $end = time + shift;
while (time < $end) {
	for (1 .. 100) {
		send($out, $message, 0) for 1 .. 10;
		recv($in, my $got, 2000, MSG_DONTWAIT) for 1 .. 10;
	}
}
END
# Received by the same CPU at the end of each send: that is the sender's doing, nobody is interrupted.
start perl flood.pl 30
flood=$started
sleep 0.3
run culprit record -d 2s --hz 499 -o own.folded
is "$status" 0 'record exits 0'
sender=$(labelled own.folded 'perl flood.pl')
diag "$sender samples of the sender, $(labelled own.folded '[irq]') in interrupts"
at_least "$sender" 50 'the sender is there'
at_least "$(count own.folded '^perl flood\.pl;.*process_backlog;.*(udp_rcv|udp_unicast_rcv)')" 10 'it receives what it sends itself'
is "$(count own.folded '^\[irq\];.*__dev_queue_xmit.*process_backlog')" 0 'and no interrupt does'
stop "$flood"

# Handed to the other CPU (receive packet steering), it is an interrupt of whoever works there.
if [ "$(nproc)" -lt 2 ]; then
	skip 'one CPU has no other to hand packets to'
	done_testing
fi
cat >steered.sh <<'END'
perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0); my $up = pack("a16 s x22", "lo", 1); ioctl($s, 0x8914, $up) or die "lo: $!"' &&
	echo 2 >/sys/class/net/lo/queues/rx-0/rps_cpus && exec taskset -c 0 perl flood.pl "$1"
END
start unshare -n -m sh -c 'mount -t sysfs none /sys && exec sh steered.sh 30'
flood=$started
cat >spin.pl <<'END'
my $end = time + 30;
1 while time < $end;
END
start taskset -c 1 perl spin.pl
spinner=$started
sleep 0.3
run culprit record -d 2s --hz 499 -o irq.folded
is "$status" 0 'record exits 0'
irq=$(labelled irq.folded '[irq]')
sender=$(labelled irq.folded 'perl flood.pl')
diag "$irq samples in interrupts, $sender of the sender"
at_least "$sender" 50 'the sender is there'
at_least "$irq" 20 'so is [irq]'
at_least "$(share "$(count irq.folded '^\[irq\];.*net_rx_action')" "$irq")" 30 'receiving is its work'
is "$(count irq.folded '^perl .*(net_rx_action|handle_softirqs|__do_softirq)')" 0 \
	'and none of the sender, nor of who computes there'
at_least "$(count irq.folded '^perl flood\.pl;.*udp_sendmsg')" 10 'whose own work in the kernel stays with it'
is "$(perl -ne 'print "$1\n" if /^\[irq\];([^; ]+)/' irq.folded | sort -u |
	grep -vE '^(asm_|fred_)?(common_|spurious_|sysvec_|extint)|^(__)?(do_softirq|handle_softirqs|sysvec_|irq_exit)|^el[01]')" '' \
	'its stacks begin with the entry of an interrupt'
is "$(count irq.folded .)" "$(printf '%s' "$err" | sed -n 's/^culprit record: \([0-9]*\) samples.*/\1/p')" \
	'the processes add up to all samples'
stop "$spinner"

run culprit record -d 1s -p "$flood" --hz 499 --no-kernel-stacks -o none.folded
is "$(labels none.folded)" 'perl flood.pl' 'without kernel stacks nobody can tell: it is the sender'
stop "$flood"
done_testing
