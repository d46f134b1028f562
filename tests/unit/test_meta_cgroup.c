// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "meta/cgroup.h"
#include "unit/tap.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID   "0a1b2c3d-1111-2222-3333-445566778899"
#define UID_  "0a1b2c3d_1111_2222_3333_445566778899"
#define HASH  "00112233445566778899aabbccddeeff"
#define SLICE "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice"

static const struct {
	const char *path, *container, *pod, *unit, *what;
} layouts[] = {
	{"/kubepods/burstable/pod" UID "/" ID, ID, UID, "", "containerd, cgroupfs"},
	{"/kubepods/pod" UID "/" ID, ID, UID, "", "a guaranteed pod has no class in its path"},
	{SLICE "/cri-containerd-" ID ".scope", ID, UID, "", "containerd, systemd"},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope", ID, UID, "",
	 "the same, guaranteed"},
	{SLICE "/crio-" ID ".scope", ID, UID, "", "CRI-O, systemd"},
	{SLICE "/crio-" ID ".scope/container", ID, UID, "", "CRI-O with a group below"},
	{SLICE "/crio-conmon-" ID ".scope", "", UID, "", "CRI-O's monitor is not the container"},
	{"/kubepods/besteffort/pod" UID "/crio-" ID, ID, UID, "", "CRI-O, cgroupfs"},
	{SLICE "/docker-" ID ".scope", ID, UID, "", "cri-dockerd, systemd"},
	{"/docker/" ID, ID, "", "", "Docker, cgroupfs"},
	{"/system.slice/docker-" ID ".scope", ID, "", "", "Docker, systemd"},
	{"/system.slice/docker-" ID ".scope/init", ID, "", "", "Docker with an init below"},
	{"/machine.slice/libpod-" ID ".scope", ID, "", "", "Podman, systemd"},
	{"/machine.slice/libpod-" ID ".scope/container", ID, "", "", "Podman with a group below"},
	{"/libpod_parent/libpod-" ID, ID, "", "", "Podman, cgroupfs"},
	{"/machine.slice/libpod-conmon-" ID ".scope", "", "", "libpod-conmon-" ID ".scope",
	 "Podman's monitor is a scope of the host"},
	{"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
	 ID, UID, "", "runtime and kubelet disagree about the driver"},
	{"/system.slice/docker-" OTHER ".scope/kubelet.slice/kubelet-kubepods.slice/"
	 "kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
	 ID, UID, "", "a node that is itself a container: the inner one counts"},
	{"/kubepods/burstable/pod" HASH "/" ID, ID, HASH, "", "a static pod's uid is a hash"},
	{"/ecs/" HASH "/" HASH "-3183744", HASH "-3183744", "", "", "ECS"},
	{"/../../kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope", ID, UID, "",
	 "seen from inside a cgroup namespace"},
	{"/../cri-containerd-" ID ".scope", ID, "", "", "the same, a neighbour"},
	{"/system.slice/nginx.service", "", "", "nginx.service", "a service"},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.scope", "", "",
	 "app-foo.scope", "the innermost unit of a user's session"},
	{"/init.scope", "", "", "init.scope", "systemd itself"},
	{"/kubepods.slice/kubepods-burstable.slice", "", "", "", "a slice is nobody's unit"},
	{"/", "", "", "", "the root"},
	{"", "", "", "", "nothing"},
	{"/default/k1", "", "", "", "a name that somebody chose"},
	{"/process_api/" HASH "/test", "", "", "", "32 digits alone are no container"},
	{"/a/" ID "0", "", "", "", "65 digits are none"},
	{"/a/x" ID, "", "", "", "an id stands behind a separator"},
	{"/a/" ID "x", "", "", "", "and before one"},
	{"/ecs/" HASH "/" HASH "-", "", "", "", "ECS without its number"},
	{"/kubepods/pod0a1b2c3d-1111-2222-3333-44556677889/" ID, ID, "", "", "a uid cut short"},
	{"/kubepods/mypod" UID "/x", "", "", "", "a uid stands behind its mark"},
	{".service/.scope", "", "", ".scope", "suffixes alone do no harm"},
};

static bool is_place(const char *path, const char *container, const char *pod, const char *unit)
{
	struct cgroup_place place;
	size_t len = strlen(path);
	char *exact = malloc(len ? len : 1); /* no terminating NUL: reading past it is caught */
	bool same;

	memcpy(exact, path, len);
	cgroup_place((struct str){exact, len}, &place);
	same = str_eq(place.container, str_of(container)) && !strcmp(place.pod_uid, pod) &&
	       str_eq(place.unit, str_of(unit));
	if (!same)
		printf("# got container '%.*s', pod '%s', unit '%.*s'\n", (int)place.container.len,
		       place.container.p, place.pod_uid, (int)place.unit.len, place.unit.p);
	free(exact);
	return same;
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		ok(is_place(layouts[i].path, layouts[i].container, layouts[i].pod, layouts[i].unit),
		   "%s", layouts[i].what);
	return tap_done();
}
