// SPDX-License-Identifier: Apache-2.0
/*
 * A Go program is led through its code one instruction at a time. At each call the stack pointer and
 * the frame pointer are noted; at each instruction of the called function the rule has to give them
 * back. That is what an unwinder needs to be true, whatever tables say.
 */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "elf/pclntab.h"
#include "unit/go_programs.h"
#include "unit/pclntab_rows.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

#define MAX_INSTRUCTIONS 150000
#define MAX_DEPTH	 4096

#ifdef __x86_64__

static struct rows rows;

static struct frame {
	uint64_t cfa, fp;
} frames[MAX_DEPTH];
static size_t depth;

static struct {
	uint64_t checked, saved, wrong_cfa, wrong_fp;
} seen;

static uint64_t peek(pid_t pid, uint64_t at)
{
	return (uint64_t)ptrace(PTRACE_PEEKDATA, pid, (void *)at, NULL);
}

static void check(pid_t pid, const struct user_regs_struct *regs)
{
	const struct unwind_rule *rule = &rows_at(&rows, regs->rip)->rule;
	uint64_t cfa = regs->rsp + (uint64_t)(int64_t)unwind_rule_offset(rule);
	const struct frame *f;

	if (unwind_rule_kind(rule) != UNWIND_CFA_SP) {
		depth = 0; /* a stack may be left for another one here */
		return;
	}
	while (depth && regs->rsp >= frames[depth - 1].cfa)
		depth--;
	if (!depth)
		return;
	f = &frames[depth - 1];
	seen.checked++;
	if (cfa != f->cfa) {
		if (!seen.wrong_cfa++)
			printf("# %#llx: rsp %#llx: CFA %#" PRIx64 ", want %#" PRIx64 "\n",
			       regs->rip, regs->rsp, cfa, f->cfa);
		depth = 0;
		return;
	}
	seen.saved += rule->fp != UNWIND_SAME;
	if ((rule->fp ? peek(pid, cfa + 8 * (uint64_t)(int64_t)rule->fp) : regs->rbp) != f->fp &&
	    !seen.wrong_fp++)
		printf("# %#llx: the frame pointer is wrong\n", regs->rip);
}

/* Has the last instruction been a call? A new frame, then. */
static void follow(pid_t pid, const struct user_regs_struct *before,
		   const struct user_regs_struct *now)
{
	uint64_t length = now->rsp == before->rsp - 8 ? peek(pid, now->rsp) - before->rip : 0;

	if (length < 2 || length > 8 || now->rip == before->rip + length || depth == MAX_DEPTH)
		return;
	frames[depth++] = (struct frame){now->rsp + 8, now->rbp};
}

static void walk(pid_t pid)
{
	struct user_regs_struct before, now;
	int status;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &before))
		return;
	for (size_t i = 0; i < MAX_INSTRUCTIONS; i++) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || waitpid(pid, &status, 0) != pid ||
		    !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP ||
		    ptrace(PTRACE_GETREGS, pid, NULL, &now))
			return;
		follow(pid, &before, &now);
		check(pid, &now);
		before = now;
	}
}

static void test_program(const char *go_flags)
{
	const char *path = go_build("CGO_ENABLED=0", go_flags, "exe");
	struct pclntab *t = NULL;
	struct elf_file file;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	pid_t pid;

	if (fd < 0) {
		tap_skip("no go that builds here");
		return;
	}
	rows.cnt = depth = 0;
	memset(&seen, 0, sizeof(seen));
	if (!ok(!elf_file_init(&file, fd) && !pclntab_open(&file, &t) &&
			!pclntab_rows(t, 0, UINT64_MAX, rows_add, &rows),
		"the rules of a program built with '%s'", go_flags))
		return;
	pid = fork();
	if (!pid) {
		close(1);
		close(2);
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(path, path, NULL);
		_exit(1);
	}
	if (pid > 0 && waitpid(pid, NULL, 0) == pid) {
		walk(pid);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	ok(seen.checked > 10000 && seen.saved > 1000,
	   "%" PRIu64 " instructions, %" PRIu64 " with a saved frame pointer", seen.checked,
	   seen.saved);
	is_u64(seen.wrong_cfa, 0, "each has its frame");
	is_u64(seen.wrong_fp, 0, "and the frame pointer of its caller");
	pclntab_free(t);
	close(fd);
}

int main(void)
{
	tmpdir_make();
	test_program("-ldflags=-s");
	free(rows.rows);
	tmpdir_remove();
	return tap_done();
}

#else

int main(void)
{
	tap_skip("single steps are counted on x86-64 only");
	return tap_done();
}

#endif
