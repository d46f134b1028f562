// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fs.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "unit/tap.h"

static const char text[] =
	"22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
	"23 22 0:21 / /proc rw,nosuid master:5 - proc proc rw\n"
	"24 22 0:40 / /home rw shared:1 master:2 propagate_from:3 - nfs4 server:/home rw,vers=4.2\n"
	"25 22 0:41 / /srv/with\\040blank rw - fuse.sshfs user@host: rw,user_id=0\n"
	"26 22 0:42 / /data rw - virtiofs data rw\n"
	"27 22 0:43 / /tmp rw - tmpfs tmpfs rw\n"
	"28 27 0:44 / /tmp/far rw - 9p far rw\n"
	"29 27 0:45 / /tmp/over rw - cifs //far/over rw\n"
	"30 29 0:46 / /tmp/over rw - tmpfs tmpfs rw\n"
	"31 22 8:1 /sub /win rw - fuseblk /dev/sda1 rw\n"
	"32 22 0:47 / /odd rw - fusectl fusectl rw\n"
	"rubbish\n"
	"33 22 0:48\n"
	"34 22 x:y / /no rw - nfs a:b rw\n"
	"35 22 0:49 / /cut rw shared:7";

static bool device(uint32_t maj, uint32_t min)
{
	return mountinfo_device_is_remote(str_of(text), maj, min);
}

static bool path(const char *name)
{
	return mountinfo_path_is_remote(str_of(text), str_of(name));
}

int main(void)
{
	struct buf self;
	struct stat st;

	ok(!device(254, 0) && !device(0, 21), "a disk and what the kernel answers are local");
	ok(device(0, 40), "nfs is not, whatever optional fields stand before its type");
	ok(device(0, 41) && device(8, 1), "nor is fuse, with a subtype or on a disk");
	ok(!device(0, 42) && !device(0, 47), "virtiofs and fusectl are");
	ok(!device(1, 40) && !device(40, 0) && !device(0, 48) && !device(0, 49),
	   "what is not mounted, or makes no sense, is not remote");
	ok(!path("/tmp") && !path("/tmp/a") && !path("/"), "a path on a local mount");
	ok(path("/home") && path("/home/me/tmp"), "on a remote one");
	ok(!path("/homes"), "a name that only begins like it");
	ok(path("/tmp/far/x") && !path("/tmp/farther"), "the longest point decides");
	ok(!path("/tmp/over/x"), "or the last one mounted there");
	buf_init(&self, 4 << 20);
	if (fs_read("/proc/self/mountinfo", &self, NULL) || stat("/proc", &st))
		tap_skip("no /proc/self/mountinfo");
	else
		ok(!mountinfo_device_is_remote(buf_str(&self), major(st.st_dev),
					       minor(st.st_dev)) &&
			   !mountinfo_path_is_remote(buf_str(&self), STR_LIT("/proc/self")),
		   "/proc as it is here");
	buf_release(&self);
	return tap_done();
}
