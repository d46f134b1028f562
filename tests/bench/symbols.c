// SPDX-License-Identifier: Apache-2.0
/*
 * symbols FILE... - what the names of a file cost: the first one (a child parses), the first one
 * after a restart (the symbol file is there), and one more; the size of the symbol file, and by how
 * much this process has grown.
 * symbols --make CNT FILE - writes an ELF file of so many functions, to be asked for.
 */
#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "elf/image.h"
#include "elf/jobs.h"
#include "elf/rulejob.h"
#include "elf/symjob.h"
#include "unit/bigelf.h"

static const struct sandbox_job jobs[] = {
	[JOB_SYMBOLS] = {"symbols", symjob_run},
	[JOB_RULES] = {"rules", rulejob_run},
};

static uint64_t resident(void)
{
	unsigned long pages = 0, total;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%lu %lu", &total, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return (uint64_t)pages * 4096;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

/* Nanoseconds until the first place with a name, and its offset. */
static uint64_t ask(struct image_limits *limits, const char *path, uint64_t *offset, char *name,
		    uint64_t *ret_again, struct image_stats *ret_stats)
{
	struct image_cache *cache = NULL;
	struct image *image = NULL;
	struct str found;
	uint64_t begin, first;

	if (image_cache_new(limits, &cache) ||
	    image_cache_open(cache, open(path, O_RDONLY | O_CLOEXEC), path, &image))
		return 0;
	begin = clock_mono_ns(&clock_system);
	(void)image_symbol(image, *offset, &found, NULL); /* parses, whatever it finds */
	first = clock_mono_ns(&clock_system) - begin;
	while (!image_symbol(image, *offset, &found, NULL) && *offset < UINT64_C(1) << 32)
		*offset += 64;
	snprintf(name, 64, "%.*s", (int)found.len, found.p);
	begin = clock_mono_ns(&clock_system);
	for (int i = 0; i < 1000; i++)
		(void)image_symbol(image, *offset, &found, NULL);
	*ret_again = (clock_mono_ns(&clock_system) - begin) / 1000;
	image_cache_stats(cache, ret_stats);
	image_unref(image);
	image_cache_free(cache);
	return first;
}

static void measure(struct sandbox *sb, const char *path)
{
	struct image_limits limits = image_limits_default;
	char dir[] = "/tmp/culprit-symbols-XXXXXX", name[64] = "";
	uint64_t offset = 4096, first, restart, again, before, after;
	struct image_stats one, two;
	struct sandbox_stats cpu;
	uint64_t cpu_before;
	struct stat st;

	if (!mkdtemp(dir) || stat(path, &st))
		return;
	limits.cache_dir = dir;
	limits.sandbox = sb;
	sandbox_stats(sb, &cpu);
	cpu_before = cpu.cpu_ns;
	before = resident();
	first = ask(&limits, path, &offset, name, &again, &one);
	after = resident();
	restart = ask(&limits, path, &offset, name, &again, &two);
	sandbox_stats(sb, &cpu);
	printf("%-44s %8.1f %8.1f %8.1f %9.3f %8.1f %9.2f %7.2f  %" PRIu64 "/%" PRIu64 " %s\n",
	       path, (double)st.st_size / 1e6, (double)first / 1e6,
	       (double)(cpu.cpu_ns - cpu_before) / 1e6, (double)restart / 1e6, (double)again / 1e3,
	       (double)one.cache_bytes / 1e6, (double)(after > before ? after - before : 0) / 1e6,
	       one.child_runs, two.child_runs, name);
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
	struct sandbox *sb = NULL;
	struct err err;
	uint64_t cnt;

	sandbox_serve(argc, argv, jobs, ARRAY_SIZE(jobs));
	if (argc == 4 && !strcmp(argv[1], "--make"))
		return num_parse_u64(str_of(argv[2]), &cnt) || bigelf_write(argv[3], cnt);
	if (sandbox_new(&sb, &err)) {
		fprintf(stderr, "symbols: %s\n", err.text);
		return 2;
	}
	printf("%-44s %8s %8s %8s %9s %8s %9s %7s  %s\n", "file", "MB", "first ms", "child ms",
	       "again ms", "one us", "disk MB", "grew MB", "runs");
	for (int i = 1; i < argc; i++)
		measure(sb, argv[i]);
	sandbox_free(sb);
	return 0;
}
