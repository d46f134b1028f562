// SPDX-License-Identifier: Apache-2.0
/*
 * name_file FILE COUNT CACHE [VADDRS] - names COUNT addresses spread evenly over the code of a file:
 * cold (the file is parsed, in this process, and its names go to the directory CACHE), again, and
 * as after a restart (they are found in CACHE). Prints "named cold_us again_us restart_us
 * cache_bytes"; with VADDRS, writes the addresses there for other programs to name.
 */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/image.h"

#define MAX_COUNT 100000

/* CPU and not wall: it is what the agent pays. */
static double cpu_us(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

struct code {
	uint64_t offset, vaddr, size;
};

/* The largest section of code, usually .text. */
static bool code_of(const struct elf_file *file, struct code *ret)
{
	struct elf_section *sections;
	size_t cnt;

	ret->size = 0;
	if (elf_file_sections(file, &sections, &cnt))
		return false;
	for (size_t i = 0; i < cnt; i++)
		if (sections[i].type == SHT_PROGBITS && sections[i].flags & SHF_EXECINSTR &&
		    sections[i].size > ret->size)
			*ret = (struct code){sections[i].offset, sections[i].vaddr,
					     sections[i].size};
	free(sections);
	return ret->size != 0;
}

static size_t name_all(struct image *image, const struct code *code, uint64_t cnt)
{
	struct str name;
	size_t named = 0;

	for (uint64_t i = 0; i < cnt; i++)
		named += image_symbol(image, code->offset + code->size / cnt * i, &name, NULL);
	return named;
}

static void write_addresses(const char *path, const struct code *code, uint64_t cnt)
{
	FILE *out = fopen(path, "w");

	for (uint64_t i = 0; out && i < cnt; i++)
		fprintf(out, "0x%" PRIx64 "\n", code->vaddr + code->size / cnt * i);
	if (!out || fclose(out)) {
		perror(path);
		exit(2);
	}
}

/* One life of the agent: CPU for the first time, and again. */
static size_t one_life(const char *path, int fd, const char *cache_dir, const struct code *code,
		       uint64_t cnt, double *ret_first, double *ret_again, uint64_t *ret_bytes)
{
	struct image_limits limits = image_limits_default;
	struct image_cache *cache;
	struct image_stats stats;
	struct image *image;
	double start = cpu_us();
	size_t named;

	limits.read_share = 1; /* all the time there is */
	limits.cache_dir = cache_dir;
	if (image_cache_new(&limits, &cache) || image_cache_open(cache, dup(fd), path, &image)) {
		fprintf(stderr, "name_file: %s: cannot be opened\n", path);
		exit(2);
	}
	named = name_all(image, code, cnt);
	*ret_first = cpu_us() - start;
	start = cpu_us();
	(void)name_all(image, code, cnt);
	*ret_again = cpu_us() - start;
	image_cache_stats(cache, &stats);
	*ret_bytes = stats.cache_bytes;
	image_unref(image);
	image_cache_free(cache);
	return named;
}

int main(int argc, char **argv)
{
	struct elf_file file;
	struct code code;
	double cold, again, restart, unused;
	uint64_t cnt, bytes;
	size_t named;
	int fd;

	if (argc < 4 || num_parse_u64(str_of(argv[2]), &cnt) || !cnt || cnt > MAX_COUNT) {
		fprintf(stderr, "usage: name_file FILE COUNT CACHE [VADDRS]\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || elf_file_init(&file, fd) || !code_of(&file, &code)) {
		fprintf(stderr, "name_file: %s: no ELF file with code\n", argv[1]);
		return 2;
	}
	if (argc > 4)
		write_addresses(argv[4], &code, cnt);
	named = one_life(argv[1], fd, argv[3], &code, cnt, &cold, &again, &bytes);
	(void)one_life(argv[1], fd, argv[3], &code, cnt, &restart, &unused, &bytes);
	printf("%zu %.0f %.0f %.0f %" PRIu64 "\n", named, cold, again, restart, bytes);
	(void)close(fd);
	return 0;
}
