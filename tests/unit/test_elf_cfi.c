// SPDX-License-Identifier: Apache-2.0
#include "unit/cfi_oracle.h"

#include <errno.h>
#include <glob.h>
#include <sys/mman.h>

static Dwarf_CFI *libdw_cfi(Elf *elf, Dwarf **ret_dwarf, bool debug_frame)
{
	*ret_dwarf = NULL;
	if (!debug_frame)
		return dwarf_getcfi_elf(elf);
	*ret_dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	return *ret_dwarf ? dwarf_getcfi(*ret_dwarf) : NULL;
}

static void print_result(const char *name, const struct oracle_result *res,
			 const struct cfi_stats *stats)
{
	printf("# %s: %" PRIu64 " rows compared, %" PRIu64 " differ, %" PRIu64 " without a rule;",
	       name, res->compared, res->differ, res->no_rule);
	printf(" %" PRIu64 " entries; bytes of code:", stats->fdes);
	for (int i = 0; i < CFI_REASON_CNT; i++)
		if (stats->bytes[i])
			printf(" %s %" PRIu64 ",", cfi_reason_name(i), stats->bytes[i]);
	printf(" no frame pointer %" PRIu64 "; kinds", stats->lost_fp_bytes);
	for (int i = 0; i <= UNWIND_CFA_FP_DEREF; i++)
		printf(" %" PRIu64, res->kinds[i]);
	putchar('\n');
}

/* At most `limit` bytes of each executable segment, `skip` from its beginning. */
static void compare_file(const char *path, uint64_t skip, uint64_t limit, bool debug_frame,
			 struct oracle_result *res)
{
	struct oracle o = {.name = path};
	struct cfi_stats stats;
	struct elf_file file;
	Dwarf *dwarf = NULL;
	struct cfi *c;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	memset(res, 0, sizeof(*res));
	if (fd < 0) {
		tap_skip(path);
		return;
	}
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!ok(!elf_file_init(&file, fd) && !cfi_open(&file, &c), "%s: opened", path))
		return;
	o.arch = cfi_arch_find(file.machine);
	o.cfi = libdw_cfi(elf, &dwarf, debug_frame);
	for (uint32_t i = 0; i < file.segment_cnt && o.cfi; i++) {
		const struct elf_segment *seg = &file.segments[i];
		uint64_t len = seg->size < limit + skip ? seg->size : limit + skip;
		struct oracle_rows rows = {.from = seg->vaddr + skip, .to = seg->vaddr + len};

		if (seg->type != PT_LOAD || !(seg->flags & PF_X) || len <= skip)
			continue;
		ok(!cfi_rows(c, rows.from, rows.to, oracle_take, &rows) && rows.cnt && !rows.bad,
		   "%s: %zu rows, in order, from the beginning to the end", path, rows.cnt);
		oracle_compare(&o, &rows, res);
		free(rows.rows);
	}
	cfi_get_stats(c, &stats);
	print_result(path, res, &stats);
	ok(res->compared && !res->differ, "%s: libdw agrees on every row", path);
	cfi_free(c);
	if (dwarf)
		dwarf_end(dwarf);
	elf_end(elf);
	close(fd);
}

static void test_system_files(void)
{
	static const struct {
		const char *pattern;
		uint64_t skip, limit;
	} files[] = {
		{"/lib/x86_64-linux-gnu/libc.so.6", 0, UINT32_MAX},
		{"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", 0, UINT32_MAX},
		{"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", 0, UINT32_MAX},
		{"/usr/lib/x86_64-linux-gnu/libstdc++.so.6", 0, UINT32_MAX},
		{"/bin/bash", 0, UINT32_MAX},
		{"/usr/bin/python3", 0, 1 << 20},
		{"/usr/bin/gdb", 1 << 20, 1 << 20},
		{"/usr/lib/x86_64-linux-gnu/libLLVM-1*.so.1", 40 << 20, 1 << 20},
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct oracle_result res;
		glob_t g;

		if (glob(files[i].pattern, 0, NULL, &g)) {
			tap_skip(files[i].pattern);
			continue;
		}
		compare_file(g.gl_pathv[0], files[i].skip, files[i].limit, false, &res);
		globfree(&g);
	}
}

int main(void)
{
	test_system_files();
	return tap_done();
}
