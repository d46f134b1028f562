// SPDX-License-Identifier: Apache-2.0
/*
 * The names of images through a real sandbox and a real directory: what a restart costs, what
 * damage, lack of room and hostile files do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/image.h"
#include "elf/jobs.h"
#include "elf/rulejob.h"
#include "elf/symjob.h"
#include "unit/bigelf.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"
#include "unit/zygote.h"
#include "unit/build_rules.h"

#define FUNCTIONS 3000

/* As symjob_run(), but some files are more than it can bear. */
static int fragile(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		   void **state)
{
	char head[4] = "";

	if (fd_cnt && pread(fds[0], head, 4, 0) == 4 && !memcmp(head, "BOOM", 4))
		__builtin_trap();
	return symjob_run(fds, fd_cnt, request, reply, state);
}

static const struct sandbox_job jobs[] = {
	[JOB_SYMBOLS] = {"symbols", fragile},
	[JOB_RULES] = {"rules", rulejob_run},
};

static struct sandbox *sandbox;

struct agent {
	struct image_cache *cache;
	struct image *image;
};

/* `dir` is a name in the test directory; NULL: none. The path stays valid. */
static struct image_limits limits_of(const char *dir)
{
	static char paths[16][256];
	static size_t next;
	struct image_limits limits = image_limits_default;

	limits.sandbox = sandbox;
	if (dir) {
		limits.cache_dir = paths[next];
		snprintf(paths[next++ % 16], sizeof(paths[0]), "%s/%s", tmpdir, dir);
	}
	return limits;
}

static struct agent start(const struct image_limits *limits, const char *file)
{
	struct agent a = {.cache = NULL};

	if (image_cache_new(limits, &a.cache) ||
	    image_cache_open(a.cache, open(tmpdir_at(file), O_RDONLY | O_CLOEXEC), tmpdir_at(file),
			     &a.image))
		printf("Bail out! no image\n");
	return a;
}

static void stop(struct agent *a)
{
	image_unref(a->image);
	image_cache_free(a->cache);
}

static struct image_stats stats_of(const struct agent *a)
{
	struct image_stats stats;

	image_cache_stats(a->cache, &stats);
	return stats;
}

/* How many of every step-th function are named right, out of *ret_asked. */
static size_t right(const struct agent *a, uint64_t step, size_t *ret_asked)
{
	size_t held = 0, asked = 0;
	char want[64];
	struct str name;

	for (uint64_t i = 0; i < FUNCTIONS; i += step, asked++) {
		snprintf(want, sizeof(want), "program::namespace::method_%08x", (unsigned int)i);
		held += image_symbol(a->image, bigelf_offset(i, FUNCTIONS) + 5, &name, NULL) &&
			str_eq(name, str_of(want));
	}
	*ret_asked = asked;
	return held;
}

static bool all_right(const struct agent *a)
{
	size_t asked, held = right(a, 97, &asked);

	if (held != asked)
		printf("# %zu of %zu are right\n", held, asked);
	return held == asked;
}

static void test_restart(void)
{
	struct image_limits limits = limits_of("cache");
	struct agent a = start(&limits, "big");
	struct image_stats stats;
	struct str id;

	ok(all_right(&a), "a child names %d functions", FUNCTIONS);
	stats = stats_of(&a);
	ok(stats.child_runs == 1 && !stats.cache_hits, "one child");
	ok(stats.cache_files == 1 && stats.cache_bytes > FUNCTIONS * 16,
	   "leaves one file behind (%zu bytes)", (size_t)stats.cache_bytes);
	id = image_build_id(a.image);
	is_u64(id.len, 0, "the build id is known to be none");
	stop(&a);

	a = start(&limits, "big");
	ok(all_right(&a), "after a restart the names are the same");
	stats = stats_of(&a);
	ok(!stats.child_runs && stats.cache_hits == 1, "without any child");
	stop(&a);

	limits = limits_of("lazy");
	limits.max_eager = 10;
	a = start(&limits, "big");
	ok(all_right(&a), "names that are demangled when they are asked for are the same");
	stats = stats_of(&a);
	ok(stats.child_runs == 1, "...by one more child for all of them");
	stop(&a);
}

/* The only file in a directory. */
static const char *only_file(const char *dir)
{
	static char path[1024];
	DIR *d = opendir(dir);
	struct dirent *de;

	path[0] = '\0';
	while (d && (de = readdir(d)))
		if (de->d_name[0] != '.')
			snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
	if (d)
		closedir(d);
	return path;
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	if (pread(fd, &c, 1, at) == 1) {
		c ^= 0x10;
		if (pwrite(fd, &c, 1, at) != 1)
			printf("Bail out! cannot damage %s\n", path);
	}
	close(fd);
}

static void test_damage(void)
{
	struct image_limits limits = limits_of("cache");
	struct stat st;
	size_t wrong = 0, rounds = 0, rebuilt = 0;
	struct agent a;
	size_t asked;

	stat(only_file(limits.cache_dir), &st);
	for (off_t at = 0; at < st.st_size; at += 4001, rounds++) {
		flip(only_file(limits.cache_dir), at);
		a = start(&limits, "big");
		(void)right(&a, 1, &asked); /* finds the damage, at the latest */
		wrong += right(&a, 97, &asked) != asked;
		rebuilt += stats_of(&a).child_runs == 1 && stats_of(&a).damaged_tables == 1;
		stop(&a);
	}
	is_u64(wrong, 0, "a flipped bit anywhere in it costs no name and makes none wrong");
	is_u64(rebuilt, rounds, "it is noticed, and the file made anew");
	wrong = 0;
	limits.cached_blocks = 4; /* what is in memory cannot be damaged on the disk */
	for (off_t len = 0; len < st.st_size; len += st.st_size / 7) {
		wrong += truncate(only_file(limits.cache_dir), len) != 0;
		a = start(&limits, "big");
		wrong += !all_right(&a);
		stop(&a);
	}
	is_u64(wrong, 0, "cut off anywhere, too");
	a = start(&limits, "big");
	ok(all_right(&a) && !stats_of(&a).child_runs, "and then it is whole");
	flip(only_file(limits.cache_dir), 4096 + 5);
	for (uint64_t offset = 0; offset < 65536; offset += 64) {
		struct str name;

		(void)image_symbol(a.image, offset, &name, NULL);
	}
	ok(all_right(&a) && stats_of(&a).damaged_tables == 1, "damage while it is open, too");
	stop(&a);
}

static void make_copies(const char *prefix, int cnt)
{
	char name[64];

	for (int i = 0; i < cnt; i++) {
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		if (bigelf_write(tmpdir_at(name), FUNCTIONS))
			printf("Bail out! cannot write %s\n", name);
	}
}

static size_t files_in(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	size_t cnt = 0;

	while (d && (de = readdir(d)))
		cnt += de->d_name[0] != '.';
	if (d)
		closedir(d);
	return cnt;
}

static void test_bound(void)
{
	const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct image_limits limits = limits_of("bounded");
	struct agent a;
	char name[64];

	make_copies("copy", 12);
	limits.cache_files = 8;
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "copy%d", i);
		a = start(&limits, name);
		if (!i) {
			ok(all_right(&a), "the first of twelve");
			utimensat(AT_FDCWD, only_file(limits.cache_dir), long_ago, 0);
		} else if (i == 5) { /* used again: not the oldest any more */
			stop(&a);
			a = start(&limits, "copy0");
			ok(all_right(&a) && !stats_of(&a).child_runs, "is used again");
			stop(&a);
			a = start(&limits, name);
		}
		ok(all_right(&a), "%s has names", name);
		stop(&a);
	}
	ok(files_in(limits.cache_dir) <= 8, "never more than 8 files (%zu)",
	   files_in(limits.cache_dir));
	limits.cache_files = 100;
	limits.cache_bytes = 500000;
	a = start(&limits, "copy11");
	ok(all_right(&a) && stats_of(&a).cache_bytes <= 500000 && stats_of(&a).cache_evicted,
	   "nor more bytes than allowed");
	stop(&a);
}

static void test_no_room(void)
{
	struct image_limits limits = limits_of("big/below");
	struct agent a = start(&limits, "big");

	ok(all_right(&a) && stats_of(&a).cache_failures == 1,
	   "a directory that cannot be: names all the same, and counted");
	stop(&a);
	if (mkdir(tmpdir_at("full"), 0755) || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", tmpdir_at("full"), "tmpfs", 0, "size=40k")) {
		tap_skip("may not mount here");
		return;
	}
	limits = limits_of("full");
	a = start(&limits, "big");
	ok(all_right(&a) && stats_of(&a).cache_failures == 1, "a directory that is full, too");
	is_u64(files_in(limits.cache_dir), 0, "and nothing half-made is left in it");
	stop(&a);
	umount(tmpdir_at("full"));
}

static void test_hostile(void)
{
	struct image_limits limits = limits_of("cache");
	struct agent a, b;
	struct str name;

	close(tmpdir_open("boom", "BOOM and something", 18));
	a = start(&limits, "boom");
	ok(!image_symbol(a.image, 5, &name, NULL) && !image_is_pending(a.image),
	   "a file that kills its child has no names");
	is_u64(stats_of(&a).refused_files, 1, "and is counted");
	ok(!image_symbol(a.image, 5, &name, NULL) && stats_of(&a).child_runs == 1,
	   "it is not asked again");
	stop(&a);
	b = start(&limits, "big");
	ok(all_right(&b), "others keep theirs");
	stop(&b);
}

static const char *debug_file; /* what is at the only path where one is; NULL: nothing */
static size_t debug_asked;

static int open_debug(void *arg, uint32_t pid, const char *path)
{
	debug_asked++;
	if (!debug_file || pid != 77 || !strstr(path, "/p.debug") || strstr(path, "/.debug/"))
		return -ENOENT;
	return open(tmpdir_at(debug_file), O_RDONLY | O_CLOEXEC);
}

/* Asks every place for a function that only .symtab knows. */
static bool knows_local(struct agent *a)
{
	struct str name;

	image_set_pid(a->image, 77);
	image_cache_set_debug(a->cache, open_debug, NULL);
	for (uint64_t offset = 0; offset < 16384; offset += 2)
		if (image_symbol(a->image, offset, &name, NULL) &&
		    str_eq(name, STR_LIT("a_local_function")))
			return true;
	return false;
}

static void test_debug_file(void)
{
	static const char program[] = "__attribute__((noinline)) static int a_local_function(int x)"
				      "{ return x * 3; } int main(int c, char **v)"
				      "{ return a_local_function(c); }";
	struct image_limits limits = limits_of("debugged");
	char command[2048];
	struct agent a;

	close(tmpdir_open("p.c", program, sizeof(program) - 1));
	snprintf(command, sizeof(command),
		 "cd %s && cc -O1 -o p p.c && objcopy --only-keep-debug p p.debug &&"
		 "strip p && objcopy --add-gnu-debuglink=p.debug p",
		 tmpdir);
	if (system(command)) {
		tap_skip("no compiler that links here");
		return;
	}
	a = start(&limits, "p");
	ok(!knows_local(&a) && debug_asked == 4, "a stripped program: four places are looked at");
	is_u64(stats_of(&a).child_runs, 1, "by one child");
	stop(&a);
	debug_file = "p.debug";
	a = start(&limits, "p");
	ok(knows_local(&a), "once its debug file is there, it is used");
	ok(stats_of(&a).child_runs == 1 && stats_of(&a).cache_hits == 1, "by another child");
	stop(&a);
	a = start(&limits, "p");
	ok(knows_local(&a) && !stats_of(&a).child_runs, "after a restart no more is needed");
	ok(image_build_id(a.image).len == 40, "the build id is known (%.*s)",
	   (int)image_build_id(a.image).len, image_build_id(a.image).p);
	stop(&a);
}

static uint64_t fake_ns;

static uint64_t fake_mono(void *arg)
{
	(void)arg;
	return fake_ns;
}

static uint64_t no_cpu(void *arg)
{
	(void)arg;
	return 0;
}

static const struct clock fake_clock = {.mono_ns = fake_mono, .cpu_ns = no_cpu};

static struct image *this_program(struct image_cache *cache, int fd)
{
	struct image *image = NULL;

	if (image_cache_open(cache, fd, "/proc/self/exe", &image))
		printf("Bail out! cannot open this program\n");
	return image;
}

static uint64_t child_runs(const struct image_cache *cache)
{
	struct image_stats stats;

	image_cache_stats(cache, &stats);
	return stats.child_runs;
}

static void test_rules(void)
{
	struct image_limits limits = limits_of(NULL);
	struct buf inside, outside;
	struct image_cache *cache = NULL;
	struct image *image;
	struct elf_file file;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), r;

	limits.clock = &fake_clock;
	fake_ns = NSEC_PER_SEC;
	buf_init(&inside, RULES_MAX_BYTES);
	buf_init(&outside, RULES_MAX_BYTES);
	r = elf_file_init(&file, fd);
	/* in the same portions: padding at the end of one is not taken for the row before it */
	for (uint32_t first = 0; first < RULES_MAX_CHUNKS && !r; first += 16)
		r = build_rules(&file, NULL, first, 16, &outside);
	if (r || image_cache_new(&limits, &cache)) {
		printf("Bail out! no images\n");
		exit(1);
	}
	image = this_program(cache, fd);
	for (uint32_t first = 0; first < RULES_MAX_CHUNKS && !r; first += 16)
		r = image_rules(image, first, 16, &inside);
	ok(!r && inside.len > 4 * RULES_MAX_CHUNKS && str_eq(buf_str(&inside), buf_str(&outside)),
	   "unwind rules out of the sandbox are those of rules_build() (%zu bytes)", inside.len);
	is_u64(child_runs(cache), 1, "one child answers all questions about a file");

	fake_ns += 60 * NSEC_PER_SEC;
	image_cache_expire(cache);
	r = image_rules(image, 0, 1, &inside);
	ok(!r && child_runs(cache) == 2, "it is gone when nobody asks any more");
	for (int i = 0; i < 200 && !r; i++) {
		buf_clear(&inside);
		r = image_rules(image, 0, 1, &inside);
	}
	ok(!r && child_runs(cache) == 5, "and after so many questions (%d children)",
	   (int)child_runs(cache));
	buf_release(&inside);
	buf_release(&outside);
	image_unref(image);
	image_cache_free(cache);
}

static void test_shrink(void)
{
	struct image_limits limits = limits_of("cache");
	struct agent a = start(&limits, "big");
	uint64_t runs;

	ok(all_right(&a), "names");
	runs = stats_of(&a).child_runs;
	image_cache_shrink(a.cache);
	ok(all_right(&a), "are found again after memory was short");
	is_u64(stats_of(&a).child_runs, runs, "in the symbol file that is there");
	stop(&a);

	limits = limits_of(NULL);
	a = start(&limits, "big");
	ok(all_right(&a), "names, without a directory");
	image_cache_shrink(a.cache);
	image_cache_shrink(a.cache);
	ok(all_right(&a) && !stats_of(&a).memory_bytes, "are found again, too");
	stop(&a);
}

/* More files in turn than there may be children. */
/* Nobody can parse anything for a while: what was asked for waits, and nothing is given up. */
static void test_lost_zygote(void)
{
	struct image_limits lazy = limits_of("lost");
	struct agent a, b;
	struct buf rules;
	struct str name;
	int r;

	buf_init(&rules, RULES_MAX_BYTES);
	lazy.max_eager = 0; /* each name is demangled when it is asked for */
	a = start(&lazy, "big");
	ok(image_symbol(a.image, bigelf_offset(3, FUNCTIONS), &name, NULL), "a name");
	kill_zygote(sandbox);
	ok(!image_symbol(a.image, bigelf_offset(4, FUNCTIONS), &name, NULL) &&
		   image_is_pending(a.image),
	   "the next one is not demangled without a zygote: pending");
	lazy.cache_dir = NULL;
	b = start(&lazy, "big");
	ok(!image_symbol(b.image, bigelf_offset(4, FUNCTIONS), &name, NULL) &&
		   image_is_pending(b.image),
	   "a file waits to be parsed");
	r = image_rules(b.image, 0, 1, &rules);
	is_i64(r, -EAGAIN, "and so do its rules");
	await_zygote(sandbox);
	ok(all_right(&a), "with another zygote all are named");
	ok(all_right(&b), "in the file that waited, too");
	is_i64(image_rules(b.image, 0, 1, &rules), 0, "and it has its rules");
	is_u64(stats_of(&a).refused_files + stats_of(&b).refused_files, 0, "nothing was given up");
	stop(&a);
	stop(&b);
	buf_release(&rules);
}

static void test_many_rules(void)
{
	struct image_limits limits = limits_of(NULL);
	struct image *images[6];
	struct image_cache *cache;
	struct buf reply;
	uint64_t runs;
	bool good = true;
	char name[16];

	buf_init(&reply, RULES_MAX_BYTES);
	if (image_cache_new(&limits, &cache)) {
		printf("Bail out! no images\n");
		exit(1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		snprintf(name, sizeof(name), "rules%zu", i);
		if (bigelf_write(tmpdir_at(name), 10) ||
		    image_cache_open(cache, open(tmpdir_at(name), O_RDONLY | O_CLOEXEC), name,
				     &images[i]))
			printf("Bail out! cannot write %s\n", name);
	}
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < ARRAY_SIZE(images); i++)
			good &= !image_rules(images[i], 0, 1, &reply);
	runs = child_runs(cache);
	ok(good && runs == 18, "six files in turn have a child at each question (%d)", (int)runs);
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < 3; i++)
			good &= !image_rules(images[i], 0, 1, &reply);
	ok(good && child_runs(cache) == runs + 3, "three of them have one each");
	buf_release(&reply);
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		image_unref(images[i]);
	image_cache_free(cache);
}

int main(int argc, char **argv)
{
	struct err err;

	sandbox_serve(argc, argv, jobs, ARRAY_SIZE(jobs));
	if (sandbox_new(&sandbox, &err)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	tmpdir_make();
	if (bigelf_write(tmpdir_at("big"), FUNCTIONS))
		return 1;
	test_restart();
	test_damage();
	test_bound();
	test_no_room();
	test_hostile();
	test_debug_file();
	test_rules();
	test_many_rules();
	test_shrink();
	test_lost_zygote();
	sandbox_free(sandbox);
	ok(tmpdir_remove(), "the test directory is gone");
	return tap_done();
}
