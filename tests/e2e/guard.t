#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The boot-loop guard: what was being attached when the machine went down stays off, and the agent says so.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"

# forge STATE ON OFF - what an agent of an earlier boot has left.
forge() {
	printf 'boot=00000000-dead-beef-0000-000000000000\nstate=%s\non=%s\noff=%s\n' "$1" "$2" "$3" >store/attaching
}

# agent [OPTION…] - runs it until it samples or has ended; its messages are in agent.err.
agent() {
	start culprit agent --store store --window 500ms "$@" 2>agent.err
	agent=$started
	wait_for 20 sh -c "grep -q 'sampling at' agent.err || ! kill -0 $agent" || bail "no agent: $(cat agent.err)"
}

mkdir store
agent
like "$(cat store/attaching)" "^boot=$(cat /proc/sys/kernel/random/boot_id)\$" 'it is written down what is being attached'
like "$(cat store/attaching)" '^state=attaching
on=kernel-stacks,unwind-rules,sampling$' 'before all is known to be well'
stop "$agent" KILL
ok 'the note outlives a kill' test -e store/attaching
agent
unlike "$(cat agent.err)" 'guard' 'which leads to nothing in the same boot'
sleep 0.5
stop "$agent"
not_ok 'a clean end takes it away' test -e store/attaching

start dd if=/dev/zero of=/dev/null bs=1M
forge attaching sampling,unwind-rules,kernel-stacks ''
run culprit doctor --store store
like "$out" '^OFF +boot-loop guard +kernel stacks: ' 'the machine went down: doctor knows'
agent
like "$(cat agent.err)" 'guard: off because the machine went down while .*: kernel stacks; .*--retry-attach' \
	'the agent comes up without kernel stacks, and says so'
sleep 1.2
like "$(cat store/agent.prom)" '^culprit_feature_off\{feature="kernel_stacks"\} 1$' 'as do the metrics'
stop "$agent"
culprit show store --format folded >first.folded
at_least "$(count first.folded '^dd')" 5 'dd was sampled'
is "$(count first.folded '^dd;.*(vfs_read|ksys_read|do_syscall_64)')" 0 'without its kernel stacks'
at_least "$(count first.folded '^dd;.*__libc_start')" 5 'and with all of its user stacks'
like "$(cat store/attaching)" '^state=well
on=unwind-rules,sampling
off=kernel-stacks$' 'that is remembered'
agent
like "$(cat agent.err)" 'guard: off because the machine went down before: kernel stacks' 'at the next start, too'
stop "$agent"

# The next suspect: user stacks are walked by frame pointer alone, which dd does not keep.
forge attaching sampling,unwind-rules kernel-stacks
run culprit doctor --store store
like "$out" '^OFF +boot-loop guard +kernel stacks, unwinding by rules: ' 'it went down again: doctor knows'
start "$TARGETS/busy_loop" 60
since=$(date +%s.%N)
agent
like "$(cat agent.err)" 'guard: off because the machine went down while .*: kernel stacks, unwinding by rules; .*--retry-attach' \
	'the agent comes up without rules for unwinding, too'
sleep 2.2
like "$(cat store/agent.prom)" '^culprit_feature_off\{feature="unwind_rules"\} 1$' 'as the metrics say'
stop "$agent"
culprit show store --from "$since" --format folded >second.folded
at_least "$(count second.folded '^dd')" 5 'dd was sampled'
is "$(count second.folded '^dd;.*__libc_start')" 0 'as far as frame pointers go'
at_least "$(count second.folded '^busy_loop;.*main;.*spin_inner')" 20 'which for others is all the way'
at_least "$(sed -n 's/^culprit_lost_total{reason="by_frame_pointer"} //p' store/agent.prom)" 20 'and all of them are marked'
like "$(cat store/attaching)" '^state=well
on=sampling
off=kernel-stacks,unwind-rules$' 'that is remembered'

forge attaching sampling kernel-stacks,unwind-rules
for round in 'a second time' 'and again'; do
	run timeout 20 "$CULPRIT" agent --store store
	is "$status" 2 "$round: it refuses"
	like "$err" 'attaches nothing\. To try again: --retry-attach, or delete store/attaching' 'and says what to do'
done
run culprit doctor --store store
like "$out" '^OFF +boot-loop guard +kernel stacks, unwinding by rules, sampling: ' 'doctor knows'

agent --retry-attach
unlike "$(cat agent.err)" 'guard' 'told to try again it does'
sleep 1
stop "$agent"
not_ok 'and all is forgotten' test -e store/attaching
rm -rf store
mkdir store
echo rubbish >store/attaching
agent
like "$(cat agent.err)" 'not written by culprit, starting as if it were not there' 'rubbish is no reason to stay away'
stop "$agent"
done_testing
