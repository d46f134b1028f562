// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/image.h"
#include "elf/vdso.h"
#include "sym/symbolizer.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

extern const char __executable_start[] __attribute__((visibility("hidden")));

static void put(const char *name, const char *text)
{
	close(tmpdir_open(name, text, strlen(text)));
}

/* "name|module|kind" and a "!" when the name only says where it is. */
static const char *describe(struct symbolizer *s, const struct place *place)
{
	static char out[600];
	struct symbol sym;

	symbolizer_name(s, place, &sym);
	snprintf(out, sizeof(out), "%.*s|%.*s|%d%s", (int)sym.name.len, sym.name.p,
		 (int)sym.module.len, sym.module.p, sym.kind, sym.named ? "" : "!");
	return out;
}

static uint64_t now_ns = NSEC_PER_SEC;

static uint64_t mono(void *arg)
{
	(void)arg;
	return now_ns;
}

static const struct clock test_clock = {.mono_ns = mono};

static struct symbolizer *new_symbolizer(uint32_t max_entries, const char *kallsyms)
{
	static char proc[256], symbols[256];
	struct symbolizer_opts opts = symbolizer_opts_default;
	struct symbolizer *s = NULL;
	struct err err;

	snprintf(proc, sizeof(proc), "%s", tmpdir_at("proc"));
	snprintf(symbols, sizeof(symbols), "%s", tmpdir_at(kallsyms));
	opts.max_cache_entries = max_entries;
	opts.kallsyms_path = symbols;
	opts.perfmap.proc_path = proc;
	opts.perfmap.clock = &test_clock;
	if (symbolizer_new(&opts, &s, &err))
		printf("Bail out! %s\n", err.text);
	return s;
}

static uint64_t code_offset(const void *function)
{
	uintptr_t address = (uintptr_t)function;
	uint64_t offset = 0, end;
	struct elf_file file;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (elf_file_init(&file, fd) ||
	    (!elf_file_code_offset(&file, address - (uintptr_t)__executable_start, &offset, &end) &&
	     !elf_file_code_offset(&file, address, &offset, &end)))
		offset = 0;
	close(fd);
	return offset;
}

__attribute__((noinline)) static int known_function(int x)
{
	return x * 7 + tap_run;
}

/* What a C++ compiler would call std::vector<int>::push_back(int const&). */
__attribute__((noinline)) int known_mangled(int x) __asm__("_ZNSt6vectorIiSaIiEE9push_backERKi");
int known_mangled(int x)
{
	return x * 9 + tap_run;
}

static struct image *open_self(struct image_cache *cache)
{
	struct image *image = NULL;

	if (image_cache_open(cache, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "/usr/bin/prog",
			     &image))
		printf("Bail out! cannot open this program\n");
	return image;
}

static void test_files(void)
{
	struct symbolizer *s = new_symbolizer(100, "kallsyms");
	struct symbolizer_stats stats;
	struct image_cache *cache = NULL;
	struct place place = {.kind = PLACE_FILE};
	int fd, r = image_cache_new(&image_limits_default, &cache);

	is_i64(r, 0, "a cache of images");
	place.image = open_self(cache);
	ok(known_function(1) + known_mangled(1) != 0, "known functions run");
	place.offset = code_offset((const void *)known_function) + 2;
	is_str(describe(s, &place), "known_function|prog|1", "a function of this program");
	is_str(describe(s, &place), "known_function|prog|1", "and once more");
	place.offset = code_offset((const void *)known_mangled);
	is_str(describe(s, &place), "std::vector<int, std::allocator<int> >::push_back|prog|1",
	       "a C++ name");
	place.offset = 1;
	is_str(describe(s, &place), "[prog]|prog|1!",
	       "a place without a name is called after the file");
	is_str(describe(s, &place), "[prog]|prog|1!", "and once more");
	place.offset = UINT64_MAX;
	is_str(describe(s, &place), "[prog]|prog|1!", "an offset that the cache cannot hold");
	symbolizer_stats(s, &stats);
	is_u64(stats.cache_hits, 2, "what was asked before comes from the cache");
	is_u64(stats.cache_misses, 4, "what was not does not");
	image_unref(place.image);

	fd = memfd_create("text", MFD_CLOEXEC);
	r = image_cache_open(cache, fd, "/opt/libfoo.so (deleted)", &place.image);
	place.offset = 0x1234;
	is_str(r ? "-" : describe(s, &place), "[libfoo.so]|libfoo.so|1!", "a file that is no ELF");
	image_unref(place.image);
	image_cache_free(cache);
	symbolizer_free(s);
	symbolizer_free(NULL);
}

/* More places than are remembered: every answer must be right whatever was forgotten meanwhile. */
static void test_ceiling(void)
{
	struct symbolizer *s = new_symbolizer(8, "kallsyms");
	struct symbolizer_stats stats;
	struct image_cache *cache = NULL;
	struct place place = {.kind = PLACE_FILE};
	uint64_t hot = code_offset((const void *)known_function);
	size_t wrong = 0;
	struct symbol sym;
	struct str want;

	if (image_cache_new(&image_limits_default, &cache))
		return;
	place.image = open_self(cache);
	for (uint64_t i = 0; i < 4000; i++) {
		char copy[256];
		bool named;

		place.offset = hot + (i * 37) % 5000;
		symbolizer_name(s, &place, &sym);
		snprintf(copy, sizeof(copy), "%.*s", (int)sym.name.len, sym.name.p);
		named = image_symbol(place.image, place.offset, &want, NULL);
		if (!named)
			want = STR_LIT("[prog]");
		wrong += sym.named != named || strncmp(copy, want.p, want.len) ||
			 strlen(copy) != want.len;
		place.offset = hot;
		symbolizer_name(s, &place, &sym);
		wrong += !str_eq(sym.name, STR_LIT("known_function"));
	}
	is_u64(wrong, 0, "4000 places through a cache of 8 are named right");
	symbolizer_stats(s, &stats);
	ok(stats.cache_hits >= 3999, "and the hot one never leaves it (%zu hits)",
	   (size_t)stats.cache_hits);
	image_unref(place.image);
	image_cache_free(cache);
	symbolizer_free(s);
}

static void test_elsewhere(void)
{
	struct symbolizer *s = new_symbolizer(100, "kallsyms");
	struct symbolizer_stats stats;
	struct place place = {.kind = PLACE_NONE, .offset = 0xdeadbeef};
	char text[256];

	is_str(describe(s, &place), "[unknown]||1!", "in no mapping");
	place = (struct place){.kind = PLACE_NO_FILE, .offset = 7, .name = "libgone.so"};
	is_str(describe(s, &place), "[libgone.so]|libgone.so|1!",
	       "in a file that could not be opened");
	place.name = NULL;
	is_str(describe(s, &place), "[unknown]||1!", "whose name is not known either");
	place.name = "[heap]";
	is_str(describe(s, &place), "[heap]|[heap]|1!", "brackets are not doubled");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	place.name = text;
	ok(strlen(describe(s, &place)) > 400, "a name as long as a file name can be");

	place = (struct place){.kind = PLACE_KERNEL, .offset = 0xffffffff81000010};
	is_str(describe(s, &place), "start_here|[kernel]|2", "a kernel function");
	place.offset = 0xffffffffc0000010;
	is_str(describe(s, &place), "helper|[nf_tables]|2", "a module's");
	place.offset = 0x1000;
	is_str(describe(s, &place), "[kernel]|[kernel]|2!", "none at all");

	put("proc/77/root/tmp/perf-5.map", "1000 10 JIT:run\n");
	snprintf(text, sizeof(text), "Uid:\t%d\t%d\t%d\t%d\nNSpid:\t77\t5\n", geteuid(), geteuid(),
		 geteuid(), geteuid());
	put("proc/77/status", text);
	place = (struct place){.kind = PLACE_ANON, .offset = 0x1008, .pid = 77, .inner_pid = 5};
	is_str(describe(s, &place), "JIT:run|[jit]|3", "code of a JIT");
	place.offset = 0x2000;
	is_str(describe(s, &place), "[jit]|[jit]|1!", "that the map does not know");
	place.pid = 78;
	is_str(describe(s, &place), "[jit]|[jit]|1!", "of a process that is not there");
	symbolizer_stats(s, &stats);
	ok(stats.kernel_functions == 2 && !stats.kernel_hidden, "the kernel's symbols were read");
	symbolizer_free(s);

	s = new_symbolizer(100, "hidden");
	place = (struct place){.kind = PLACE_KERNEL, .offset = 0xffffffff81000010};
	is_str(describe(s, &place), "[kernel]|[kernel]|2!", "a kernel that hides its addresses");
	symbolizer_stats(s, &stats);
	ok(stats.kernel_hidden, "is told apart");
	symbolizer_free(s);
}

static void test_vdso(void)
{
	struct symbolizer *s = new_symbolizer(100, "kallsyms");
	struct place place = {.kind = PLACE_FILE};
	uint64_t high = UINT64_C(0x7ffd00000000);
	struct image_cache *cache = NULL;
	struct image_stats stats;
	struct vdso vdso;
	size_t named = 0;
	bool has_clock = false;

	if (image_cache_new(&image_limits_default, &cache))
		return;
	vdso_open(cache, &vdso);
	if (!getauxval(AT_SYSINFO_EHDR) || !vdso.image) {
		tap_skip("no vDSO here");
	} else {
		place.image = vdso_of(&vdso, high, vdso.size);
		ok(place.image == vdso.image, "a mapping of its size is the vDSO");
		image_unref(place.image);
		ok(!vdso_of(&vdso, high, vdso.size + 4096), "one of another size is not");
		ok(!vdso_of(&vdso, 0xf7f00000, vdso.size), "nor is that of a 32-bit process");
		place.offset = 1;
		is_str(describe(s, &place), "[vdso]|[vdso]|1!", "its header has no name");
		for (place.offset = 0; place.offset < vdso.size; place.offset++) {
			const char *text = describe(s, &place);

			named += !strchr(text, '!');
			has_clock = has_clock || strstr(text, "clock_gettime|[vdso]|1");
		}
		ok(named > 100 && has_clock, "clock_gettime is in it (%zu bytes with names)",
		   named);
		image_cache_stats(cache, &stats);
		is_u64(stats.child_runs, 0, "no child is needed for the kernel's own file");
	}
	vdso_close(&vdso);
	vdso_close(&vdso);
	image_cache_free(cache);
	symbolizer_free(s);
}

/* Modules and BPF programs come and go while the agent runs. */
static void test_new_module(void)
{
	const struct place old = {.kind = PLACE_KERNEL, .offset = 0xffffffff81000010};
	const struct place module = {.kind = PLACE_KERNEL, .offset = 0xffffffffc0000010};
	struct symbolizer *s = new_symbolizer(16, "growing");
	char kernel[64];

	put("growing", "ffffffff81000000 T start\n");
	snprintf(kernel, sizeof(kernel), "start|[kernel]|%d", FRAME_KERNEL);
	is_str(describe(s, &old), kernel, "a function of the kernel");
	ok(strstr(describe(s, &module), "!"), "a module that is not there yet");
	put("growing", "ffffffff81000000 T start\nffffffffc0000000 t work\t[late]\n"
		       "ffffffffc0002000 t bpf_prog_6deef7357e7b4530_count\t[bpf]\n");
	ok(strstr(describe(s, &module), "!"), "the list is not read at every question");
	now_ns += 301 * NSEC_PER_SEC;
	ok(strstr(describe(s, &module), "work|[late]"), "but some time later");
	ok(strstr(describe(s, &(struct place){.kind = PLACE_KERNEL, .offset = 0xffffffffc0002008}),
		  "bpf_prog_6deef7357e7b4530_count|[bpf]"),
	   "a BPF program has its name, too");
	is_str(describe(s, &old), kernel, "the others keep their names");
	now_ns += 301 * NSEC_PER_SEC;
	put("growing", "");
	ok(strstr(describe(s, &(struct place){.kind = PLACE_KERNEL, .offset = UINT64_MAX}), "!"),
	   "a list that cannot be read any more");
	is_str(describe(s, &old), kernel, "...does not replace the one that was");
	symbolizer_free(s);
}

int main(void)
{
	tmpdir_make();
	mkdir(tmpdir_at("proc"), 0755);
	mkdir(tmpdir_at("proc/77"), 0755);
	mkdir(tmpdir_at("proc/77/root"), 0755);
	mkdir(tmpdir_at("proc/77/root/tmp"), 0755);
	put("kallsyms", "ffffffff81000000 T start_here\nffffffff82000000 D data\n"
			"ffffffffc0000000 t helper\t[nf_tables]\n");
	put("hidden", "0000000000000000 T start_here\n");
	test_files();
	test_ceiling();
	test_elsewhere();
	test_vdso();
	test_new_module();
	ok(tmpdir_remove(), "the test directory is gone");
	return tap_done();
}
