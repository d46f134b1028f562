// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/guard.h"
#include "base/fs.h"
#include "base/text.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

#define SAMPLING GUARD_SAMPLING
#define STACKS	 GUARD_KERNEL_STACKS
#define RULES	 GUARD_UNWIND_RULES
#define BOTH	 (SAMPLING | STACKS)
#define ALL	 (SAMPLING | STACKS | RULES)

#define LONG_BOOT "boot=0123456789012345678901234567890123456789012345678901234567890123"

struct row {
	const char *what;
	struct guard_note note;
	unsigned int off, blamed;
};

static const struct row rows[] = {
	{"killed in this boot", {"now", true, ALL, 0}, 0, 0},
	{"all on, and the machine went down", {"before", true, ALL, 0}, STACKS, STACKS},
	{"then rules are the next",
	 {"before", true, SAMPLING | RULES, STACKS},
	 STACKS | RULES,
	 RULES},
	{"and sampling the last", {"before", true, SAMPLING, STACKS | RULES}, ALL, SAMPLING},
	{"rules without kernel stacks", {"before", true, SAMPLING | RULES, 0}, RULES, RULES},
	{"rules stay off", {"before", false, SAMPLING | STACKS, RULES}, RULES, 0},
	{"the machine went down", {"before", true, BOTH, 0}, STACKS, STACKS},
	{"and again", {"before", true, SAMPLING, STACKS}, BOTH, SAMPLING},
	{"without kernel stacks", {"before", true, SAMPLING, 0}, SAMPLING, SAMPLING},
	{"all was well in the boot before", {"before", false, SAMPLING, STACKS}, STACKS, 0},
	{"killed, with something off", {"now", true, SAMPLING, STACKS}, STACKS, 0},
	{"nothing was on", {"before", true, 0, 0}, 0, 0},
	{"what is off is not blamed again", {"before", true, STACKS, STACKS}, STACKS, 0},
	{"all off", {"before", true, 0, BOTH}, BOTH, 0},
};

static void test_decide(void)
{
	struct guard_verdict v = guard_decide(NULL, "now");

	ok(!v.off && !v.blamed, "nothing left: nothing off");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v = guard_decide(&rows[i].note, "now");
		ok(v.off == rows[i].off && v.blamed == rows[i].blamed, "%s", rows[i].what);
	}
	v = guard_decide(&rows[1].note, "");
	ok(!v.off, "who does not know this boot concludes nothing");
}

static void test_text(void)
{
	static const char *const bad[] = {
		"",
		"boot=x\n",
		"state=well\n",
		"boot=\nstate=well\n",
		"boot=x\nstate=dead\n",
		LONG_BOOT "\nstate=well\n",
		"\n\n=\n==\n",
		"boot",
	};
	struct guard_note note = {.on = 0}, back = {.on = 0};
	struct buf b;

	buf_init(&b, 4096);
	for (unsigned int set = 0; set < 64; set++) {
		note = (struct guard_note){"0cbf-11", set & 1, set & ALL, set >> 3 & ALL};
		buf_clear(&b);
		guard_format(&note, &b);
		ok(!guard_parse(buf_str(&b), &back) && !strcmp(back.boot, note.boot) &&
			   back.attaching == note.attaching && back.on == note.on &&
			   back.off == note.off,
		   "set %u comes back", set);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_i64(guard_parse(str_of(bad[i]), &back), -EINVAL, "refused: bad %zu", i);
	is_i64(guard_parse(STR_LIT("boot=a\0b\nstate=well\n"), &back), -EINVAL, "a NUL in the id");
	ok(!guard_parse(STR_LIT("new=1\nboot=a\nstate=attaching\non=warp,sampling\noff=,,\n"),
			&back) &&
		   back.on == SAMPLING && !back.off && back.attaching,
	   "what a later version adds is ignored");
	buf_release(&b);
}

static const char *const dir = tmpdir;
static char path[4096];

static bool is_there(void)
{
	struct stat st;

	return !stat(path, &st);
}

static void forge(const char *text)
{
	if (fs_write(path, str_of(text), NULL))
		printf("Bail out! cannot write %s\n", path);
}

static unsigned int begin(struct guard *g, bool retry, int *ret_r, struct err *err)
{
	*ret_r = guard_begin(g, dir, BOTH, retry, err);
	return g->verdict.off;
}

static void test_file(void)
{
	struct guard_verdict verdict;
	struct guard_note note;
	struct err err = {{0}};
	struct guard g;
	int r;

	is_i64(guard_look(dir, &note, &verdict, &err), -ENOENT, "nothing there at first");
	ok(!begin(&g, false, &r, &err) && !r, "all on");
	guard_attaching(&g);
	ok(is_there(), "the file is there while attaching");
	guard_release(&g);
	ok(!begin(&g, false, &r, &err) && !r, "killed and started again: all on");
	guard_attaching(&g);
	guard_healthy(&g);
	ok(!is_there(), "gone when all is well");
	guard_healthy(&g);
	guard_release(&g);

	forge("boot=another\nstate=attaching\non=sampling,kernel-stacks\noff=\n");
	ok(!guard_look(dir, &note, &verdict, &err) && verdict.off == STACKS, "doctor sees it");
	ok(begin(&g, false, &r, &err) == STACKS && !r, "after a crash: no kernel stacks");
	guard_attaching(&g);
	guard_healthy(&g);
	ok(is_there(), "which is remembered");
	guard_release(&g);
	ok(begin(&g, false, &r, &err) == STACKS && !r && g.note.on == SAMPLING,
	   "at the next start");
	guard_release(&g);

	forge("boot=another\nstate=attaching\non=sampling\noff=kernel-stacks\n");
	ok(begin(&g, false, &r, &err) == BOTH && r == -EPERM && strstr(err.text, "--retry-attach"),
	   "after the second crash it refuses: %s", err.text);
	guard_release(&g);
	ok(begin(&g, false, &r, &err) == BOTH && r == -EPERM, "and goes on refusing");
	guard_release(&g);
	ok(!begin(&g, true, &r, &err) && !r, "until it is told to try again");
	guard_attaching(&g);
	guard_healthy(&g);
	ok(!is_there(), "and all is well");
	guard_release(&g);

	forge("rubbish");
	ok(!begin(&g, false, &r, &err) && !r, "rubbish is as good as nothing");
	is_i64(guard_look(dir, &note, &verdict, &err), -EINVAL, "but doctor says so: %s", err.text);
	guard_release(&g);
	(void)unlink(path);
}

int main(void)
{
	tmpdir_make();
	(void)snprintf(path, sizeof(path), "%s/" GUARD_FILE, dir);
	test_decide();
	test_text();
	test_file();
	tmpdir_remove();
	return tap_done();
}
