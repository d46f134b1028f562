// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"
#include "sym/kallsyms.h"
#include "unit/tap.h"

static char path[] = "/tmp/culprit-kallsyms-XXXXXX";

static int read_text(const char *text, struct kallsyms **ret)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		printf("Bail out! cannot write %s\n", path);
	return kallsyms_read(path, ret);
}

static const char *name_at(const struct kallsyms *k, uint64_t address)
{
	static char out[256];
	struct str name, module;

	if (!kallsyms_find(k, address, &name, &module))
		return "-";
	snprintf(out, sizeof(out), "%.*s %.*s", (int)name.len, name.p, (int)module.len, module.p);
	return out;
}

static void test_lookup(void)
{
	struct kallsyms *k = NULL;
	int r = read_text("0000000000000000 A fixed_percpu_data\n"
			  "ffffffff81000000 T _stext\n"
			  "ffffffff81000000 T startup_64\n"
			  "ffffffff81000100 t do_one\n"
			  "ffffffff81000100 W weak_one\n"
			  "ffffffff81000200 T __x64_sys_read\n"
			  "ffffffff81000200 T read_entry\n"
			  "ffffffff81000300 D some_data\n"
			  "ffffffff81000310 d more_data\n"
			  "ffffffffc0001000 t nft_do_chain\t[nf_tables]\n"
			  "ffffffffc0000100 t helper\t[nf_tables]\n"
			  "ffffffffc0201000 t bpf_prog_6deef7357e7b4530_main\t[bpf]\n",
			  &k);

	is_i64(r, 0, "a small table is read");
	is_str(name_at(k, 0xffffffff80ffffff), "-", "before the first function");
	is_str(name_at(k, 0xffffffff81000000), "startup_64 [kernel]", "fewest underscores of two");
	is_str(name_at(k, 0xffffffff810000ff), "startup_64 [kernel]", "up to the next one");
	is_str(name_at(k, 0xffffffff81000180), "do_one [kernel]",
	       "the first of two that are not exported");
	is_str(name_at(k, 0xffffffff81000210), "read_entry [kernel]", "a name without underscores");
	is_str(name_at(k, 0xffffffff81000300), "-", "data ends the function before it");
	is_str(name_at(k, 0xffffffff81000400), "-", "and stays without a name");
	is_str(name_at(k, 0xffffffffc0000200), "helper [nf_tables]",
	       "a module, although the lines are not sorted");
	is_str(name_at(k, 0xffffffffc0001001), "nft_do_chain [nf_tables]",
	       "another of its functions");
	is_str(name_at(k, 0xffffffffc0201010), "bpf_prog_6deef7357e7b4530_main [bpf]",
	       "a BPF program");
	is_str(name_at(k, 0xffffffffffffffff), "-",
	       "far behind the last function there is no name");
	is_u64(kallsyms_cnt(k), 6, "aliases and data do not count");
	kallsyms_free(k);
}

static void test_bad(void)
{
	struct kallsyms *k = NULL;

	is_i64(read_text("0000000000000000 T _stext\n0000000000000000 t do_one\n", &k), -EACCES,
	       "all addresses zero: they are hidden");
	is_i64(read_text("", &k), -ENODATA, "empty");
	is_i64(read_text("hello\nffffffff81000000\nffffffff81000000 T\nzz T name\n"
			 "ffffffff81000000 TT two\nffffffff81000000 T \n",
			 &k),
	       -ENODATA, "lines that make no sense");
	is_i64(read_text("ffffffff81000000 D data\n", &k), -ENODATA, "no function at all");
	is_i64(kallsyms_read("/nonexistent/kallsyms", &k), -ENOENT, "no such file");
	ok(!k, "and nothing is handed out");
	kallsyms_free(NULL);
	is_i64(read_text("ffffffff81000000 T one\n\n\nrubbish\nffffffff81000010 T two", &k), 0,
	       "rubbish between good lines, no newline at the end");
	is_str(name_at(k, 0xffffffff81000010), "two [kernel]", "does not hide the last of them");
	kallsyms_free(k);
}

/* The running kernel against its own text. */
static void test_this_kernel(void)
{
	struct kallsyms *k = NULL;
	size_t checked = 0, wrong = 0;
	char line[1024];
	FILE *f;
	int r = kallsyms_read("/proc/kallsyms", &k);

	if (r == -EACCES || r == -ENOENT) {
		tap_skip("the kernel hides its symbols from us");
		return;
	}
	is_i64(r, 0, "this kernel's symbols are read");
	f = fopen("/proc/kallsyms", "r");
	for (size_t n = 0; f && fgets(line, sizeof(line), f); n++) {
		struct str name, module;
		uint64_t address;

		if (n % 101 || num_parse_hex((struct str){line, 16}, &address) || !address)
			continue;
		if (!strchr("tTwW", line[17]))
			continue;
		checked++;
		/* an alias may be better, but one that begins there must be found */
		if (!kallsyms_find(k, address, &name, &module))
			wrong++;
	}
	if (f)
		fclose(f);
	ok(checked > 10, "%zu functions looked up", checked);
	is_u64(wrong, 0, "each has a name");
	ok(kallsyms_bytes(k) < 40u << 20, "in %zu KiB of memory", kallsyms_bytes(k) >> 10);
	kallsyms_free(k);
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	test_lookup();
	test_bad();
	test_this_kernel();
	unlink(path);
	return tap_done();
}
