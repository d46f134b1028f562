// SPDX-License-Identifier: Apache-2.0
#include "unit/cfi_oracle.h"

#include <glob.h>
#include <sys/auxv.h>

#include "unit/cfi_sources.h"
#include "unit/elf_made.h"

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
	struct cfi *c = NULL;
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
	else
		dwarf_cfi_end(o.cfi);
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

/* Compares a program that the command makes out of the source; false when it cannot be made. */
static bool compare_made(const char *name, const char *source, const char *command,
			 bool debug_frame, struct oracle_result *res)
{
	char result[64];
	const char *path;

	snprintf(result, sizeof(result), "%s.so", name);
	path = elf_made(name, source, command, result);
	if (!path) {
		tap_skip("cannot be compiled here");
		return false;
	}
	compare_file(path, 0, UINT32_MAX, debug_frame, res);
	return true;
}

static void test_instructions(void)
{
	struct oracle_result res;

	if (!compare_made("ops.s", cfi_source_ops,
			  "gcc -shared -nostdlib -m64 %s -o %s 2>/dev/null", false, &res))
		return;
	for (int kind = UNWIND_CFA_END; kind <= UNWIND_CFA_FP_DEREF; kind++)
		ok(res.kinds[kind], "there was a row of kind %d", kind);
}

static void test_encodings(void)
{
	struct oracle_result res;

	if (compare_made("encodings.s", cfi_source_encodings,
			 "gcc -static -no-pie -nostdlib -m64 -Wl,-e,0 %s -o %s 2>/dev/null", false,
			 &res))
		is_u64(res.kinds[UNWIND_CFA_SP], 16,
		       "every entry of an encoding that we know has rows");
}

static void test_debug_frame(void)
{
	static const char command[] =
		"gcc -O2 -g -gdwarf-%d -fno-asynchronous-unwind-tables -Wa,--gdwarf-cie-version=%d "
		"-shared -nostdlib -fPIC -m64 -Wl,--no-ld-generated-unwind-info %%s -o %%s "
		"2>/dev/null";
	static const int versions[][2] = {{2, 1}, {3, 3}, {4, 4}, {5, 4}};
	struct oracle_result res;

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		char line[512];

		snprintf(line, sizeof(line), command, versions[i][0], versions[i][1]);
		if (compare_made("debug.c", cfi_source_c, line, true, &res))
			ok(res.kinds[UNWIND_CFA_SP] > 20,
			   ".debug_frame of DWARF %d, CIE version %d: %" PRIu64 " rows",
			   versions[i][0], versions[i][1], res.kinds[UNWIND_CFA_SP]);
	}
	if (compare_made("dwarf64.s", cfi_source_dwarf64,
			 "gcc -static -no-pie -nostdlib -m64 -Wl,-e,0 "
			 "-Wl,--no-ld-generated-unwind-info %s -o %s 2>/dev/null",
			 true, &res))
		is_u64(res.kinds[UNWIND_CFA_SP], 3, ".debug_frame with 64-bit lengths");
}

static void test_arm64(void)
{
	static const char link[] = "clang --target=aarch64-linux-gnu -O2 -fPIC -nostdlib -shared "
				   "-fuse-ld=lld -fasynchronous-unwind-tables %s -o %s 2>/dev/null";
	struct oracle_result res;

	if (compare_made("arm64.c", cfi_source_c, link, false, &res))
		ok(res.kinds[UNWIND_CFA_SP] > 5 && res.kinds[UNWIND_CFA_FP] > 2,
		   "arm64: rows by both pointers");
	if (compare_made("arm64.s", cfi_source_arm64, link, false, &res)) {
		is_u64(res.kinds[UNWIND_CFA_END], 1, "arm64: an outermost frame");
		is_u64(res.kinds[UNWIND_CFA_REG], 1, "arm64: a frame by another register");
	}
}

static void test_vdso(void)
{
	const char *vdso = (const char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct oracle_result res;

	if (!vdso) {
		tap_skip("no vDSO here");
		return;
	}
	/* Its section headers are behind all else. */
	close(tmpdir_open("vdso.so", vdso,
			  (size_t)(((const Elf64_Ehdr *)(const void *)vdso)->e_shoff +
				   64UL * ((const Elf64_Ehdr *)(const void *)vdso)->e_shnum)));
	compare_file(tmpdir_at("vdso.so"), 0, UINT32_MAX, false, &res);
}

int main(void)
{
	tmpdir_make();
	test_instructions();
	test_encodings();
	test_debug_frame();
	test_arm64();
	test_vdso();
	test_system_files();
	tmpdir_remove();
	return tap_done();
}
