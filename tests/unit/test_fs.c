// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fs.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

static void put(const char *name, const char *text)
{
	close(tmpdir_open(name, text, strlen(text)));
}

static bool holds(int fd, const char *text)
{
	char got[64] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	return n >= 0 && !strcmp(got, text);
}

static void test_open_in_root(void)
{
	int root, fd;

	mkdir(tmpdir_at("root"), 0755);
	mkdir(tmpdir_at("root/etc"), 0755);
	put("secret", "outside");
	put("root/secret", "inside");
	put("root/etc/plain", "plain");
	root = open(tmpdir_at("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	ok(root >= 0, "the root opens");

	fd = fs_open_in_root(root, "etc/plain");
	ok(holds(fd, "plain"), "a regular file is read");
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "its descriptor does not leak into children");
	close(fd);
	fd = fs_open_in_root(root, "/etc/plain");
	ok(holds(fd, "plain"), "an absolute path starts at the root");
	close(fd);
	fd = fs_open_in_root(root, "../secret");
	ok(holds(fd, "inside"), "dot-dot stops at the root");
	close(fd);

	ok(!symlink("../../../secret", tmpdir_at("root/etc/up")) &&
		   !symlink("/secret", tmpdir_at("root/etc/abs")),
	   "links are there");
	fd = fs_open_in_root(root, "etc/up");
	ok(holds(fd, "inside"), "a relative link does not climb out");
	close(fd);
	fd = fs_open_in_root(root, "etc/abs");
	ok(holds(fd, "inside"), "an absolute link starts at the root");
	close(fd);

	is_i64(fs_open_in_root(root, "none"), -ENOENT, "a missing file");
	is_i64(fs_open_in_root(root, "etc"), -EINVAL, "a directory is refused");
	ok(!mkfifo(tmpdir_at("root/fifo"), 0644), "a FIFO is there");
	is_i64(fs_open_in_root(root, "fifo"), -EINVAL, "a FIFO is refused and does not block");
	if (mknod(tmpdir_at("root/null"), S_IFCHR | 0666, makedev(1, 3)))
		tap_skip("no device can be made here");
	else
		is_i64(fs_open_in_root(root, "null"), -EINVAL, "a device is refused");
	ok(!symlink("loop", tmpdir_at("root/loop")), "a link to itself is there");
	is_i64(fs_open_in_root(root, "loop"), -ELOOP, "a link to itself ends");
	close(root);

	root = open("/proc/self/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = fs_open_in_root(root, tmpdir_at("secret"));
	ok(holds(fd, "outside"), "a process's root works as a root");
	close(fd);
	close(root);
}

static void test_read(void)
{
	struct err err;
	struct buf b;

	put("ten", "0123456789");
	buf_init(&b, 10);
	is_i64(fs_read(tmpdir_at("ten"), &b, &err), 0, "a file as long as the ceiling");
	is_str(b.data, "0123456789", "is read whole");
	buf_release(&b);
	buf_init(&b, 9);
	is_i64(fs_read(tmpdir_at("ten"), &b, &err), -EFBIG, "one byte over the ceiling is refused");
	ok(strstr(err.text, "/ten: larger") != NULL, "with the path in the message");
	buf_release(&b);
	buf_init(&b, 4096);
	is_i64(fs_read(tmpdir_at("none"), &b, &err), -ENOENT, "a missing file");
	is_i64(fs_read(tmpdir, &b, &err), -EISDIR, "a directory");
	put("empty", "");
	is_i64(fs_read(tmpdir_at("empty"), &b, &err), 0, "an empty file is fine");
	is_u64(b.len, 0, "and empty");
	is_i64(fs_read("/proc/self/comm", &b, &err), 0, "a file of /proc, whose size is 0");
	ok(b.len > 0, "has contents all the same");
	buf_release(&b);
}

static void test_write(void)
{
	struct stat before, after;
	struct err err;
	struct buf b;

	is_i64(fs_write(tmpdir_at("out"), STR_LIT("one"), &err), 0, "a new file is written");
	stat(tmpdir_at("out"), &before);
	is_i64(fs_write(tmpdir_at("out"), STR_LIT("two"), &err), 0, "and written again");
	stat(tmpdir_at("out"), &after);
	ok(before.st_ino != after.st_ino, "by replacing it, not by writing into it");
	buf_init(&b, 64);
	is_i64(fs_read(tmpdir_at("out"), &b, &err), 0, "it reads back");
	is_str(b.data, "two", "with the new contents");
	buf_clear(&b);
	is_i64(fs_write_lightly(tmpdir_at("out"), STR_LIT("three"), &err), 0, "and again, lightly");
	stat(tmpdir_at("out"), &before);
	ok(before.st_ino != after.st_ino, "that replaces it, too");
	is_i64(fs_read(tmpdir_at("out"), &b, &err), 0, "it reads back");
	is_str(b.data, "three", "with what was written last");
	buf_release(&b);
	is_i64(fs_write(tmpdir_at("none/out"), STR_LIT("x"), &err), -ENOENT,
	       "no directory, no file");
	ok(strstr(err.text, "none/out") != NULL, "with the path in the message");
	is_i64(fs_write("/dev/null", STR_LIT("x"), &err), 0,
	       "a device is written to, not replaced");
	ok(!stat("/dev/null", &after) && S_ISCHR(after.st_mode), "and is still a device");
	mkdir(tmpdir_at("full"), 0755);
	is_i64(fs_write(tmpdir_at("full"), STR_LIT("x"), &err), -EISDIR,
	       "a directory is not replaced");
}

static void test_mkdirs(void)
{
	struct err err;
	struct stat st;

	is_i64(fs_mkdirs(tmpdir_at("a/b/c"), &err), 0, "directories are made with their parents");
	ok(!stat(tmpdir_at("a/b/c"), &st) && S_ISDIR(st.st_mode), "they are there");
	is_i64(fs_mkdirs(tmpdir_at("a/b/c"), &err), 0, "once more is fine");
	is_i64(fs_mkdirs(tmpdir_at("ten"), &err), -ENOTDIR, "a file in the way is said");
}

/* /proc is mounted below the root everywhere. */
static void test_mounts(void)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	fd = fs_open_in_mount(root, "/proc/version");
	is_i64(fd, -EXDEV, "what is mounted below the root is not entered");
	fd = fs_open_in_mount(root, "/etc/passwd");
	ok(fd >= 0, "what is not is opened");
	close(fd);
	fd = fs_open_without_links(root, "/proc/version");
	ok(fd >= 0, "without links the mount is entered");
	close(fd);
	is_i64(fs_open_without_links(root, "/proc/self/status"), -ELOOP, "but no link followed");
	close(root);
}

int main(void)
{
	tmpdir_make();
	test_open_in_root();
	test_read();
	test_write();
	test_mkdirs();
	ok(tmpdir_remove(), "the test directory is gone");
	test_mounts();
	return tap_done();
}
