#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A real container: runc starts a program from a root of its own under the cgroup path that Kubernetes gives a pod. Its
# samples carry container and pod, its frames are named from the container's files, and both hold after it is gone.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"
need_bpf
need_program runc

name=culprit-$$
id=$(printf '%s' "$name" | sha256sum | cut -c 1-64)
uid=5e0c1d2a-1111-2222-3333-$(printf '%012x' $$)
mkdir -p bundle/root/{bin,proc,dev,sys}

# shellcheck disable=SC2317 # called at the end
remove_container() {
	runc --root state delete --force "$name" >/dev/null 2>&1
	find /sys/fs/cgroup -depth -path "*/$name*" -type d -exec rmdir {} \; 2>/dev/null
}
at_end remove_container

# The program and what it is linked with, at the same paths.
cp -L "$TARGETS/busy_loop" bundle/root/bin/inside
ldd "$TARGETS/busy_loop" | grep -oE '/[^ ]+' | while read -r file; do
	install -D "$file" "bundle/root$file"
done
runc spec --bundle bundle
# The sandbox that tests may run in cannot raise limits; the network is the host's.
perl -MJSON::PP -e 'undef $/; my $spec = decode_json(<STDIN>); my ($cgroup, @args) = @ARGV;
	$spec->{process}{terminal} = JSON::PP::false;
	$spec->{process}{args} = \@args;
	$spec->{process}{rlimits} = [];
	$spec->{root}{path} = "root";
	$spec->{linux}{cgroupsPath} = $cgroup;
	$spec->{linux}{namespaces} = [grep { $_->{type} ne "network" } @{$spec->{linux}{namespaces}}];
	print encode_json($spec)' "/$name/kubepods/pod$uid/$id" /bin/inside 3 <bundle/config.json >config.json
mv config.json bundle/

start culprit agent --store store --window 1s 2>agent.err
agent=$started
wait_for 15 grep -q 'sampling at' agent.err
# Not detached: the program would end with the runc that started it.
start runc --root state run --bundle bundle "$name" >runc.log 2>&1
# shellcheck disable=SC2317 # wait_for calls it
inside() {
	runc --root state state "$name" 2>/dev/null | perl -MJSON::PP -e 'undef $/; print decode_json(<STDIN>)->{pid}' >pid 2>/dev/null
	[ "$(readlink "/proc/$(cat pid)/exe")" = /bin/inside ]
}
wait_for 10 inside || {
	diag "$(cat runc.log)"
	skip_all 'runc starts no container here'
}
pass 'a container runs the program'
wait "$started"
is "$?" 0 'and it ends'
rm -r bundle
sleep 1.5
stop "$agent" INT

of() {
	culprit show store "${@/#/--match=}" --format folded -o of.folded
}
of "container_id=$id"
at_least "$(count of.folded '^inside;.*spin_inner')" 100 'its container, by the names of its own file'
is "$(count of.folded '^(?!inside[; ]|runc[; ])')" 0 'with nothing else in it, but for runc on its way there'
of "pod_uid=$uid"
at_least "$(count of.folded '^inside;')" 100 'its pod'
of process=inside container_id=
is "$(count of.folded .)" 0 'and no sample without them'
done_testing
