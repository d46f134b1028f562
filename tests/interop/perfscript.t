#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What perf records here and now, printed with many field sets, reads as the same stacks; an own small collapse in perl
# says which.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

record() { # NAME OPTION… - a second of three different programs
	local name=$1
	shift
	cp /bin/sh './V8 Worker 2'
	# shellcheck disable=SC2016 # \$i is the other shell's
	perf record -q -F 499 --sample-cpu "$@" -o "$name" -- sh -c './V8\ Worker\ 2 -c "i=0; while [ \$i -lt 60000 ]; do i=\$((i + 1)); done"
		find /usr/include -name "*.h" | sort | md5sum; head -c 30000000 /dev/zero | gzip -1 | wc -c' >/dev/null 2>record.err
}

if ! command -v perf >/dev/null 2>&1 || ! record probe -e cpu-clock -g; then
	skip_all 'needs a perf that can record'
fi

# collapse <SCRIPT - the stacks and how many samples each has: full field set, with call chains
collapse() {
	perl -ne '
		sub flush { $n{join ";", $comm, reverse @s}++ if defined $comm; undef $comm; @s = () }
		if (/^\s*$/) { flush() }
		elsif (/^\t\s*([0-9a-f]+) (.*) \((.*)\)$/) {
			my ($ip, $sym, $dso) = (hex $1, $2, $3);
			$dso =~ s/ \(deleted\)$//;
			$dso =~ s{.*/}{} if $dso =~ m{^/};
			$dso = "[kernel]" if $dso eq "[kernel.kallsyms]";
			$dso = "[kernel]" if $dso eq "[unknown]" && $ip >= 1 << 63;
			$sym =~ s/\+0x[0-9a-f]+$//;
			$sym = $dso =~ /^\[/ ? $dso : "[$dso]" if $sym eq "[unknown]";
			push @s, $sym;
		}
		elsif (/^(\S.*?)\s+-?\d+\/\d+\s+\[\d+\]\s+[\d.]+:\s+\d+\s+\S+:\s*$/) { flush(); $comm = $1 }
		elsif (!/^#/) { die "what is this: $_" }
		END { flush(); print "$_ $n{$_}\n" for sort keys %n }' | LC_ALL=C sort
}

shown() { # FILE - the same from ours
	culprit show "$1" --format folded | LC_ALL=C sort
}

record chains -e cpu-clock -g || bail "perf cannot record any more: $(cat record.err)"
perf script -i chains -F comm,pid,tid,cpu,time,period,event,ip,sym,symoff,dso >full 2>/dev/null
collapse <full >wanted
shown full >got
cmp -s wanted got
is $? 0 "$(wc -l <wanted) stacks of $(awk '{ n += $NF } END { print n }' wanted) samples: as the collapse has them" ||
	diff wanted got | head -20 >&2
like "$(cat got)" '^V8 Worker 2;' 'a thread with blanks and a digit in its name'
like "$(cat got)" 'do_syscall_64|entry_SYSCALL' 'frames of the kernel'

for fields in \
	comm,pid,tid,cpu,time,event,ip,sym,dso comm,tid,time,event,ip,sym,dso comm,pid,event,ip,sym,dso,symoff \
	comm,tid,ip,sym,dso comm,ip,sym,dso comm,pid,tid,cpu,time,event,ip,sym,dso,symoff,srcline \
	comm,tid,period,event,ip,sym,dso comm,pid,tid,cpu,misc,time,ip,sym,dso; do
	perf script -i chains -F $fields >"$fields" 2>/dev/null
	shown "$fields" >got
	cmp -s wanted got
	is $? 0 "-F $fields" || diff wanted got | head -20
done
perf script -i chains --ns --header >ns 2>/dev/null
shown ns >got
cmp -s wanted got
is $? 0 '--ns --header'
run culprit show ns --format json
like "$out" '"hz": ?499' 'the rate'
gzip -c ns | culprit show - --format folded | LC_ALL=C sort | cmp -s - wanted
is $? 0 'compressed, from standard input'

record leaves -e cpu-clock || bail "perf cannot record any more: $(cat record.err)"
perf script -i leaves >leaves.txt 2>/dev/null
perl -ne '
	/^\s*(\S.*?)\s+\d+\s+(?:\[\d+\]\s+)?[\d.]+:\s+\d+\s+\S+:\s+([0-9a-f]+) (.*) \((.*)\)$/ or die "what is this: $_";
	my ($comm, $ip, $sym, $dso) = ($1, hex $2, $3, $4);
	$dso =~ s{.*/}{} if $dso =~ m{^/};
	$dso = "[kernel]" if $dso eq "[kernel.kallsyms]" || $dso eq "[unknown]" && $ip >= 1 << 63;
	$sym =~ s/\+0x[0-9a-f]+$//;
	$sym = $dso =~ /^\[/ ? $dso : "[$dso]" if $sym eq "[unknown]";
	$n{"$comm;$sym"}++;
	END { print "$_ $n{$_}\n" for keys %n }' leaves.txt | LC_ALL=C sort >wanted
shown leaves.txt >got
cmp -s wanted got
is $? 0 "without call chains: $(wc -l <wanted) leaves" || diff wanted got | head -20

record both -e cpu-clock,page-faults -g || bail "perf cannot record any more: $(cat record.err)"
perf script -i both >both.txt 2>/dev/null
run culprit show both.txt --format folded
like "$err" 'shows event cpu-clock.*page-faults' 'of several events the other one is named'
faults=$(grep -c 'page-faults:' both.txt)
run culprit show both.txt --type page-faults --format json
is "$(printf '%s' "$out" | perl -ne 'print $1 if /"samples": ?(\d+)/')" "$faults" '--type takes it'

done_testing
