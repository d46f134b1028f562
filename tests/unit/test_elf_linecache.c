// SPDX-License-Identifier: Apache-2.0
/*
 * Lines by way of the sandbox: sessions that come and go, and files whose DWARF lies. Sanitized
 * builds have no filter and no limit of memory (base/sandbox.h): tests/flow/linecache.t runs this
 * program without a sanitizer.
 */
#include <elf.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/jobs.h"
#include "elf/linecache.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"
#include "unit/zygote.h"

#define MAX_PLACES 64
#define DAMAGED	   150

static const struct sandbox_job jobs[] = {[JOB_LINES] = {"lines", lines_job}};

static const char source[] = "volatile int sink;\n"
			     "static inline int inner(int n) { sink = n; return sink + n; }\n"
			     "__attribute__((noinline)) int outer(int n)\n"
			     "{\n"
			     "	return inner(n) + inner(n + 1);\n"
			     "}\n"
			     "int main(int argc, char **argv) { return outer(argc); }\n";

static uint64_t offsets[MAX_PLACES];
static size_t offset_cnt;

struct seen {
	size_t places, frames, inlined, lines;
	bool has_inner, has_outer;
};

static int look(void *arg, size_t i, const struct lines_frame *frames, size_t cnt)
{
	struct seen *s = arg;

	s->places++;
	for (size_t k = 0; k < cnt; k++) {
		s->frames++;
		s->inlined += frames[k].is_inlined;
		s->lines += frames[k].line > 0;
		s->has_inner |= str_eq(frames[k].name, STR_LIT("inner")) && k == 1 &&
				frames[k].line == 2 && frames[k].start == 2;
		s->has_outer |= str_eq(frames[k].name, STR_LIT("outer")) && k == 0 &&
				frames[k].line == 5 && frames[k].start == 3 &&
				str_eq(frames[k].file, STR_LIT("a.c"));
	}
	return 0;
}

static int stop(void *arg, size_t i, const struct lines_frame *frames, size_t cnt)
{
	return i == 3 ? -ECANCELED : 0;
}

static bool is_whole(const struct seen *s)
{
	return s->places == offset_cnt && s->has_inner && s->has_outer && s->inlined > 2;
}

/* Some places in the code of the program. */
static void choose_places(int fd)
{
	struct elf_section *sections = NULL;
	struct elf_file file;
	size_t cnt = 0;

	if (elf_file_init(&file, fd) || elf_file_sections(&file, &sections, &cnt))
		cnt = 0;
	for (size_t i = 0; i < cnt; i++) {
		const struct elf_section *s = &sections[i];

		if (s->type != SHT_PROGBITS || !(s->flags & SHF_EXECINSTR) || s->size < 200)
			continue;
		for (uint64_t at = s->size % 5; at < s->size && offset_cnt < MAX_PLACES; at += 5)
			offsets[offset_cnt++] = s->offset + at;
	}
	free(sections);
}

/* More files than may be open at a time, all the same one by other numbers. */
static void test_sessions(struct sandbox *sb, int fd)
{
	struct linecache *c = NULL;
	struct linecache_stats stats;
	size_t good = 0;

	ok(!linecache_new(sb, &c), "a cache %s a sandbox", sb ? "with" : "without");
	for (uint64_t id = 1; id <= 3 * LINECACHE_MAX_OPEN; id++) {
		for (int twice = 0; twice < 2; twice++) {
			struct seen s = {0};

			good += !lines_resolve(c, id, fd, -1, offsets, offset_cnt, look, &s) &&
				is_whole(&s);
		}
	}
	is_u64(good, 6 * LINECACHE_MAX_OPEN, "answers for all files");
	linecache_stats(c, &stats);
	is_u64(stats.opened, 3 * LINECACHE_MAX_OPEN, "each was opened once");
	is_u64(stats.failed, 0, "none failed");
	is_u64(stats.asked, good * offset_cnt, "every place was asked for");
	is_i64(lines_resolve(c, 1, fd, -1, offsets, offset_cnt, stop, NULL), -ECANCELED,
	       "who was asked may stop");
	linecache_free(c);
}

static void test_failure(struct sandbox *sb)
{
	struct linecache *c = NULL;
	struct linecache_stats stats;
	int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
	struct seen s = {0};

	ok(!linecache_new(sb, &c), "a file without DWARF");
	is_i64(lines_resolve(c, 7, fd, -1, offsets, 1, look, &s), -ENOENT, "has no lines");
	is_i64(lines_resolve(c, 7, fd, -1, offsets, 1, look, &s), -ENOENT, "nor later");
	linecache_stats(c, &stats);
	ok(stats.opened == 1 && stats.failed == 1 && !s.places, "and is not asked again");
	linecache_free(c);
	close(fd);
}

/* Not the file's fault: it waits, open or not, and is whole afterwards. */
static void test_lost_zygote(struct sandbox *sb, int fd)
{
	struct linecache *c = NULL;
	struct linecache_stats stats;
	struct seen s = {0}, again = {0};

	ok(!linecache_new(sb, &c) && !lines_resolve(c, 1, fd, -1, offsets, 1, look, &s),
	   "a file that was asked");
	kill_zygote(sb);
	is_i64(lines_resolve(c, 1, fd, -1, offsets, 1, look, &s), -EAGAIN, "waits for a zygote");
	is_i64(lines_resolve(c, 2, fd, -1, offsets, 1, look, &s), -EAGAIN, "as does another");
	await_zygote(sb);
	memset(&s, 0, sizeof(s));
	ok(!lines_resolve(c, 1, fd, -1, offsets, offset_cnt, look, &s) && is_whole(&s),
	   "it is back");
	ok(!lines_resolve(c, 2, fd, -1, offsets, offset_cnt, look, &again) && is_whole(&again),
	   "for both");
	linecache_stats(c, &stats);
	is_u64(stats.failed, 0, "neither has failed");
	linecache_free(c);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Files whose DWARF lies cost their own lines and little time; the others go on. */
static void test_damaged(struct sandbox *sb, int fd)
{
	size_t answered = 0, refused = 0, whole = 0;
	struct linecache *c = NULL;
	uint32_t random = 20240229;
	uint64_t slowest = 0;
	uint8_t *good, *bytes;
	struct stat st;
	int copy = memfd_create("copy", MFD_CLOEXEC);

	if (fstat(fd, &st) || ftruncate(copy, st.st_size) || linecache_new(sb, &c))
		return;
	good = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
	for (uint64_t id = 1; id <= DAMAGED; id++) {
		size_t from = id % 2 ? 0x2000 : 0, span = (size_t)st.st_size - from;
		uint64_t start = clock_mono_ns(&clock_system);
		struct seen s = {0};
		int r;

		memcpy(bytes, good, (size_t)st.st_size);
		for (uint64_t i = 0; i <= id; i++)
			bytes[from + next_random(&random) % span] = (uint8_t)next_random(&random);
		r = lines_resolve(c, id, copy, -1, offsets, offset_cnt, look, &s);
		answered += !r;
		refused += r == -ENOENT;
		start = clock_mono_ns(&clock_system) - start;
		slowest = start > slowest ? start : slowest;
		if (id % 16)
			continue;
		s = (struct seen){0};
		whole += !lines_resolve(c, 1000 + id, fd, -1, offsets, offset_cnt, look, &s) &&
			 is_whole(&s);
	}
	is_u64(answered + refused, DAMAGED, "%zu damaged files answered, %zu refused", answered,
	       refused);
	ok(answered > 20 && refused > 5, "there were both");
	is_u64(whole, DAMAGED / 16, "good files in between are not harmed");
	ok(slowest < 60 * NSEC_PER_SEC, "none hangs (%" PRIu64 " ms)", slowest / 1000000);
	linecache_free(c);
	munmap(good, (size_t)st.st_size);
	munmap(bytes, (size_t)st.st_size);
	close(copy);
}

int main(int argc, char **argv)
{
	struct sandbox *sb = NULL;
	char command[256];
	struct err err;
	int fd;

	sandbox_serve(argc, argv, jobs, ARRAY_SIZE(jobs));
	ok(!sandbox_new(&sb, &err), "a sandbox");
	tmpdir_make();
	close(tmpdir_open("a.c", source, sizeof(source) - 1));
	snprintf(command, sizeof(command), "cd %s && gcc -O2 -g -o program a.c", tmpdir);
	if (!sb || system(command)) {
		tap_skip("no sandbox or no gcc here");
		return tap_done();
	}
	fd = open(tmpdir_at("program"), O_RDONLY | O_CLOEXEC);
	choose_places(fd);
	test_sessions(sb, fd);
	test_sessions(NULL, fd);
	test_failure(sb);
	test_lost_zygote(sb, fd);
	test_damaged(sb, fd);
	close(fd);
	sandbox_free(sb);
	tmpdir_remove();
	return tap_done();
}
