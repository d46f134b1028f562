// SPDX-License-Identifier: Apache-2.0
#include "base/mountinfo.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"

struct mount {
	uint64_t maj, min;
	struct str point, type;
};

/* "36 35 98:0 /root /point rw,noatime master:1 … - ext3 /dev/root rw": proc(5). */
static bool parse_mount(struct str line, struct mount *ret)
{
	struct str device, maj, skipped, field = {NULL, 0};

	if (!str_split(&line, ' ', &skipped) || !str_split(&line, ' ', &skipped) ||
	    !str_split(&line, ' ', &device) || !str_split(&line, ' ', &skipped) ||
	    !str_split(&line, ' ', &ret->point))
		return false;
	while (str_split(&line, ' ', &field)) {
		if (str_eq(field, STR_LIT("-")))
			break;
	}
	return str_eq(field, STR_LIT("-")) && str_split(&line, ' ', &ret->type) &&
	       str_split(&device, ':', &maj) && !num_parse_u64(maj, &ret->maj) &&
	       !num_parse_u64(device, &ret->min);
}

static bool is_remote(struct str type)
{
	static const char *const names[] = {
		"9p",	     "afs",  "beegfs", "ceph", "cifs", "coda",	   "fuse", "fuseblk",
		"glusterfs", "gpfs", "lustre", "nfs",  "nfs4", "orangefs", "smb3", "smbfs",
	};
	static const struct str subtype = STR_LIT("fuse.");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(type, str_of(names[i])))
			return true;
	}
	return type.len > subtype.len && !memcmp(type.p, subtype.p, subtype.len);
}

bool mountinfo_device_is_remote(struct str text, uint32_t maj, uint32_t min)
{
	struct mount mount;
	struct str line;

	while (str_split(&text, '\n', &line)) {
		if (parse_mount(line, &mount) && mount.maj == maj && mount.min == min)
			return is_remote(mount.type);
	}
	return false;
}

static bool is_above(struct str point, struct str path)
{
	if (point.len > path.len || memcmp(point.p, path.p, point.len))
		return false;
	return point.len == 1 || point.len == path.len || path.p[point.len] == '/';
}

/* Of two mounts on one point the later line is on top. */
bool mountinfo_path_is_remote(struct str text, struct str path)
{
	bool remote = false;
	struct mount mount;
	size_t longest = 0;
	struct str line;

	while (str_split(&text, '\n', &line)) {
		if (!parse_mount(line, &mount) || mount.point.len < longest ||
		    !is_above(mount.point, path))
			continue;
		longest = mount.point.len;
		remote = is_remote(mount.type);
	}
	return remote;
}
