/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - where a process runs, read from the path of its control group: the container, the pod,
 * the systemd unit.
 *
 * Every container runtime writes its id into the path, each in its own way:
 *
 *	containerd   …/pod<uid>/<id>                      …-pod<uid>.slice/cri-containerd-<id>.scope
 *	CRI-O        …/pod<uid>/crio-<id>                 …-pod<uid>.slice/crio-<id>.scope[/container]
 *	Docker       /docker/<id>                         /system.slice/docker-<id>.scope[/init]
 *	Podman       /libpod_parent/libpod-<id>           /machine.slice/libpod-<id>.scope[/container]
 *	mismatch     /system.slice/containerd.service/kubepods-…-pod<uid>.slice:cri-containerd:<id>
 *	ECS          /ecs/<task>/<task>-<number>
 *
 * <id> is 64 hexadecimal digits (ECS: 32, a dash, a number) between separators, <uid> a UUID whose
 * dashes the systemd driver writes as '_', or, for a static pod, 32 hexadecimal digits. The last
 * match counts: a node that is itself a container has its id further to the left. What watches a
 * container from outside (crio-conmon-<id>.scope, libpod-conmon-<id>.scope) is not in it.
 *
 * A pure function of text that tenants write; nothing here is believed to be more than a name.
 * Layouts: containerd, CRI-O, Docker, Podman, kubelet (pkg/kubelet/cm/cgroup_manager_linux.go,
 * pod_container_manager_linux.go), Amazon ECS; systemd.unit(5) and systemd.slice(5) for units.
 */
#ifndef META_CGROUP_H
#define META_CGROUP_H

#include "base/compiler.h"

#define POD_UID_LEN 36

struct cgroup_place {
	struct str container;	       /* its id; borrows from the path; empty: in none */
	char pod_uid[POD_UID_LEN + 1]; /* in lower case, with dashes if it has any; "": in no pod */

	/*
	 * Innermost service or scope of systemd, with its suffix: "nginx.service". Borrows; empty
	 * in a container or a pod, whose own scope says no more than the id.
	 */
	struct str unit;
};

void cgroup_place(struct str path, struct cgroup_place *ret);

#endif
