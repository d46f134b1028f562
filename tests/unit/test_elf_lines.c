// SPDX-License-Identifier: Apache-2.0
/*
 * Programs of our own, built in several ways, are asked for at every address; LLVM's symbolizer,
 * whose reader of DWARF is another one, has to say the same. That of binutils 2.40 is no oracle: it
 * has the file of functions of headers wrong, and loses inlined functions of clang's DWARF 5.
 */
#include <elf.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/num.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/lines.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

static const char main_c[] =
	"#include \"part.h\"\n"
	"volatile int sink;\n"
	"static inline int twice(int n)\n"
	"{\n"
	"	sink = n;\n"
	"	return shifted(n) + n;\n"
	"}\n"
	"static inline int four(int n)\n"
	"{\n"
	"	return twice(n) +\n"
	"	       twice(sink);\n"
	"}\n"
	"__attribute__((noinline)) int outer(int n)\n"
	"{\n"
	"	int sum = 0;\n"
	"	for (int i = 0; i < n; i++) {\n"
	"		if (i & 1)\n"
	"			sum += four(i);\n"
	"		else\n"
	"			sum -= part(i);\n"
	"	}\n"
	"	return sum;\n"
	"}\n"
	"__attribute__((cold, noinline)) static int rare(void) { sink = 7; return sink; }\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"	if (__builtin_expect(argc > 5, 0))\n"
	"		return rare() + four(argc);\n"
	"	return outer(argc) == 12;\n"
	"}\n";

static const char part_h[] = "int part(int n);\n"
			     "static inline int shifted(int n)\n"
			     "{\n"
			     "	return n << (n & 3);\n"
			     "}\n";

static const char part_c[] = "#include \"part.h\"\n"
			     "static volatile int other;\n"
			     "static inline int mixed(int n)\n"
			     "{\n"
			     "	other += shifted(n);\n"
			     "	return other;\n"
			     "}\n"
			     "int part(int n)\n"
			     "{\n"
			     "	return mixed(n) * mixed(n + 1);\n"
			     "}\n";

static const char name_cc[] =
	"namespace outer_space {\n"
	"struct shape {\n"
	"	int sides;\n"
	"	inline int area(int n) { asm volatile(\"\" ::: \"memory\"); return sides * n; }\n"
	"	__attribute__((noinline)) int volume(int n);\n"
	"};\n"
	"int shape::volume(int n)\n"
	"{\n"
	"	return area(n) + area(n + 1);\n"
	"}\n"
	"template <typename T> __attribute__((noinline)) T most(T a, T b)\n"
	"{\n"
	"	asm volatile(\"\" ::: \"memory\");\n"
	"	return a < b ? b : a;\n"
	"}\n"
	"}\n"
	"int main(int argc, char **)\n"
	"{\n"
	"	outer_space::shape s{argc};\n"
	"	return s.volume(argc) + outer_space::most<int>(argc, 3);\n"
	"}\n";

struct frame {
	char name[128], file[128];
	uint64_t line;
};

struct place {
	struct frame frames[16]; /* the innermost first, as addr2line has them */
	size_t cnt;
};

struct places {
	struct place *list;
	size_t cnt;
};

static struct str rest_of(const char *text)
{
	return str_trim(str_of(text));
}

static struct str base_name(struct str path)
{
	for (size_t i = path.len; i; i--)
		if (path.p[i - 1] == '/')
			return (struct str){path.p + i, path.len - i};
	return path;
}

static void copy_text(char *out, size_t cap, struct str s)
{
	snprintf(out, cap, "%.*s", (int)s.len, s.p);
}

/* "dir/main.c:12 (discriminator 3)"; "?" for what is not known */
static void read_position(struct frame *f, struct str s)
{
	size_t colon = s.len, digits = 0;

	while (colon && s.p[colon - 1] != ':')
		colon--;
	while (colon + digits < s.len && s.p[colon + digits] >= '0' && s.p[colon + digits] <= '9')
		digits++;
	if (num_parse_u64((struct str){s.p + colon, digits}, &f->line))
		f->line = 0;
	copy_text(f->file, sizeof(f->file), base_name((struct str){s.p, colon ? colon - 1 : 0}));
	if (!strcmp(f->file, "??"))
		f->file[0] = '\0';
}

/* What llvm-addr2line says for addresses that a file lists. */
static void ask_addr2line(const char *path, struct places *want)
{
	char command[512], line[1024];
	struct place *place = NULL;
	size_t cnt = 0;
	FILE *in;

	snprintf(command, sizeof(command), "llvm-addr2line -a -i -f -C -e %s <%s 2>/dev/null", path,
		 tmpdir_at("addresses"));
	in = popen(command, "r");
	while (in && fgets(line, sizeof(line), in)) {
		struct str text = rest_of(line);

		if (text.len > 2 && !memcmp(text.p, "0x", 2)) {
			place = cnt < want->cnt ? &want->list[cnt++] : NULL;
			continue;
		}
		if (!place || place->cnt == ARRAY_SIZE(place->frames))
			continue;
		copy_text(place->frames[place->cnt].name, sizeof(place->frames[0].name), text);
		if (fgets(line, sizeof(line), in))
			read_position(&place->frames[place->cnt++], rest_of(line));
	}
	if (in)
		pclose(in);
	want->cnt = cnt;
}

struct comparison {
	const struct places *want;
	size_t frames, inlined, wrong_names, wrong_lines, wrong_files, wrong_depth, unknown,
		between;
};

/* Without parameters, and without what is said of a part of a function ("main.cold"). */
static bool is_name(struct str ours, const char *theirs)
{
	size_t len = strcspn(theirs, "(.");
	const char *from = theirs;

	for (const char *p = theirs; p < theirs + len && *p != '<'; p++)
		if (*p == ' ')
			from = p + 1; /* a return type */
	return str_eq(ours, (struct str){from, len - (size_t)(from - theirs)});
}

static int compare(void *arg, size_t i, const struct lines_frame *frames, size_t cnt)
{
	struct comparison *c = arg;
	const struct place *want = &c->want->list[i];

	if (!want->cnt || !want->frames[0].line) { /* it knows a symbol, at most */
		c->unknown++;
		c->wrong_depth += cnt > 1;
		return 0;
	}
	if (cnt == 1 && !frames[0].name.len) { /* between functions: it takes the next symbol */
		c->between++;
		return 0;
	}
	if (cnt != want->cnt) {
		if (!c->wrong_depth++)
			printf("# place %zu: %zu frames, want %zu (%s:%" PRIu64 ")\n", i, cnt,
			       want->cnt, want->frames[0].name, want->frames[0].line);
		return 0;
	}
	for (size_t k = 0; k < cnt; k++) {
		const struct frame *theirs = &want->frames[cnt - 1 - k];
		const struct lines_frame *ours = &frames[k];

		c->frames++;
		c->inlined += ours->is_inlined;
		if (!is_name(ours->name, theirs->name) && !c->wrong_names++)
			printf("# place %zu: '%.*s', want '%s'\n", i, (int)ours->name.len,
			       ours->name.p, theirs->name);
		if (ours->line != theirs->line && !c->wrong_lines++)
			printf("# place %zu: line %u, want %" PRIu64 " of %s\n", i, ours->line,
			       theirs->line, theirs->name);
		if (!str_eq(base_name(ours->file), str_of(theirs->file)) && !c->wrong_files++)
			printf("# place %zu: file '%.*s', want '%s'\n", i, (int)ours->file.len,
			       ours->file.p, theirs->file);
	}
	return 0;
}

/* Every `step`th byte of the code of a file: its offsets, and its addresses into a file. */
static size_t list_places(const char *path, uint64_t step, uint64_t *offsets, size_t max)
{
	FILE *out = fopen(tmpdir_at("addresses"), "w");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_section *sections = NULL;
	size_t cnt = 0, section_cnt = 0;
	struct elf_file file;

	if (elf_file_init(&file, fd) || elf_file_sections(&file, &sections, &section_cnt))
		section_cnt = 0;
	for (size_t i = 0; i < section_cnt; i++) {
		const struct elf_section *s = &sections[i];

		if (s->type != SHT_PROGBITS || !(s->flags & SHF_EXECINSTR))
			continue;
		for (uint64_t at = 0; at < s->size && cnt < max; at += step) {
			offsets[cnt++] = s->offset + at;
			fprintf(out, "%#" PRIx64 "\n", s->vaddr + at);
		}
	}
	free(sections);
	fclose(out);
	close(fd);
	return cnt;
}

#define MAX_PLACES 6000

/* `described` has the DWARF, if `path` has not. */
static void compare_file(const char *what, const char *path, const char *described, uint64_t step,
			 size_t min_inlined)
{
	static uint64_t offsets[MAX_PLACES];
	int fds[] = {open(path, O_RDONLY | O_CLOEXEC),
		     described ? open(described, O_RDONLY | O_CLOEXEC) : -1};
	struct places want = {.list = calloc(MAX_PLACES, sizeof(struct place))};
	struct comparison c = {.want = &want};
	size_t cnt = list_places(path, step, offsets, MAX_PLACES);
	void *state = NULL;
	struct buf reply;
	int r = 0;

	want.cnt = cnt;
	buf_init(&reply, 64 << 20);
	ask_addr2line(described ? described : path, &want);
	is_u64(want.cnt, cnt, "%s: addr2line answers for all places", what);
	for (size_t i = 0; i < cnt && !r; i += 500) {
		size_t len = (cnt - i < 500 ? cnt - i : 500) * sizeof(offsets[0]);

		r = lines_job(fds, described ? 2 : 1, (struct str){(char *)&offsets[i], len},
			      &reply, &state);
	}
	is_i64(r, 0, "and so do we");
	is_i64(lines_decode((struct str){reply.data, reply.len}, cnt, compare, &c), 0,
	       "%zu places, %zu frames, %zu inlined, %zu unknown", cnt, c.frames, c.inlined,
	       c.unknown);
	ok(c.inlined >= min_inlined && c.between < cnt / 50,
	   "enough of them inlined, few between functions");
	is_u64(c.wrong_depth, 0, "as many frames");
	is_u64(c.wrong_names, 0, "of the same names");
	is_u64(c.wrong_files, 0, "in the same files");
	is_u64(c.wrong_lines, 0, "at the same lines");
	lines_job_end(state);
	buf_release(&reply);
	free(want.list);
	close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
}

static bool run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && %s", tmpdir, command);
	return system(line) == 0;
}

static void test_built(const char *what, const char *command, size_t min_inlined)
{
	if (run(command))
		compare_file(what, tmpdir_at("program"), NULL, 1, min_inlined);
	else
		tap_skip("this compiler is not here");
}

static void write_file(const char *name, const char *text)
{
	close(tmpdir_open(name, text, strlen(text)));
}

static void test_programs(void)
{
	write_file("main.c", main_c);
	write_file("part.h", part_h);
	write_file("part.c", part_c);
	write_file("name.cc", name_cc);
	test_built("DWARF 4", "gcc -O2 -gdwarf-4 -o program main.c part.c", 50);
	test_built("DWARF 5", "gcc -O2 -gdwarf-5 -o program main.c part.c", 50);
	test_built("compressed", "gcc -O2 -g -gz -o program main.c part.c", 50);
	test_built("without inlines", "gcc -O0 -g -no-pie -o program main.c part.c", 0);
	test_built("C++", "g++ -O2 -g -o program name.cc", 5);
	test_built("clang", "clang -O2 -g -o program main.c part.c", 20);
	if (run("gcc -O2 -g -o whole main.c part.c && objcopy --only-keep-debug whole whole.debug "
		"&&"
		" strip -o program whole"))
		compare_file("separate", tmpdir_at("program"), tmpdir_at("whole.debug"), 1, 50);
}

static int count_frames(void *arg, size_t i, const struct lines_frame *frames, size_t cnt)
{
	*(size_t *)arg += cnt;
	return 0;
}

/* What comes back from a child that a file has taken over. */
static void test_bad_answers(void)
{
	static const struct {
		const char *what;
		struct str reply;
	} cases[] = {
		{"nothing", {"", 0}},
		{"too many frames", STR_LIT("\x7f")},
		{"a frame that ends early", STR_LIT("\x01\x05")},
		{"a name that ends early", STR_LIT("\x01\x05\x05\x0amain")},
		{"a name that is too long", STR_LIT("\x01\x05\x05\xff\xff\x7f")},
		{"more than was asked for", STR_LIT("\0\0")},
	};
	size_t frames = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		is_i64(lines_decode(cases[i].reply, 1, count_frames, &frames), -EBADMSG, "%s",
		       cases[i].what);
	is_i64(lines_decode(STR_LIT("\x01\x05\x03\x01m\x01p"), 1, count_frames, &frames), 0,
	       "a frame");
	is_u64(frames, 1, "is one");
}

static void test_without(void)
{
	uint64_t offset = 0x1000;
	void *state = NULL;
	struct buf reply;
	int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);

	buf_init(&reply, 4096);
	is_i64(lines_job(&fd, 1, (struct str){(char *)&offset, 8}, &reply, &state), -ENOENT,
	       "a file without DWARF");
	ok(!state && !reply.len, "leaves nothing");
	lines_job_end(state);
	buf_release(&reply);
	close(fd);
}

int main(void)
{
	char self[1024] = "";

	tmpdir_make();
	test_programs();
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0)
		compare_file("this program", self, NULL, 131, 20);
	test_bad_answers();
	test_without();
	tmpdir_remove();
	return tap_done();
}
