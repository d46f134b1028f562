// SPDX-License-Identifier: Apache-2.0
/*
 * signals MODE [SECONDS] - busy in signals_spin, below a signal handler:
 *
 *	plain     signals_work > raise > (signal) > signals_handler > signals_spin
 *	altstack  the same, on a stack of its own
 *	nested    the handler raises another signal, whose handler is busy
 *	fault     the signal comes at the first instruction of signals_fault, where its frame is not
 *	          set up yet, and where the address before it belongs to another function
 */
#include "hop.h"

#include <sys/mman.h>

static volatile int second_signal;

hop uint64_t signals_spin(uint64_t seed)
{
	return hop_busy(seed);
}

hop void signals_inner(int sig)
{
	HOP_AFTER(signals_spin((uint64_t)sig));
}

hop void signals_handler(int sig)
{
	if (second_signal)
		(void)raise(second_signal);
	HOP_AFTER(signals_spin((uint64_t)sig));
}

/* In assembly, so that its first instruction is the one that faults. */
void signals_fault(volatile int *nowhere);
#if defined(__x86_64__)
__asm__(".text\n.globl signals_fault\n.type signals_fault, @function\nsignals_fault:\n"
	".cfi_startproc\nmovl $1, (%rdi)\nret\n.cfi_endproc\n.size signals_fault, . - "
	"signals_fault\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl signals_fault\n.type signals_fault, %function\nsignals_fault:\n"
	".cfi_startproc\nstr w0, [x0]\nret\n.cfi_endproc\n.size signals_fault, . - "
	"signals_fault\n");
#endif

hop uint64_t signals_work(uint64_t a, bool fault)
{
	int r = 0;

	if (fault)
		signals_fault((volatile int *)a);
	else
		r = raise(SIGUSR1);
	HOP_AFTER((uint64_t)r);
	return a;
}

static bool use_altstack(struct sigaction *sa)
{
	size_t size = 256 << 10;
	stack_t ss = {.ss_size = size};

	ss.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sa->sa_flags |= SA_ONSTACK;
	return ss.ss_sp != MAP_FAILED && !sigaltstack(&ss, NULL);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	struct sigaction sa = {.sa_handler = signals_handler};
	bool fault = !strcmp(mode, "fault");

	target_init(target_number(argc, argv, 2, 10));
	if (!strcmp(mode, "altstack") && !use_altstack(&sa))
		return 2;
	if (sigaction(fault ? SIGSEGV : SIGUSR1, &sa, NULL))
		return 2;
	if (!strcmp(mode, "nested")) {
		sa.sa_handler = signals_inner;
		if (sigaction(SIGUSR2, &sa, NULL))
			return 2;
		second_signal = SIGUSR2;
	}
	HOP_AFTER(signals_work(fault ? 16 : 1, fault));
	return 0;
}
