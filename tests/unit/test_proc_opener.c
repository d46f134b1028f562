// SPDX-License-Identifier: Apache-2.0
/* Debug files as the images of a cache ask for them: by the root of a process, and nowhere else. */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "elf/image.h"
#include "proc/opener.h"
#include "proc/procfs.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

static const char program[] = "__attribute__((noinline)) static int a_local_function(int x)"
			      "{ return x * 3; } int main(int c, char **v)"
			      "{ return a_local_function(c); }";

static bool run(const char *what)
{
	char command[1024];

	snprintf(command, sizeof(command), "cd %s && { %s; } 2>/dev/null", tmpdir, what);
	return system(command) == 0;
}

/* Is a function named that only the debug file knows? */
static bool knows_local(uint32_t pid)
{
	struct image_cache *images = NULL;
	struct procfs *procfs = NULL;
	struct opener *opener = NULL;
	struct image *image = NULL;
	bool found = false;
	struct str name;

	if (image_cache_new(&image_limits_default, &images) || procfs_new("/proc", &procfs) ||
	    opener_new(images, procfs, &opener) ||
	    image_cache_open(images, open(tmpdir_at("p"), O_RDONLY | O_CLOEXEC), tmpdir_at("p"),
			     &image)) {
		printf("Bail out! no image\n");
		return false;
	}
	image_set_pid(image, pid);
	for (uint64_t offset = 0; offset < 16384 && !found; offset += 2)
		found = image_symbol(image, offset, &name, NULL) &&
			str_eq(name, STR_LIT("a_local_function"));
	image_unref(image);
	opener_free(opener);
	procfs_free(procfs);
	image_cache_free(images);
	return found;
}

static void test_beside(void)
{
	ok(!knows_local((uint32_t)getpid()), "a stripped program does not name its local function");
	ok(run("mkdir .debug && cp full.debug .debug/p.debug"), "its debug file in .debug/");
	ok(knows_local((uint32_t)getpid()), "names it, for a process that sees it");
	ok(!knows_local(0), "not when nobody knows which process it is");
	ok(run("rm .debug/p.debug && mkfifo .debug/p.debug"), "a FIFO");
	ok(!knows_local((uint32_t)getpid()), "is passed over, and does not hang");
	ok(run("rm .debug/p.debug && cp /bin/true .debug/p.debug"), "another program");
	ok(!knows_local((uint32_t)getpid()), "is not taken for it");
	ok(run("rm -r .debug && cp full.debug p.debug"), "beside the program");
	ok(knows_local((uint32_t)getpid()), "it is found, too");
}

/* What is mounted over the place is entered when it is of this machine. */
static void test_mounted(void)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mkdir(tmpdir_at(".debug"), 0755) ||
	    mount("none", tmpdir_at(".debug"), "tmpfs", 0, "size=1m")) {
		tap_skip("may not mount here");
		return;
	}
	ok(run("rm -f p.debug && cp full.debug .debug/p.debug"), "on a file system of its own");
	ok(knows_local((uint32_t)getpid()), "it is found by its path");
	ok(run("mv .debug/p.debug .debug/q && ln -s q .debug/p.debug"), "as a link there");
	ok(!knows_local((uint32_t)getpid()), "it is not: who knows where links lead");
	umount(tmpdir_at(".debug"));
}

int main(void)
{
	tmpdir_make();
	close(tmpdir_open("p.c", program, sizeof(program) - 1));
	if (!run("cc -O1 -o p p.c && objcopy --only-keep-debug p full.debug && cp full.debug "
		 "p.debug &&"
		 "strip p && objcopy --add-gnu-debuglink=p.debug p && rm p.debug")) {
		tap_skip("no compiler that links here");
	} else {
		test_beside();
		test_mounted();
	}
	ok(tmpdir_remove(), "the test directory is gone");
	return tap_done();
}
