// SPDX-License-Identifier: Apache-2.0
/* The same rules by whatever way a file leads to them, and files that somebody has tampered with. */
#include <elf.h>
#include <errno.h>
#include <time.h>

#include "unit/cfi_sources.h"
#include "unit/elf_made.h"
#include "unit/build_rules.h"

static uint8_t *data;
static size_t size;
static int fd = -1;

static Elf64_Ehdr *ehdr(void)
{
	return (Elf64_Ehdr *)(void *)data;
}

static Elf64_Phdr *find_phdr(uint32_t type, uint32_t flags)
{
	Elf64_Phdr *ph = (Elf64_Phdr *)(void *)(data + ehdr()->e_phoff);

	for (unsigned int i = 0; i < ehdr()->e_phnum; i++, ph++)
		if (ph->p_type == type && (ph->p_flags & flags) == flags)
			return ph;
	return NULL;
}

/* .eh_frame_hdr: version, three encodings, .eh_frame's address, the count, the table. */
static uint8_t *hdr(void)
{
	return data + find_phdr(PT_GNU_EH_FRAME, 0)->p_offset;
}

static uint32_t *hdr_words(void)
{
	return (uint32_t *)(void *)(hdr() + 4);
}

static bool open_copy(const char *path)
{
	if (fd >= 0) {
		munmap(data, size);
		close(fd);
	}
	fd = path ? elf_copy(path, &data, &size) : -1;
	return fd >= 0;
}

struct digest {
	uint64_t hash, rows, from, last;
	bool in_order;
};

static int take(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct digest *d = arg;

	d->in_order &= d->rows ? vaddr > d->last : vaddr == d->from;
	d->hash = (d->hash ^ vaddr) * UINT64_C(0x100000001b3);
	d->hash = (d->hash ^ rule->cfa) * UINT64_C(0x100000001b3);
	d->hash = (d->hash ^ (uint16_t)rule->fp) * UINT64_C(0x100000001b3);
	d->hash = (d->hash ^ (uint16_t)rule->other) * UINT64_C(0x100000001b3);
	d->last = vaddr;
	d->rows++;
	return 0;
}

/* All rows of the code of `file`, as `cfi` sees them. */
static int digest_rows(struct cfi *cfi, const struct elf_file *file, struct digest *ret)
{
	const struct elf_segment *seg = NULL;

	for (uint32_t i = 0; i < file->segment_cnt && !seg; i++)
		if (file->segments[i].type == PT_LOAD && (file->segments[i].flags & PF_X))
			seg = &file->segments[i];
	if (!seg)
		return -ENOENT;
	*ret = (struct digest){.from = seg->vaddr, .in_order = true};
	return cfi_rows(cfi, seg->vaddr, seg->vaddr + seg->size, take, ret);
}

static int digest(struct digest *ret, struct cfi_stats *stats)
{
	struct elf_file file;
	struct cfi *cfi = NULL;
	int r = elf_file_init(&file, fd);

	if (!r)
		r = cfi_open(&file, &cfi);
	if (r)
		return r;
	r = digest_rows(cfi, &file, ret);
	cfi_get_stats(cfi, stats);
	cfi_free(cfi);
	return r;
}

static void same_rows(const struct digest *want, const char *what)
{
	struct cfi_stats stats;
	struct digest got = {0};
	int r = digest(&got, &stats);

	ok(!r && got.in_order && got.rows == want->rows && got.hash == want->hash,
	   "%s: the same %" PRIu64 " rows", what, want->rows);
}

struct table_entry {
	uint32_t address, fde;
};

static struct table_entry *table(void)
{
	return (struct table_entry *)(void *)(hdr_words() + 2);
}

static void reverse_table(void)
{
	uint32_t cnt = hdr_words()[1];

	for (uint32_t i = 0; i < cnt / 2; i++) {
		struct table_entry entry = table()[i];

		table()[i] = table()[cnt - 1 - i];
		table()[cnt - 1 - i] = entry;
	}
}

/* Each way to the entries leads to the same rules. */
static void test_ways(const char *path)
{
	struct cfi_stats stats;
	struct digest want;
	uint16_t section_cnt;

	if (!ok(open_copy(path) && !digest(&want, &stats) && want.rows > 10, "%s: rows", path))
		return;
	section_cnt = ehdr()->e_shnum;
	ehdr()->e_shnum = 0;
	same_rows(&want, "without section headers");
	hdr()[3] = 0x7b;
	same_rows(&want, "and with a table of an encoding that nobody writes");
	hdr()[3] = 0xff;
	same_rows(&want, "and without a table");
	hdr()[3] = 0x3b;
	hdr_words()[1] += 1 << 28;
	same_rows(&want, "and with a table that is longer than its segment");
	hdr_words()[1] -= 1 << 28;
	reverse_table();
	same_rows(&want, "and with a table that is not sorted");
	reverse_table();
	same_rows(&want, "as it was");
	ehdr()->e_shnum = section_cnt;
	hdr()[0] = 7;
	same_rows(&want, "with a search table of an unknown version");
	find_phdr(PT_GNU_EH_FRAME, 0)->p_type = PT_NULL;
	same_rows(&want, "without a search table");
	ehdr()->e_shnum = 0;
	ok(!digest(&want, &stats) && want.rows == 1, "with neither: one row that says nothing");
}

static void test_laziness(void)
{
	struct elf_file file;
	struct cfi_stats stats;
	struct digest d = {0};
	struct cfi *cfi = NULL;
	uint64_t code;

	if (!open_copy("/lib/x86_64-linux-gnu/libc.so.6")) {
		tap_skip("no glibc for x86-64");
		return;
	}
	code = find_phdr(PT_LOAD, PF_X)->p_vaddr;
	d.from = code + 0x40000;
	d.in_order = true;
	ok(!elf_file_init(&file, fd) && !cfi_open(&file, &cfi) &&
		   !cfi_rows(cfi, d.from, d.from + 65536, take, &d) && d.in_order && d.rows > 10,
	   "64 KiB of libc");
	cfi_get_stats(cfi, &stats);
	ok(stats.fdes > 1 && stats.fdes < 400, "only its own entries were read: %" PRIu64,
	   stats.fdes);
	cfi_free(cfi);
}

/* A debug file's .debug_frame stands in for what the stripped file lacks. */
static void test_debug_file(void)
{
	char line[512];
	struct elf_file file, debug;
	struct digest whole, got;
	struct cfi_stats stats;
	struct buf a, b, c;
	struct cfi *cfi = NULL;
	int debug_fd;
	const char *path;

	path = elf_made(
		"whole.c", cfi_source_c,
		"gcc -O2 -g -gz=none -fno-asynchronous-unwind-tables -shared -nostdlib -fPIC "
		"-Wl,--no-ld-generated-unwind-info %s -o %s 2>/dev/null",
		"whole.so");
	if (!path) {
		tap_skip("cannot be compiled here");
		return;
	}
	snprintf(line, sizeof(line),
		 "cd %s && objcopy --only-keep-debug whole.so whole.debug && "
		 "strip -o stripped.so whole.so",
		 tmpdir);
	if (!ok(!system(line) && open_copy(path) && !digest(&whole, &stats), "a debug file"))
		return;
	debug_fd = open(tmpdir_at("whole.debug"), O_RDONLY | O_CLOEXEC);
	ok(open_copy(tmpdir_at("stripped.so")) && !digest(&got, &stats) && got.rows == 1,
	   "the stripped file has no rules");
	ok(!elf_file_init(&file, fd) && !elf_file_init(&debug, debug_fd) &&
		   !cfi_open_debug(&debug, &cfi) && !digest_rows(cfi, &file, &got),
	   "its debug file is read");
	ok(got.rows == whole.rows && got.hash == whole.hash, "and has the %" PRIu64 " rows",
	   whole.rows);
	cfi_free(cfi);
	buf_init(&a, RULES_MAX_BYTES);
	buf_init(&b, RULES_MAX_BYTES);
	buf_init(&c, RULES_MAX_BYTES);
	ok(!build_rules(&file, NULL, 0, 4, &a) && a.len == 16, "no leaves of the stripped file");
	ok(!build_rules(&file, &debug, 0, 4, &b) && b.len > 16, "leaves by its debug file");
	open_copy(path);
	ok(!elf_file_init(&file, fd) && !build_rules(&file, NULL, 0, 4, &c) && c.len == b.len &&
		   !memcmp(b.data, c.data, b.len),
	   "the same as of the whole file");
	buf_release(&a);
	buf_release(&b);
	buf_release(&c);
	close(debug_fd);
}

static bool leaves_are_valid(const struct buf *b, uint32_t cnt)
{
	size_t at = 0;
	uint32_t len;

	for (uint32_t i = 0; i < cnt; i++) {
		if (b->len - at < sizeof(len))
			return false;
		memcpy(&len, b->data + at, sizeof(len));
		at += sizeof(len);
		if (len > b->len - at || (len && !leaf_is_valid(b->data + at, len)))
			return false;
		at += len;
	}
	return at == b->len;
}

static uint64_t random_state = 42;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * Flips a few bytes somewhere, most often in the headers or in CFI, builds rules, and puts the bytes
 * back. Whatever comes out must be valid; the sanitizers watch the rest.
 */
static void test_flips(const char *path, uint64_t cfi_at, uint64_t cfi_len, int rounds)
{
	uint64_t invalid = 0, built = 0;
	double slowest = 0;
	struct buf b;

	buf_init(&b, RULES_MAX_BYTES);
	for (int i = 0; i < rounds; i++) {
		uint64_t flips = 1 + random_below(4), at[4];
		double begin = seconds();
		struct elf_file file;
		uint8_t old[4];

		for (uint64_t f = 0; f < flips; f++) {
			uint64_t where = random_below(8);

			at[f] = !where	    ? random_below(512 < size ? 512 : size)
				: where < 7 ? cfi_at + random_below(cfi_len)
					    : random_below(size);
			old[f] = data[at[f]];
			data[at[f]] = where & 1 ? (uint8_t)random_below(256)
						: old[f] ^ (uint8_t)(1U << random_below(8));
		}
		buf_clear(&b);
		if (!elf_file_init(&file, fd) &&
		    !build_rules(&file, &file, 0, RULES_MAX_CHUNKS, &b)) {
			built++;
			invalid += !leaves_are_valid(&b, RULES_MAX_CHUNKS);
		}
		for (uint64_t f = flips; f; f--)
			data[at[f - 1]] = old[f - 1];
		if (seconds() - begin > slowest)
			slowest = seconds() - begin;
	}
	buf_release(&b);
	printf("# %s: %d damaged files, %" PRIu64 " of them read, the slowest in %.1f ms of CPU\n",
	       path, rounds, built, slowest * 1e3);
	ok(built && !invalid, "%s: whatever is damaged, leaves are valid", path);
}

static void test_damage(const char *name, const char *source, const char *command)
{
	char result[64];
	const char *path;
	uint64_t begin, end;

	snprintf(result, sizeof(result), "%s.so", name);
	path = elf_made(name, source, command, result);
	if (!path || !open_copy(path)) {
		tap_skip("cannot be compiled here");
		return;
	}
	/* ld puts .eh_frame behind its table; .debug_frame and section headers are at the end. */
	begin = find_phdr(PT_GNU_EH_FRAME, 0) ? find_phdr(PT_GNU_EH_FRAME, 0)->p_offset : size / 2;
	end = begin + 2048 < size ? begin + 2048 : size;
	test_flips(path, begin, end - begin, 2000);
	for (size_t cut = size; cut > 64 && fd >= 0; cut -= cut / 16 + 1) {
		struct digest d;
		struct cfi_stats stats;

		if (ftruncate(fd, (off_t)cut) || digest(&d, &stats) == -ENOMEM)
			ok(false, "a file cut to %zu bytes", cut);
	}
	ok(!ftruncate(fd, (off_t)size), "%s: cut files are read to their end", path);
}

/* Millions of entries for one address, and one that is for everything: work has an end. */
static void test_work(void)
{
	struct cfi_stats stats;
	struct digest d = {0};
	double begin;
	uint32_t cnt;

	if (!open_copy("/lib/x86_64-linux-gnu/libc.so.6"))
		return;
	cnt = hdr_words()[1];
	for (uint32_t i = 1; i < cnt; i++)
		table()[i] = table()[0];
	begin = seconds();
	ok(!digest(&d, &stats) && d.in_order, "one entry %u times: %" PRIu64 " rows", cnt, d.rows);
	printf("# %.1f ms of CPU\n", (seconds() - begin) * 1e3);
}

int main(void)
{
	static const char plain[] = "gcc -O2 -shared -nostdlib -fPIC -m64 "
				    "-fasynchronous-unwind-tables %s -o %s 2>/dev/null";
	const char *path;

	tmpdir_make();
	path = elf_made("ways.c", cfi_source_c, plain, "ways.so");
	if (path)
		test_ways(path);
	test_ways("/lib/x86_64-linux-gnu/libc.so.6");
	test_laziness();
	test_debug_file();
	test_damage("damage.c", cfi_source_c, plain);
	test_damage("damage.s", cfi_source_ops, plain);
	test_damage("noeh.c", cfi_source_c,
		    "gcc -O2 -g -fno-asynchronous-unwind-tables -shared -nostdlib -fPIC -m64 "
		    "-Wl,--no-ld-generated-unwind-info %s -o %s 2>/dev/null");
	test_damage("arm64.c", cfi_source_c,
		    "clang --target=aarch64-linux-gnu -O2 -fPIC -nostdlib -shared -fuse-ld=lld "
		    "-fasynchronous-unwind-tables %s -o %s 2>/dev/null");
	test_work();
	open_copy(NULL);
	tmpdir_remove();
	return tap_done();
}
