// SPDX-License-Identifier: Apache-2.0
/*
 * Names from everywhere: one small program, taken apart as distributions do it (MiniDebugInfo,
 * separate debug files, compressed sections), must name its functions as it did when it was whole.
 * binutils make the pieces, and objdump says what the PLT stubs are called.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/num.h"
#include "elf/content.h"
#include "elf/minidebug.h"
#include "unit/symbols.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

static const char program[] =
	"#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
	"static __attribute__((noinline)) int local_one(int x) { return x * 3 + 1; }\n"
	"static __attribute__((noinline)) int local_two(int x) { return local_one(x) * 5; }\n"
	"int shared(int x) { return local_two(x) ^ 7; }\n"
	"int main(int argc, char **argv) { char *p = malloc(50 + argc); memset(p, argc, 9);\n"
	"printf(\"%d\\n\", shared(argc) + p[1] + (int)strlen(argv[0])); free(p);\n"
	"return (int)(long)getenv(\"NO_SUCH\"); }\n";

__attribute__((format(printf, 1, 2))) static bool run(const char *fmt, ...)
{
	char command[4096], inner[3072];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(inner, sizeof(inner), fmt, ap);
	va_end(ap);
	snprintf(command, sizeof(command), "cd %s && { %s; } 2>errors", tmpdir, inner);
	return system(command) == 0;
}

static int open_in(const char *name)
{
	return open(tmpdir_at(name), O_RDONLY | O_CLOEXEC);
}

static struct symbols read_in(const char *name, const int *debug_fds)
{
	return symbols_read(open_in(name), 1 << 20, 1 << 16, debug_fds);
}

static void done(struct symbols *s)
{
	symbols_release(s);
	close(s->image_fd);
}

/* Where the functions of the program are, out of the whole file. */
static struct {
	const char *name;
	uint64_t offset;
} functions[] = {{"local_one", 0}, {"local_two", 0}, {"shared", 0}, {"main", 0}};

static void find_functions(const char *name)
{
	struct symbols s = read_in(name, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		functions[i].offset = 0;
	for (uint64_t offset = 0; offset < 65536; offset++) {
		const char *found = symbols_at(&s, offset);

		for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
			if (!functions[i].offset && !strcmp(found, functions[i].name))
				functions[i].offset = offset;
	}
	done(&s);
}

static size_t named(const struct symbols *s)
{
	size_t cnt = 0;

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		cnt += functions[i].offset &&
		       !strcmp(symbols_at(s, functions[i].offset + 1), functions[i].name);
	return cnt;
}

static bool make_programs(void)
{
	close(tmpdir_open("p.c", program, sizeof(program) - 1));
	if (!run("cc -O1 -g -o whole p.c && cc -O1 -g -Wl,--build-id=none -o anonymous p.c"))
		return false;
	find_functions("whole");
	return true;
}

static void test_whole(void)
{
	struct symbols s = read_in("whole", NULL);
	struct symfile_info info;

	is_u64(named(&s), 4, "a program with .symtab names its functions");
	ok(!symfile_info(s.file, &info) && !info.wants_debug && info.build_id.len == 20,
	   "wants no debug file, and has a build id");
	done(&s);
	ok(run("objcopy --strip-all whole stripped"), "it is stripped");
	s = read_in("stripped", NULL);
	is_u64(named(&s), 0, "nothing is named then");
	ok(!symfile_info(s.file, &info) && info.wants_debug, "and a debug file would be of use");
	done(&s);
}

/* As find-debuginfo of rpm does it. */
static void test_minidebug(void)
{
	struct symbols s;
	uint8_t bytes[65536];
	uint64_t state = 1;
	size_t bad = 0;
	ssize_t n;
	int fd;

	if (!run("nm -D whole --format=posix --defined-only | awk '{print $1}' | sort > dynamic;"
		 "nm whole --format=posix --defined-only |"
		 " awk '{ if ($2 == \"T\" || $2 == \"t\") print $1 }' | sort > all;"
		 "comm -13 dynamic all > keep; objcopy --only-keep-debug whole mini_full;"
		 "objcopy -S --remove-section .gdb_index --remove-section .comment"
		 " --keep-symbols=keep mini_full mini && rm -f mini.xz && xz -k mini &&"
		 "objcopy --add-section .gnu_debugdata=mini.xz stripped minidebug")) {
		tap_skip("no xz, or binutils that cannot do it");
		return;
	}
	s = read_in("minidebug", NULL);
	is_u64(named(&s), 4, "MiniDebugInfo names all");
	done(&s);

	fd = open_in("minidebug");
	n = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	for (int i = 0; i < 300 && n > 0; i++) {
		const uint8_t *xz = memmem(bytes, (size_t)n,
					   "\xfd"
					   "7zXZ",
					   5);
		size_t at = xz ? (size_t)(xz - bytes) : 0;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		at += (state >> 33) % 800;
		bytes[at] ^= (uint8_t)(1 + (state >> 24) % 255);
		fd = tmpdir_open("flipped", (const char *)bytes, (size_t)n);
		s = symbols_read(fd, 1 << 20, 1 << 16, NULL);
		bad += !s.file;
		for (size_t k = 0; s.file && k < ARRAY_SIZE(functions); k++)
			bad += symbols_at(&s, functions[k].offset)[0] == '(';
		done(&s);
		if (i % 4 == 3) { /* not all damage on one file */
			fd = open_in("minidebug");
			n = pread(fd, bytes, sizeof(bytes), 0);
			close(fd);
		}
	}
	is_u64(bad, 0, "300 damaged ones are files with fewer names, nothing else");
	ok(run("head -c 200M /dev/zero | xz -1 > bomb.xz &&"
	       "objcopy --add-section .gnu_debugdata=bomb.xz stripped bomb"),
	   "200 MB of zeros in a section");
	s = read_in("bomb", NULL);
	ok(s.file && !named(&s), "are not expanded");
	done(&s);
}

static void test_debug_files(void)
{
	struct symfile_info info;
	struct symbols s;
	int fds[3] = {-1, -1, -1};

	ok(run("objcopy --only-keep-debug whole whole.debug &&"
	       "objcopy --only-keep-debug anonymous anonymous.debug &&"
	       "objcopy --strip-all --add-gnu-debuglink=anonymous.debug anonymous linked"),
	   "debug files are split off");
	fds[0] = open_in("whole.debug");
	s = read_in("stripped", fds);
	is_u64(named(&s), 4, "a debug file of the same build id names all");
	ok(!symfile_info(s.file, &info) && info.debug_used == 1, "and it is told that it did");
	done(&s);
	fds[1] = fds[0];
	fds[0] = open_in("anonymous.debug");
	s = read_in("stripped", fds);
	ok(named(&s) == 4 && !symfile_info(s.file, &info) && info.debug_used == 2,
	   "the one without a build id is passed over");
	done(&s);
	find_functions("anonymous");
	s = read_in("linked", fds);
	ok(named(&s) == 4 && !symfile_info(s.file, &info) && info.debug_used == 1 &&
		   !strcmp(info.link.name, "anonymous.debug"),
	   "without a build id the CRC of the link decides");
	done(&s);
	close(fds[0]);
	ok(run("echo >> anonymous.debug"), "a byte more");
	fds[0] = open_in("anonymous.debug");
	s = read_in("linked", fds);
	ok(!named(&s) && !symfile_info(s.file, &info) && !info.debug_used,
	   "and it is not the one that was linked");
	done(&s);
	close(fds[0]);
	close(fds[1]);
	find_functions("whole");
}

/* The paths are those that gdb's manual names. */
static void test_debug_paths(void)
{
	struct buildid id = {.len = 3, .bytes = {0xab, 0xcd, 0xef}}, none = {.len = 0};
	struct debuglink link = {.name = "p.debug"}, nowhere = {.crc = 0};
	static const char *const want[] = {"/usr/lib/debug/.build-id/ab/cdef.debug",
					   "/usr/bin/p.debug", "/usr/bin/.debug/p.debug",
					   "/usr/lib/debug/usr/bin/p.debug"};
	struct buf path;
	size_t i = 0;

	buf_init(&path, 4096);
	for (; debuglink_path(i, STR_LIT("/usr/bin/p"), &id, &link, &path); i++)
		is_str(path.data, want[i < 4 ? i : 0], "path %zu", i);
	is_u64(i, 4, "are all");
	for (i = 0; debuglink_path(i, STR_LIT("/usr/bin/p"), &none, &nowhere, &path); i++)
		ok(!path.len, "no path %zu without build id and link", i);
	for (i = 1; debuglink_path(i, STR_LIT("[vdso]"), &id, &link, &path); i++)
		ok(!path.len, "nor beside what is no file");
	buf_release(&path);
}

static bool same_content(struct elf_content *a, struct elf_content *b)
{
	return !elf_content_load(a, 1 << 24) && !elf_content_load(b, 1 << 24) &&
	       a->size == b->size && a->size && !memcmp(a->data, b->data, a->size);
}

static void test_compressed(const char *how)
{
	struct elf_file whole, packed;
	struct elf_section *ws = NULL, *ps = NULL;
	struct elf_content wc = {.file = NULL}, pc = {.file = NULL};
	size_t wn = 0, pn = 0;
	int wfd, pfd;

	if (!run("objcopy --compress-debug-sections=%s whole packed", how)) {
		printf("ok %d # SKIP binutils without %s\n", ++tap_run, how);
		return;
	}
	wfd = open_in("whole");
	pfd = open_in("packed");
	ok(!elf_file_init(&whole, wfd) && !elf_file_init(&packed, pfd) &&
		   !elf_file_sections(&whole, &ws, &wn) && !elf_file_sections(&packed, &ps, &pn),
	   "sections are compressed by %s", how);
	ok(!elf_content_open_debug(&whole, ws, wn, "info", 1 << 24, &wc) &&
		   !elf_content_open_debug(&packed, ps, pn, "info", 1 << 24, &pc) &&
		   !wc.is_expanded && pc.is_expanded && same_content(&wc, &pc),
	   "and the same when they are expanded");
	elf_content_release(&pc);
	is_i64(elf_content_open_debug(&packed, ps, pn, "info", 100, &pc), -EFBIG,
	       "but not beyond what is asked for");
	is_i64(elf_content_open_debug(&packed, ps, pn, "nothing", 1 << 24, &pc), -ENOENT,
	       "what is not there is not found");
	elf_content_release(&wc);
	free(ws);
	free(ps);
	close(wfd);
	close(pfd);
}

/* Every label NAME@plt of objdump: "0000000000001030 <puts@plt>:". */
static void compare_plt(const char *objdump, const char *path)
{
	char command[512], line[1024], name[512];
	size_t labels = 0, wrong = 0, chosen = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct symbols s;
	struct elf_file file;
	uint64_t vaddr, offset, end;
	FILE *pipe;

	if (fd < 0) {
		printf("ok %d # SKIP no %s\n", ++tap_run, path);
		return;
	}
	s = symbols_read(fd, 1 << 20, 1 << 16, NULL);
	snprintf(command, sizeof(command),
		 "%s -d -j .plt -j .plt.sec -j .plt.got %s 2>/dev/null | grep '@plt>:$'", objdump,
		 path);
	pipe = popen(command, "r");
	ok(pipe && !elf_file_init(&file, fd), "%s is taken apart", path);
	while (pipe && fgets(line, sizeof(line), pipe)) {
		char *open = strstr(line, " <"), *shut = strstr(line, ">:");

		if (!open || !shut ||
		    num_parse_hex((struct str){line, (size_t)(open - line)}, &vaddr) ||
		    !elf_file_code_offset(&file, vaddr, &offset, &end))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(shut - open - 2), open + 2);
		if (strstr(name, "*ABS*")) { /* objdump does not look who chooses */
			chosen++;
			wrong += !strstr(symbols_at(&s, offset), "@plt");
			continue;
		}
		labels++;
		if (strcmp(symbols_at(&s, offset), name) != 0 && wrong++ < 5)
			printf("# %s: %s\n", name, symbols_at(&s, offset));
	}
	if (pipe)
		pclose(pipe);
	ok(labels > 0, "with %zu stubs that objdump names, and %zu of ifuncs", labels, chosen);
	is_u64(wrong, 0, "and each has that name");
	done(&s);
}

static void test_plt(void)
{
	static const char arm[] = "int puts(const char *); void *malloc(unsigned long);"
				  "int f(void) { return puts(\"x\") + (malloc(3) != 0); }";

	ok(run("cc -O1 -Wl,-z,lazy -fcf-protection=none -o lazy p.c &&"
	       "cc -O1 -Wl,-z,now -fno-plt -o noplt p.c && cc -O1 -static -o static p.c &&"
	       "cc -O1 -Wl,-z,lazy,-z,ibtplt -fcf-protection=full -o ibt p.c"),
	   "programs with all kinds of PLTs");
	compare_plt("objdump", tmpdir_at("lazy"));
	compare_plt("objdump", tmpdir_at("ibt"));
	compare_plt("objdump", "/usr/bin/python3");
	compare_plt("objdump", "/lib/x86_64-linux-gnu/libc.so.6");
	close(tmpdir_open("arm.c", arm, sizeof(arm) - 1));
	if (!run("aarch64-linux-gnu-gcc -O1 -nostdlib -shared -fPIC -Wl,-z,lazy -o arm arm.c &&"
		 "aarch64-linux-gnu-gcc -O1 -nostdlib -shared -fPIC -Wl,-z,lazy"
		 " -mbranch-protection=standard -Wl,-z,force-bti -o bti arm.c")) {
		tap_skip("no compiler for arm64 here");
		return;
	}
	compare_plt("aarch64-linux-gnu-objdump", tmpdir_at("arm"));
	compare_plt("aarch64-linux-gnu-objdump", tmpdir_at("bti"));
}

/* Go leaves its table in stripped programs. */
static void test_go(void)
{
	static const char go[] = "package main\nimport \"fmt\"\n//go:noinline\n"
				 "func twice(n int) int { return n * 2 }\n"
				 "func main() { fmt.Println(twice(21)) }\n";
	struct symbols s;
	size_t twice = 0, printing = 0;

	close(tmpdir_open("m.go", go, sizeof(go) - 1));
	if (!run("HOME=$PWD GOFLAGS=-mod=mod go build -ldflags='-s -w' -o gone m.go")) {
		tap_skip("no Go here");
		return;
	}
	s = read_in("gone", NULL);
	for (uint64_t offset = 0; offset < 4 << 20; offset += 8) {
		const char *name = symbols_at(&s, offset);

		twice += !strcmp(name, "main.twice");
		printing += !strcmp(name, "fmt.(*pp).printArg");
	}
	ok(twice && printing, "a stripped Go program names its functions and the library's");
	done(&s);
}

int main(void)
{
	tmpdir_make();
	if (!make_programs()) {
		tap_skip("no compiler that links here");
	} else {
		test_whole();
		test_minidebug();
		test_debug_files();
		test_compressed("zlib");
		test_compressed("zlib-gnu");
		test_compressed("zstd");
		test_plt();
	}
	test_go();
	test_debug_paths();
	ok(tmpdir_remove(), "the test directory is gone");
	return tap_done();
}
