#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pressure.t - the pressure in the agent's windows is what the kernel says itself, and symptom finds in it when somebody waited
# for the disk.
# shellcheck source=tests/lib.sh disable=SC2016 # Perl
. "$(dirname "$0")/../lib.sh"
need_bpf
need_program dd
grep -q some /proc/pressure/io 2>/dev/null || skip_all "this kernel tells no pressure (CONFIG_PSI, psi=1)"

# total RESOURCE - seconds that somebody has waited, since the machine started.
total() {
	perl -ne 'printf "%.6f", $1 / 1e6 if /^some .*total=(\d+)/' "/proc/pressure/$1"
}

# less A B - A - B
less() {
	perl -e 'printf "%.6f", $ARGV[0] - $ARGV[1]' "$1" "$2"
}

# The stretches that are to be found are short and alike, the time between is not.
write_synced() {
	dd if=/dev/zero of=synced bs=4k count=100000 oflag=dsync status=none &
	sleep 2
	kill "$!"
	wait "$!" 2>/dev/null
	rm -f synced
}

outer_cpu=$(total cpu) outer_io=$(total io)
start culprit agent --store store --window 1s 2>agent.log
agent=$started
wait_for 20 grep -q sampling agent.log
sleep 1
inner_cpu=$(total cpu) inner_io=$(total io)
for gap in 6.2 7.1 5.3 6.6; do
	sleep "$gap"
	date +%s.%N >>truth
	write_synced
done
sleep 5
inner_cpu=$(less "$(total cpu)" "$inner_cpu") inner_io=$(less "$(total io)" "$inner_io")
stop "$agent"
is $? 0 'the agent ends' || diag "$(cat agent.log)"
outer_cpu=$(less "$(total cpu)" "$outer_cpu") outer_io=$(less "$(total io)" "$outer_io")

culprit ls --store store --format json --windows >windows.json
for resource in cpu io memory; do
	is "$(json "scalar grep { !defined \$_->{pressure}{$resource} } @{ \$d->{windows} }[2 .. \$#{ \$d->{windows} } - 1]" \
		windows.json)" 0 "each window knows of $resource"
done
for resource in cpu io; do
	sum=$(json "my \$s = 0; \$s += \$_->{seconds} * (\$_->{pressure}{$resource} // 0) for @{ \$d->{windows} }; sprintf '%.6f', \$s" \
		windows.json)
	inner=inner_$resource outer=outer_$resource
	diag "$resource: $sum s in the windows; the kernel: ${!inner} s, ${!outer} s with start and end"
	at_least "$sum" "$(perl -e 'print 0.9 * $ARGV[0] - 0.5' "${!inner}")" "$resource: what the kernel counted is in the windows"
	at_most "$sum" "$(perl -e 'print 1.02 * $ARGV[0] + 0.3' "${!outer}")" '…and no more'
done

culprit record -d 2s --raw records.raw -o live.folded 2>/dev/null
culprit show --raw records.raw -o again.pb.gz
culprit show --windowed again.pb.gz -o again.folded
like "$(cat again.folded)" 'psi_cpu=[0-9.]+/[0-9.]+ psi_io=[0-9.]+/[0-9.]+ psi_memory=' 'a raw file tells of it, too'

# Where the directory is a disk, and nobody else writes all the time, the writing stands out.
if [ "$(perl -e 'print $ARGV[0] > 1.5 ? 1 : 0' "$inner_io")" = 1 ]; then
	culprit symptom --store store --series psi-io --format json >found.json
	hits=$(perl -MJSON::PP -0777 -e '
		my @began = split " ", `cat truth`;
		my $d = decode_json(<STDIN>);
		my @found = map { @{ $_->{candidates} } } @{ $d->{groups} };
		print scalar(grep { my $t = $_; grep { $_->{from} < $t + 2 && $_->{until} > $t } @found } @began)' <found.json)
	diag "symptom: $hits of 4 times; $(culprit symptom --store store --series psi-io | head -n 3 | tr '\n' ' ')"
	if [ "$(json '$d->{usual} < 0.2 ? 1 : 0' found.json)" = 1 ]; then
		at_least "$hits" 3 'symptom finds when somebody waited for the disk'
	else
		skip 'symptom: others wait for the disk all the time here'
	fi
else
	skip 'symptom: to write here makes nobody wait'
fi
done_testing
