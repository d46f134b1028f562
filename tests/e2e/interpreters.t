#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# "perl" or "sh" is never the answer: what an interpreter runs goes by the name of its script.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

# one LABEL COMMAND… - nothing but the label has done the work of the command.
one() {
	local want=$1 all
	shift
	run culprit record -o one.folded -- "$@"
	[ "$status" = 0 ] || fail "$want" "$err"
	all=$(count one.folded '^(?!culprit;)')
	at_least "$(labelled one.folded "$want")" 15 "${*:1:2}: it is $want" || diag "$(labels one.folded) $err"
	at_least "$(share "$(labelled one.folded "$want")" "$all")" 90 'and nothing else'
}

cat >report.pl <<'END'
my $x = 0;
while ((times)[0] < 0.6) { $x += $_ for 1 .. 1000 }
END
cat >backup.sh <<'END'
i=0
while [ "$i" -lt 150000 ]; do i=$((i + 1)); done
END
mkdir bin
{
	echo '#!/usr/bin/perl'
	cat report.pl
} >bin/nightly
{
	echo '#!/bin/sh'
	cat backup.sh backup.sh backup.sh
} >bin/rotate
chmod +x bin/nightly bin/rotate
sh=$(basename "$(readlink -f "$(command -v sh)")")
bash=$(basename "$(readlink -f "$(command -v bash)")")

one 'perl report.pl' perl report.pl
one 'perl report.pl' perl -w report.pl --verbose arguments
one 'perl nightly' ./bin/nightly
one "$bash backup.sh" bash ./backup.sh
one "$sh rotate" "$TMP/bin/rotate"
one 'perl -e' perl -e "$(cat report.pl)"
one "$sh -c" sh -c "$(cat backup.sh backup.sh backup.sh)"

# Started before the recording: the label comes from /proc, and it is the same.
sed -i 's/0\.6/9/' report.pl
start perl report.pl
target=$started
sleep 0.3
run culprit record -d 1s -p "$target" -o running.folded
is "$(labels running.folded)" 'perl report.pl' 'one that was running before has the same label'
stop "$target"

python=$(command -v /usr/bin/python3 || true)
if [ -n "$python" ]; then
	echo 'for i in range(8000000): pass' >server.py
	one "$(basename "$(readlink -f "$python")" | sed 's/\.[0-9]*$//') server.py" "$python" server.py
else
	skip 'no /usr/bin/python3'
fi
done_testing
