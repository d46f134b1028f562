// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/image.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

static uint64_t right_now(void)
{
	return clock_mono_ns(&clock_system);
}

static int put(const char *name, const char *text)
{
	return tmpdir_open(name, text, strlen(text));
}

static int open_self(void)
{
	return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static struct image_cache *new_cache(const struct image_limits *limits)
{
	struct image_cache *cache = NULL;

	if (image_cache_new(limits, &cache))
		printf("Bail out! out of memory\n");
	return cache;
}

static struct image *get(struct image_cache *cache, int fd, const char *path)
{
	struct image *image = NULL;
	int r = image_cache_open(cache, fd, path, &image);

	return r ? NULL : image;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

extern const char __executable_start[] __attribute__((visibility("hidden")));

static uint64_t code_offset(const void *function)
{
	uintptr_t address = (uintptr_t)function;
	uint64_t offset = 0, end;
	struct elf_file file;
	int fd = open_self();

	if (elf_file_init(&file, fd) ||
	    (!elf_file_code_offset(&file, address - (uintptr_t)__executable_start, &offset, &end) &&
	     !elf_file_code_offset(&file, address, &offset, &end)))
		offset = 0;
	close(fd);
	return offset;
}

__attribute__((noinline)) static int a_function(int x)
{
	return x * 5 + tap_run;
}

static void test_identity(void)
{
	struct image_cache *cache = new_cache(&image_limits_default);
	struct image *a, *b, *c;
	struct image_range range = {0};
	uint64_t offset = code_offset((const void *)a_function);
	struct str name = {"", 0};
	struct stat st;
	int fd;

	fd = open_self();
	fstat(fd, &st);
	a = get(cache, fd, "/usr/bin/prog");
	if (!ok(a != NULL, "a program is an image"))
		return;
	fd = open_self();
	b = get(cache, fd, "/other/name");
	ok(a == b && !is_open(fd),
	   "opened again it is the same, and the second descriptor is closed");
	c = image_cache_find(cache, major(st.st_dev), minor(st.st_dev), st.st_ino, right_now());
	ok(c == a, "it is found by device and inode");
	ok(!image_cache_find(cache, major(st.st_dev), minor(st.st_dev), st.st_ino + 1, right_now()),
	   "another inode is not");
	ok(!image_cache_find(cache, 250, 77, st.st_ino, right_now()), "nor another device");
	ok(str_eq(image_module(a), STR_LIT("prog")), "its module is the base name");
	ok(str_eq(image_path(a), STR_LIT("/usr/bin/prog")),
	   "its path is the one that was given first");
	ok(!image_is_loader(a), "a program is no loader");
	ok(a_function(1) != 0 && image_symbol(a, offset, &name, &range), "a function has a name");
	ok(str_eq(name, STR_LIT("a_function")) && range.start == offset && range.until > offset + 3,
	   "which is right, and where it is too");
	ok(image_symbol(a, offset + 3, &name, NULL) && str_eq(name, STR_LIT("a_function")),
	   "inside of it as well");
	ok(!image_symbol(a, 0, &name, &range), "the header of the file has no name");
	image_unref(c);
	image_unref(b);
	image_unref(a);
	c = image_cache_find(cache, major(st.st_dev), minor(st.st_dev), st.st_ino, right_now());
	ok(c == a, "without references it stays known");
	image_unref(c);
	image_unref(NULL);
	image_cache_free(cache);
	image_cache_free(NULL);
}

static void test_libc(void)
{
	static const char *const libs[] = {"/lib/x86_64-linux-gnu/libc.so.6",
					   "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"};
	static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2",
					      "/lib/ld-linux-aarch64.so.1"};
	struct image_cache *cache = new_cache(&image_limits_default);
	struct image *image = NULL;
	struct image_stats stats;
	int fd = -1;

	for (size_t i = 0; i < ARRAY_SIZE(libs) && fd < 0; i++)
		fd = open(libs[i], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		tap_skip("no libc where it is looked for");
	} else {
		struct str name, id;
		size_t named = 0;

		image = get(cache, fd, "/lib/libc.so.6");
		for (uint64_t offset = 0; offset < 4 << 20; offset += 64)
			named += image_symbol(image, offset, &name, NULL);
		ok(named > 1000, "libc has names (%zu places)", named);
		id = image_build_id(image);
		ok(!id.len || strspn(id.p, "0123456789abcdef") >= id.len,
		   "its build id is hexadecimal");
		ok(!image_is_loader(image), "libc is not the loader");
		image_cache_stats(cache, &stats);
		ok(stats.images == 1 && stats.loaded_tables == 1 && !stats.memory_bytes,
		   "one table is open, and takes no memory");
		image_unref(image);
	}
	fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(loaders) && fd < 0; i++)
		fd = open(loaders[i], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		tap_skip("no loader where it is looked for");
	} else {
		image = get(cache, fd, "/usr/lib/ld-linux-x86-64.so.2");
		ok(image && image_is_loader(image), "the loader is");
		image_unref(image);
	}
	image_cache_free(cache);
}

static void test_change(void)
{
	struct image_cache *cache = new_cache(&image_limits_default);
	struct image *old, *found, *fresh;
	uint64_t opened_ns;
	struct stat st;
	struct str name;
	int fd = put("lib.so", "no ELF at all");

	fstat(fd, &st);
	old = get(cache, fd, tmpdir_at("lib.so (deleted)"));
	ok(old && !image_symbol(old, 1, &name, NULL), "a text file is an image without names");
	ok(str_eq(image_module(old), STR_LIT("lib.so")),
	   "that it was unlinked is not part of its name");
	is_u64(image_build_id(old).len, 0, "it has no build id");
	opened_ns = right_now();
	close(put("lib.so", "written to in place"));
	found = image_cache_find(cache, major(st.st_dev), minor(st.st_dev), st.st_ino, 1);
	ok(found == old, "what was mapped before it was opened is not asked for again");
	image_unref(found);
	found = image_cache_find(cache, major(st.st_dev), minor(st.st_dev), st.st_ino, opened_ns);
	ok(!found, "a file that was written to is not found by its inode");
	fresh = get(cache, open(tmpdir_at("lib.so"), O_RDONLY | O_CLOEXEC), tmpdir_at("lib.so"));
	ok(fresh && fresh != old && image_id(fresh) != image_id(old), "it is another image");
	found = image_cache_find(cache, major(st.st_dev), minor(st.st_dev), st.st_ino, right_now());
	ok(found == fresh, "and found from then on");
	image_unref(found);
	image_unref(fresh);
	image_unref(old);
	fd = open(tmpdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok(!get(cache, fd, tmpdir) && !is_open(fd), "a directory is refused and closed");
	image_cache_free(cache);
}

static void test_limits(void)
{
	struct image_limits limits = image_limits_default;
	struct image_cache *cache;
	struct image *images[4], *image;
	struct image_stats stats;
	struct str name;
	char file[16];
	uint32_t first;
	int fd;

	limits.max_images = 3;
	cache = new_cache(&limits);
	for (size_t i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "f%zu", i);
		images[i] = get(cache, put(file, file), file);
	}
	fd = put("f3", "f3");
	ok(!get(cache, fd, "f3") && !is_open(fd), "full of images in use: refused and closed");
	first = image_id(images[1]);
	image_unref(images[1]);
	image_unref(images[0]);
	image_unref(image_ref(images[1])); /* images[0] is now the one used longest ago */
	images[3] = get(cache, put("f3", "f3"), "f3");
	ok(images[3] != NULL, "one without references makes room");
	image = get(cache, open(tmpdir_at("f1"), O_RDONLY | O_CLOEXEC), "f1");
	ok(image && image_id(image) == first, "the one used last is still known");
	image_cache_stats(cache, &stats);
	is_u64(stats.images, 3, "there are never more than allowed");
	image_unref(image);
	image_unref(images[2]);
	image_unref(images[3]);
	for (size_t i = 0; i < 500; i++) {
		snprintf(file, sizeof(file), "g%zu", i % 50);
		image = get(cache, put(file, file), file);
		image_unref(image);
	}
	image_cache_stats(cache, &stats);
	is_u64(stats.images, 3, "nor after 500 more");
	image_cache_free(cache);

	limits = image_limits_default;
	limits.max_file_bytes = 1000;
	cache = new_cache(&limits);
	image = get(cache, open_self(), "self");
	ok(image && !image_symbol(image, code_offset((const void *)a_function), &name, NULL),
	   "a file over the limit has no names");
	image_cache_stats(cache, &stats);
	is_u64(stats.refused_files, 1, "and is counted");
	image_unref(image);
	image_cache_free(cache);
}

static void copy_self(const char *name)
{
	char buf[65536];
	int in = open_self(), out = put(name, "");
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			break;
	close(in);
	close(out);
}

/* Two files and one table: each question opens or makes a symbol file anew. */
static void test_budget(void)
{
	struct image_limits limits = image_limits_default;
	uint64_t offset = code_offset((const void *)a_function);
	struct image_cache *cache;
	struct image *one, *two;
	struct image_stats stats;
	struct str name;

	copy_self("one");
	copy_self("two");
	limits.max_tables = 1;
	cache = new_cache(&limits);
	one = get(cache, open(tmpdir_at("one"), O_RDONLY | O_CLOEXEC), "one");
	two = get(cache, open(tmpdir_at("two"), O_RDONLY | O_CLOEXEC), "two");
	for (int i = 0; i < 3; i++) {
		ok(image_symbol(one, offset, &name, NULL) && str_eq(name, STR_LIT("a_function")),
		   "the one is named");
		ok(image_symbol(two, offset, &name, NULL) && str_eq(name, STR_LIT("a_function")),
		   "so is the other");
	}
	image_cache_stats(cache, &stats);
	is_u64(stats.loaded_tables, 1, "one table is open");
	is_u64(stats.evicted_tables, 5, "they were made again in turn");
	is_u64(stats.child_runs, 6, "since there is no directory to keep them in");
	ok(!unlink(tmpdir_at("one")) && image_symbol(one, offset, &name, NULL),
	   "also after the file was unlinked");
	image_unref(one);
	image_unref(two);
	image_cache_free(cache);

	limits = image_limits_default;
	limits.cache_bytes = 100; /* of symbol files without a name */
	cache = new_cache(&limits);
	copy_self("one");
	one = get(cache, open(tmpdir_at("one"), O_RDONLY | O_CLOEXEC), "one");
	two = get(cache, open(tmpdir_at("two"), O_RDONLY | O_CLOEXEC), "two");
	ok(image_symbol(one, offset, &name, NULL) && image_symbol(two, offset, &name, NULL),
	   "a table over the whole budget is kept while it is asked");
	image_cache_stats(cache, &stats);
	ok(stats.loaded_tables == 1 && stats.evicted_tables == 1, "but not beside another");
	image_unref(one);
	image_unref(two);
	image_cache_free(cache);

	limits = image_limits_default;
	limits.max_symbols = 10;
	cache = new_cache(&limits);
	two = get(cache, open(tmpdir_at("two"), O_RDONLY | O_CLOEXEC), "two");
	ok(!image_symbol(two, offset, &name, NULL) && !image_is_pending(two),
	   "a file with more functions than allowed has no names");
	image_cache_stats(cache, &stats);
	is_u64(stats.refused_files, 1, "and is counted");
	image_unref(two);
	image_cache_free(cache);
}

static uint64_t now_ns = NSEC_PER_SEC, step_ns;

static uint64_t stepping(void *arg)
{
	(void)arg;
	return now_ns += step_ns;
}

/* Two tables of which one fits: each question would have to read a table anew. */
static void test_share_of_time(void)
{
	const struct clock clock = {.mono_ns = stepping, .cpu_ns = stepping};
	struct image_limits limits = image_limits_default;
	uint64_t offset = code_offset((const void *)a_function), named = 0;
	struct image_cache *cache;
	struct image *images[2];
	struct image_stats stats;
	struct str name;

	limits.max_tables = 1;
	limits.clock = &clock;
	limits.read_share = 10;
	limits.read_burst_ns = 2 * NSEC_PER_SEC;
	cache = new_cache(&limits);
	copy_self("three");
	images[0] = get(cache, open_self(), "self");
	images[1] = get(cache, open(tmpdir_at("three"), O_RDONLY | O_CLOEXEC), "three");
	step_ns = NSEC_PER_SEC / 2; /* so long each reading takes */
	for (size_t i = 0; i < 40; i++)
		named += image_symbol(images[i % 2], offset, &name, NULL);
	step_ns = 0;
	image_cache_stats(cache, &stats);
	ok(named > 4 && stats.put_off > 10 && stats.put_off == 40 - named,
	   "reading by turns is given up after a while (%" PRIu64 " of 40)", named);
	ok(!image_symbol(images[0], offset, &name, NULL) ||
		   !image_symbol(images[1], offset, &name, NULL),
	   "one of them has no names now");
	ok(image_is_pending(images[0]) || image_is_pending(images[1]), "...which may change");
	now_ns += 1000 * NSEC_PER_SEC;
	ok(image_symbol(images[0], offset, &name, NULL) &&
		   image_symbol(images[1], offset, &name, NULL),
	   "it does when time has passed");
	image_unref(images[0]);
	image_unref(images[1]);
	image_cache_free(cache);
}

/* What nobody maps any more is let go of after a while, and its descriptor with it. */
static void test_idle(void)
{
	const struct clock clock = {.mono_ns = stepping, .cpu_ns = stepping};
	struct image_limits limits = image_limits_default;
	struct image *used, *idle;
	struct image_cache *cache;
	struct image_stats stats;
	int fd;

	limits.clock = &clock;
	limits.max_idle_ns = 80 * NSEC_PER_SEC;
	cache = new_cache(&limits);
	copy_self("idle");
	used = get(cache, open_self(), "self");
	fd = open(tmpdir_at("idle"), O_RDONLY | O_CLOEXEC);
	idle = get(cache, fd, "idle");
	image_unref(idle);
	now_ns += 70 * NSEC_PER_SEC;
	image_cache_expire(cache);
	ok(is_open(fd), "a file that was mapped a moment ago stays known");
	now_ns += 20 * NSEC_PER_SEC;
	image_cache_expire(cache);
	image_cache_stats(cache, &stats);
	ok(!is_open(fd), "one that nobody has mapped for long is let go of");
	is_u64(stats.images, 1, "...and one that is in use stays");
	image_unref(used);
	image_cache_free(cache);
}

/* The headers are at the start, the symbols at the end: cut anywhere, the rest must be safe. */
static void test_truncated(void)
{
	uint64_t offset = code_offset((const void *)a_function);
	struct image_cache *cache = new_cache(&image_limits_default);
	struct image *image;
	struct stat st;
	struct str name;
	size_t wrong = 0;
	int fd;

	copy_self("cut");
	stat(tmpdir_at("cut"), &st);
	for (off_t len = st.st_size; len > 0; len -= len > 4096 ? st.st_size / 200 : 16) {
		fd = open(tmpdir_at("cut"), O_RDWR | O_CLOEXEC);
		if (ftruncate(fd, len))
			break;
		image = get(cache, fd, "cut");
		wrong += !image;
		if (image && image_symbol(image, offset, &name, NULL))
			wrong += !str_eq(name, STR_LIT("a_function"));
		image_unref(image);
	}
	is_u64(wrong, 0, "a program cut off anywhere has the right name or none");
	copy_self("cut");
	image = get(cache, open(tmpdir_at("cut"), O_RDWR | O_CLOEXEC), "cut");
	ok(image_symbol(image, offset, &name, NULL) && !truncate(tmpdir_at("cut"), 0),
	   "a file shrinks while it is known");
	ok(!image_symbol(image, offset, &name, NULL), "its names are gone");
	image_unref(image);
	image_cache_free(cache);
}

int main(void)
{
	tmpdir_make();
	test_identity();
	test_libc();
	test_change();
	test_limits();
	test_budget();
	test_share_of_time();
	test_idle();
	test_truncated();
	ok(tmpdir_remove(), "the test directory is gone");
	return tap_done();
}
