#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `record -- COMMAND`: begins with it, ends with it, and holds nothing else.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

start "$TARGETS/threads" 30 1
other=$started

begin=$(date +%s%N)
run culprit record -o command.folded -- "$TARGETS/busy_loop" 2
took=$((($(date +%s%N) - begin) / 1000000))
is "$status" 0 'record exits 0'
diag "took $took ms"
at_least "$took" 2000 'it lasts as long as the command'
at_most "$took" 7000 'and not longer'
is "$(labels command.folded | grep -Evxc 'busy_loop|culprit')" 0 'nothing but the command is in it'

run culprit record -d 1s -o cut.folded -- "$TARGETS/busy_loop" 20
is "$status" 0 '-d ends it earlier'
at_most "$(count cut.folded .)" 130 'after that time'

run culprit record -- ./no-such-command
is "$status" 2 'a command that does not exist: exit status 2'
like "$err" '^culprit record: .*no-such-command.*: No such file or directory$' 'and it is said which one'
: >not-a-program
chmod 755 not-a-program
mkdir folder
run culprit record -- ./folder
is "$status" 2 'a folder is no command'

run culprit record -o failed.folded -- sh -c 'exit 3'
is "$status" 0 'a command that fails has been recorded all the same'

# The command starts with the signals as they were, whatever the recorder ignores for itself.
run culprit record -o signals.folded -- grep SigIgn /proc/self/status
is "$(printf '%s' "$out" | tr -d '[:blank:]')" "$(grep SigIgn /proc/self/status | tr -d '[:blank:]')" \
	'no signal is ignored for the command'

# Output of the command goes where it would have gone.
run culprit record -o quiet.folded -- echo 'from the command'
is "$out" 'from the command' 'the output of the command is passed on'

# SIGINT, as from the keyboard, ends the recording and writes what there is.
start culprit record -d 30s -o stopped.folded
recorder=$started
sleep 1.5
stop "$recorder" INT
is $? 0 'a recording that is interrupted exits 0'
at_least "$(count stopped.folded '^threads;')" 10 'and has written what it had'

# Nobody is left behind.
is "$(pgrep -P "$other" | wc -l)" 0 'no child is left behind'
stop "$other"
done_testing
