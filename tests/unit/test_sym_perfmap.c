// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "elf/jobs.h"
#include "sym/jitmap.h"
#include "sym/jitparse.h"
#include "sym/perfmap.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"
#include "unit/zygote.h"

static struct sandbox *sandbox; /* of new_maps(); NULL: parsed in this process */
static uint64_t now_ns = NSEC_PER_SEC;
static uint64_t step_ns; /* that each look at the clock takes */

static uint64_t mono(void *arg)
{
	return now_ns += step_ns;
}

static const struct clock test_clock = {.mono_ns = mono};

static void put(const char *name, const char *text)
{
	close(tmpdir_open(name, text, strlen(text)));
}

static void must(bool done, const char *what)
{
	if (!done)
		printf("Bail out! cannot %s\n", what);
}

static void make_process(uint32_t pid, unsigned long long start_time, const char *status)
{
	char name[64], text[512];

	snprintf(name, sizeof(name), "%u/root/tmp", pid);
	must(!fs_mkdirs(tmpdir_at(name), NULL), "make a process");
	snprintf(text, sizeof(text),
		 "%u (a) b (c) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %llu 100 200\n", pid,
		 start_time);
	snprintf(name, sizeof(name), "%u/stat", pid);
	put(name, text);
	snprintf(name, sizeof(name), "%u/status", pid);
	put(name, status);
}

static char status_self[128]; /* a process of whoever runs the test */
static char status_old[64];   /* the same under a kernel without NSpid */

static const char *find(struct perfmaps *maps, uint32_t pid, uint32_t inner, uint64_t address)
{
	static char out[256];
	struct str name;

	if (!perfmap_find(maps, pid, inner, address, &name))
		return "-";
	snprintf(out, sizeof(out), "%.*s", (int)name.len, name.p);
	return out;
}

static struct perfmaps *new_maps(uint32_t max_processes, size_t max_bytes)
{
	struct perfmap_opts opts = {tmpdir, &test_clock, max_processes, max_bytes, sandbox};
	struct perfmaps *maps = NULL;

	if (perfmaps_new(&opts, &maps))
		printf("Bail out! out of memory\n");
	return maps;
}

/* What a sandbox would do, and whoever takes its answer. */
static struct jitmap *parse(const char *text, size_t len, size_t max_lines)
{
	char *copy = strndup(text, len), *owned;
	struct jitmap *map = NULL;
	struct buf table;
	size_t table_len;

	buf_init(&table, 4 << 20);
	if (!jitparse_text(copy, len, max_lines, false, &table)) {
		owned = buf_detach(&table, &table_len);
		if (!owned || jitmap_load(owned, table_len, &map))
			map = NULL;
	}
	buf_release(&table);
	free(copy);
	return map;
}

static const char *jit_at(const char *text, uint64_t address)
{
	static char out[64];
	struct jitmap *map = parse(text, strlen(text), 1000);
	struct str name;

	if (!map)
		return "(failed)";
	snprintf(out, sizeof(out), "-");
	if (jitmap_find(map, address, &name))
		snprintf(out, sizeof(out), "%.*s", (int)name.len, name.p);
	jitmap_free(map);
	return out;
}

static void test_lines(void)
{
	static const char text[] =
		"1000 100 old code\n2000 10 b\n1040 20 new\n0x3000 0x10 with prefix\n"
		"garbage\n4000 0 nothing\n5000 10\n5000 10 \nffffffffffffffff 2 wraps\n"
		"6000 10 LazyCompile:~f /srv/a b.js:1\r\n-1 10 minus\n7000 10 last";
	struct jitmap *map;

	is_str(jit_at(text, 0x1000), "old code", "a name may hold blanks");
	is_str(jit_at(text, 0x103f), "old code", "up to where it was overwritten");
	is_str(jit_at(text, 0x1040), "new", "the later line wins");
	is_str(jit_at(text, 0x1060), "old code", "and the old one goes on behind it");
	is_str(jit_at(text, 0x1100), "-", "but not over its end");
	is_str(jit_at(text, 0x300f), "with prefix", "0x is taken too");
	is_str(jit_at(text, 0x6008), "LazyCompile:~f /srv/a b.js:1", "node's names");
	is_str(jit_at(text, 0x7000), "last", "a last line without newline");
	is_str(jit_at(text, 0xfff), "-", "before the first");
	is_str(jit_at("", 0), "-", "an empty map");
	map = parse(text, strlen(text), 1000);
	is_u64(jitmap_head(map)->rejected_lines, 6, "lines that make no sense are counted");
	jitmap_free(map);
	map = parse(text, strlen(text), 2);
	is_u64(jitmap_head(map)->rejected_lines, 10, "no more lines than allowed");
	is_u64(jitmap_head(map)->span_cnt, 2, "the last ones");
	jitmap_free(map);
	jitmap_free(NULL);
}

/* Random overlapping regions against an array that is painted line by line. */
static void test_overlaps(void)
{
	uint64_t state = 7;
	size_t wrong = 0;

	for (int round = 0; round < 200; round++) {
		static char text[8192];
		int owner[1200];
		struct jitmap *map;
		size_t len = 0;

		memset(owner, -1, sizeof(owner));
		for (int i = 0; i < 60; i++) {
			unsigned int start, size;

			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
			start = (state >> 33) % 1000;
			size = 1 + (state >> 50) % (round % 2 ? 200 : 20);
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%x %x f%d\n",
						start, size, i);
			for (unsigned int a = start; a < start + size; a++)
				owner[a] = i;
		}
		map = parse(text, len, 1000);
		if (!map) {
			wrong++;
			continue;
		}
		for (unsigned int a = 0; a < 1200; a++) {
			char want[16] = "";
			struct str name = {"", 0};

			if (owner[a] >= 0)
				snprintf(want, sizeof(want), "f%d", owner[a]);
			wrong += jitmap_find(map, a, &name) != (owner[a] >= 0) ||
				 !str_eq(name, str_of(want));
		}
		jitmap_free(map);
	}
	is_u64(wrong, 0, "200 maps of overlapping regions");
}

static void test_process(void)
{
	struct perfmaps *maps = new_maps(16, 1 << 20);
	struct perfmap_stats stats;

	make_process(100, 5000, status_self);
	is_str(find(maps, 100, 7, 0x1000), "-", "no map yet");
	put("100/root/tmp/perf-7.map", "1000 10 one\n");
	is_str(find(maps, 100, 7, 0x1000), "-", "it is not looked for at once");
	now_ns += 11 * NSEC_PER_SEC;
	is_str(find(maps, 100, 7, 0x1000), "one", "but later");
	put("100/root/tmp/perf-7.map", "1000 10 one\n2000 10 two\n");
	is_str(find(maps, 100, 7, 0x2000), "-", "a file that grows is not read at every question");
	now_ns += 2 * NSEC_PER_SEC;
	is_str(find(maps, 100, 7, 0x2000), "two", "but soon");
	for (int i = 0; i < 100; i++)
		(void)find(maps, 100, 7, 0x9000);
	perfmaps_stats(maps, &stats);
	is_u64(stats.reads, 2, "an address that nobody knows costs no reading");
	now_ns += 2 * NSEC_PER_SEC;
	(void)find(maps, 100, 7, 0x9000);
	perfmaps_stats(maps, &stats);
	is_u64(stats.reads, 2, "nor does it while the file stays the same");

	make_process(100, 9000, status_self);
	put("100/root/tmp/perf-7.map", "1000 10 uno\n");
	now_ns += 2 * NSEC_PER_SEC;
	is_str(find(maps, 100, 7, 0x1000), "uno", "the pid belongs to another process now");
	must(!rename(tmpdir_at("100"), tmpdir_at("gone")), "end a process");
	now_ns += 5 * NSEC_PER_SEC;
	is_str(find(maps, 100, 7, 0x1000), "uno", "a process that is gone is still named");
	is_str(find(maps, 100, 7, 0x2000), "-", "as far as it was known");

	make_process(101, 1, status_self);
	put("101/root/tmp/perf-7.map", "1000 10 inner\n");
	is_str(find(maps, 101, 0, 0x1000), "inner", "the inner pid is asked of status");
	make_process(102, 1, status_old);
	put("102/root/tmp/perf-102.map", "1000 10 old kernel\n");
	is_str(find(maps, 102, 0, 0x1000), "old kernel", "or is the pid");
	perfmaps_free(maps);
	perfmaps_free(NULL);
}

static void test_hostile(void)
{
	struct perfmaps *maps = new_maps(16, 1 << 20);
	struct perfmap_stats stats;

	make_process(200, 1, status_self);
	put("secret", "1000 10 secret\n");
	must(!symlink("../../../secret", tmpdir_at("200/root/tmp/perf-7.map")), "link");
	is_str(find(maps, 200, 7, 0x1000), "-", "a link out of the root is not followed");
	make_process(201, 1, status_self);
	must(!mkfifo(tmpdir_at("201/root/tmp/perf-7.map"), 0644), "make a FIFO");
	is_str(find(maps, 201, 7, 0x1000), "-", "a FIFO does not stop us");
	make_process(202, 1, status_self);
	must(!mkdir(tmpdir_at("202/root/tmp/perf-7.map"), 0755), "make a directory");
	is_str(find(maps, 202, 7, 0x1000), "-", "nor does a directory");
	make_process(205, 1, status_self);
	put("205/root/tmp/perf-7.map", "1000 10 far\n");
	put("205/mountinfo", "22 1 254:0 / / rw - ext4 /dev/vda rw\n"
			     "23 22 0:40 / /tmp rw - nfs4 server:/tmp rw\n");
	is_str(find(maps, 205, 7, 0x1000), "-", "a map on a network file system is not opened");
	perfmaps_stats(maps, &stats);
	is_u64(stats.refused, 3, "they are counted");
	if (geteuid() != 0) {
		tap_skip("only root can give a file away");
	} else {
		make_process(203, 1, "Uid:\t1000\t1001\t1000\t1000\nNSpid:\t203\t7\n");
		put("203/root/tmp/perf-7.map", "1000 10 mine\n");
		is_str(find(maps, 203, 7, 0x1000), "mine", "a map of root is taken");
		make_process(204, 1, "Uid:\t1000\t1001\t1000\t1000\nNSpid:\t204\t7\n");
		put("204/root/tmp/perf-7.map", "1000 10 other\n");
		must(!chown(tmpdir_at("204/root/tmp/perf-7.map"), 1002, (gid_t)-1),
		     "give a file away");
		is_str(find(maps, 204, 7, 0x1000), "-", "one of another user is not");
		must(!chown(tmpdir_at("204/root/tmp/perf-7.map"), 1001, (gid_t)-1),
		     "give a file away");
		now_ns += 11 * NSEC_PER_SEC;
		is_str(find(maps, 204, 7, 0x1000), "other", "one of the process's user is");
	}
	perfmaps_free(maps);
}

static void test_limits(void)
{
	struct perfmaps *maps = new_maps(4, 1 << 20);
	struct perfmap_stats stats;
	struct buf text;

	make_process(300, 1, status_self);
	buf_init(&text, 4 << 20);
	for (unsigned int i = 0; i < 100000; i++)
		buf_addf(&text, "%x 10 f%u\n", 0x1000 + 16 * i, i);
	put("300/root/tmp/perf-7.map", text.data);
	is_str(find(maps, 300, 7, 0x1000), "-",
	       "of a file that is too large the beginning is not known");
	is_str(find(maps, 300, 7, 0x1000 + 16 * 99999), "f99999", "but the end is");
	perfmaps_stats(maps, &stats);
	ok(stats.cut_files == 1 && stats.bytes <= 1 << 20,
	   "which is counted, and within the budget");
	for (uint32_t pid = 301; pid < 320; pid++) {
		char name[64];

		make_process(pid, 1, status_self);
		snprintf(name, sizeof(name), "%u/root/tmp/perf-7.map", pid);
		put(name, text.data);
		is_str(find(maps, pid, 7, 0x1000 + 16 * 99999), "f99999", "process %u", pid);
	}
	perfmaps_stats(maps, &stats);
	ok(stats.processes <= 4 && stats.bytes <= 1 << 20,
	   "many processes stay within both ceilings (%zu bytes)", (size_t)stats.bytes);
	perfmaps_free(maps);
	buf_release(&text);
}

/* Reading has a share of the time, however many processes there are to read about. */
static void test_share(void)
{
	struct perfmaps *maps = new_maps(16, 1 << 20);
	struct perfmap_stats stats;

	for (uint32_t pid = 400; pid < 404; pid++) {
		char name[64];

		make_process(pid, 1, status_self);
		snprintf(name, sizeof(name), "%u/root/tmp/perf-7.map", pid);
		put(name, "1000 10 here\n");
	}
	step_ns = NSEC_PER_SEC / 100; /* so long each reading takes */
	for (uint32_t pid = 400; pid < 404; pid++)
		(void)find(maps, pid, 7, 0x1000);
	perfmaps_stats(maps, &stats);
	is_u64(stats.reads, 1, "one map is read at a time");
	for (int i = 0; i < 4; i++) {
		now_ns += NSEC_PER_SEC;
		for (uint32_t pid = 400; pid < 404; pid++)
			(void)find(maps, pid, 7, 0x1000);
	}
	step_ns = 0;
	perfmaps_stats(maps, &stats);
	is_u64(stats.reads, 4, "all are in the end");

	(void)find(maps, 400, 7, 0x1000);
	perfmaps_shrink(maps);
	perfmaps_stats(maps, &stats);
	ok(stats.processes == 2 && stats.reads == 4, "when memory is short one half goes");
	is_str(find(maps, 400, 7, 0x1000), "here", "what was asked for last stays");
	perfmaps_stats(maps, &stats);
	is_u64(stats.reads, 4, "as it was");
	now_ns += 60 * NSEC_PER_SEC;
	is_str(find(maps, 401, 7, 0x1000), "here", "the others are read again");
	perfmaps_shrink(maps);
	perfmaps_shrink(maps);
	perfmaps_stats(maps, &stats);
	ok(!stats.processes && !stats.bytes, "and in the end nothing is left (%zu bytes)",
	   (size_t)stats.bytes);
	perfmaps_free(maps);
}

/* A table as it may come out of a parser that was taken over. */
static void test_tables(void)
{
	static const char text[] = "1000 100 old code\n2000 10 b\n1040 20 new\n3000 8 last\n";
	char *copy = strdup(text);
	size_t taken = 0, outside = 0;
	struct jitmap *map;
	struct buf table;
	uint64_t state = 5;

	buf_init(&table, 1 << 20);
	ok(!jitparse_text(copy, strlen(copy), 100, false, &table), "a table");
	for (size_t len = 0; len < table.len; len++)
		taken += !jitmap_load(memcpy(malloc(len + 1), table.data, len), len, &map);
	is_u64(taken, 0, "cut short anywhere is refused");
	for (int round = 0; round < 20000; round++) {
		char *bad = memcpy(malloc(table.len), table.data, table.len);
		struct str name;

		for (int i = 0; i < 1 + round % 3; i++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
			bad[(state >> 33) % table.len] = (char)(state >> 56);
		}
		if (jitmap_load(bad, table.len, &map))
			continue;
		taken++;
		for (uint64_t a = 0; a < 0x4000; a += 0x37) {
			if (jitmap_find(map, a, &name))
				outside += name.p < bad || name.p + name.len > bad + table.len;
		}
		jitmap_free(map);
	}
	ok(taken > 100 && taken < 19000, "with other bytes in it, some are (%zu of 20000 taken)",
	   taken);
	is_u64(outside, 0, "and the others stay within themselves");
	buf_release(&table);
	free(copy);
}

/* A parser that some files take over. */
static int fragile(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		   void **state)
{
	char head[4];

	if (pread(fds[0], head, 4, 0) == 4 && !memcmp(head, "dead", 4))
		_exit(1);
	return jitparse_job(fds, fd_cnt, request, reply, state);
}

static const struct sandbox_job jobs[] = {[JOB_PERFMAP] = {"perf map", fragile}};

static void test_sandbox(void)
{
	struct perfmap_stats stats;
	struct perfmaps *maps;
	struct err err;

	if (sandbox_new(&sandbox, &err)) {
		ok(false, "%s", err.text);
		return;
	}
	maps = new_maps(16, 1 << 20);
	make_process(500, 1, status_self);
	put("500/root/tmp/perf-7.map", "1000 10 one\nrubbish\n2000 10 two\n");
	is_str(find(maps, 500, 7, 0x2004), "two", "parsed in a process of its own");
	put("500/root/tmp/perf-7.map", "3000 10 three\n");
	now_ns += 2 * NSEC_PER_SEC;
	is_str(find(maps, 500, 7, 0x3004), "three", "and again");
	perfmaps_stats(maps, &stats);
	ok(stats.reads == 2 && stats.rejected_lines == 1 && !stats.failed, "with its counts");
	put("500/root/tmp/perf-7.map", "4000 10 four\n");
	now_ns += 2 * NSEC_PER_SEC;
	kill_zygote(sandbox);
	is_str(find(maps, 500, 7, 0x4004), "-", "not while the sandbox makes no children");
	await_zygote(sandbox);
	now_ns += 2 * NSEC_PER_SEC;
	is_str(find(maps, 500, 7, 0x4004), "four", "but as soon as it does");
	perfmaps_free(maps);

	maps = new_maps(16, 1 << 20);
	put("500/root/tmp/perf-7.map", "dead 10 one\n3000 10 three\n");
	for (int i = 0; i < 5; i++) {
		is_str(find(maps, 500, 7, 0x3004), "-", "a parser that does not survive it");
		now_ns += 12 * NSEC_PER_SEC;
	}
	perfmaps_stats(maps, &stats);
	is_u64(stats.failed, 1, "is not tried again");
	put("500/root/tmp/perf-7.map", "dead 10 one\n3000 10 changed\n");
	is_str(find(maps, 500, 7, 0x3004), "-", "until the file changes");
	perfmaps_stats(maps, &stats);
	is_u64(stats.failed, 2, "which is counted too");
	perfmaps_free(maps);
	sandbox_free(sandbox);
	sandbox = NULL;
}

/* This process as it is in the real /proc: its own root, its own number in its own namespace. */
static void test_real(void)
{
	struct perfmap_opts opts = perfmap_opts_default;
	struct perfmaps *maps = NULL;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	f = fopen(path, "w");
	if (!f || perfmaps_new(&opts, &maps)) {
		tap_skip("no map can be written to /tmp");
		return;
	}
	fprintf(f, "%" PRIxPTR " 100 compiled\n", (uintptr_t)&opts);
	fclose(f);
	is_str(find(maps, (uint32_t)getpid(), 0, (uintptr_t)&opts + 8), "compiled",
	       "a map of this very process");
	is_str(find(maps, 1, 0, (uintptr_t)&opts), "-", "another process has none");
	unlink(path);
	perfmaps_free(maps);
}

int main(int argc, char **argv)
{
	sandbox_serve(argc, argv, jobs, ARRAY_SIZE(jobs));
	tmpdir_make();
	snprintf(status_old, sizeof(status_old), "Uid:\t%u\t%u\t%u\t%u\n", geteuid(), geteuid(),
		 geteuid(), geteuid());
	snprintf(status_self, sizeof(status_self),
		 "Name:\tnode\nUid:\t%u\t%u\t%u\t%u\nNSpid:\t100\t7\n", geteuid(), geteuid(),
		 geteuid(), geteuid());
	test_lines();
	test_overlaps();
	test_process();
	test_hostile();
	test_limits();
	test_share();
	test_tables();
	test_sandbox();
	test_real();
	ok(tmpdir_remove(), "the test directory is gone");
	return tap_done();
}
