// SPDX-License-Identifier: Apache-2.0
/*
 * odd MODE [SECONDS] - control flow that leaves the usual way:
 *
 *	vfork      main > odd_vfork > odd_spin in the child of vfork, on the parent's stack
 *	coroutine  odd_coroutine > odd_step > odd_spin on a stack made by makecontext, reached through
 *	           a number of switches
 *	longjmp    odd_jumper > odd_deep (three times) > odd_short, left again and again by longjmp
 *	tail       main > odd_tail, which jumps to odd_tail_second, which jumps to odd_spin: what
 *	           remains is main > odd_spin
 *	thread     odd_thread > odd_step > odd_spin in a thread
 *	deep       odd_recurse 200 times > odd_spin
 */
#include "hop.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/wait.h>
#include <ucontext.h>

static ucontext_t main_context, other_context;
static jmp_buf jump;
static unsigned long lifetime;

hop uint64_t odd_spin(uint64_t seed)
{
	return hop_busy(seed);
}

hop uint64_t odd_step(uint64_t a)
{
	uint64_t r = odd_spin(a);

	HOP_AFTER(r);
	return r + a;
}

hop int odd_vfork(uint64_t a)
{
	pid_t pid = vfork(); /* NOLINT: what is tested */

	if (!pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)alarm((unsigned int)lifetime); /* the handler is inherited */
		HOP_AFTER(odd_spin(a));
		_exit(0);
	}
	return pid < 0;
}

hop void odd_coroutine(void)
{
	for (int i = 0; i < 100; i++)
		(void)swapcontext(&other_context, &main_context);
	HOP_AFTER(odd_step(3));
}

static int run_coroutine(void)
{
	static char stack[256 << 10] __attribute__((aligned(64)));

	if (getcontext(&other_context))
		return 2;
	other_context.uc_stack.ss_sp = stack;
	other_context.uc_stack.ss_size = sizeof(stack);
	other_context.uc_link = &main_context;
	makecontext(&other_context, odd_coroutine, 0);
	for (;;)
		(void)swapcontext(&main_context, &other_context);
}

hop uint64_t odd_short(uint64_t a)
{
	for (unsigned int i = 0; i < 200000; i++)
		hop_sink = (hop_sink ^ i ^ a) * 2654435761U;
	return hop_sink;
}

hop uint64_t odd_deep(uint64_t depth)
{
	uint64_t r = depth ? odd_deep(depth - 1) : odd_short(depth);

	if (!depth)
		longjmp(jump, 1);
	HOP_AFTER(r);
	return r + depth;
}

hop uint64_t odd_jumper(uint64_t a)
{
	(void)setjmp(jump);
	HOP_AFTER(odd_deep(2));
	return a;
}

hop uint64_t odd_tail_second(uint64_t a)
{
	return odd_spin(a * 5);
}

hop uint64_t odd_tail(uint64_t a)
{
	return odd_tail_second(a + 3);
}

hop void *odd_thread(void *arg)
{
	HOP_AFTER(odd_step((uintptr_t)arg));
	return NULL;
}

static int run_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, odd_thread, NULL) || pthread_join(thread, NULL);
}

hop uint64_t odd_recurse(uint64_t depth)
{
	uint64_t r = depth ? odd_recurse(depth - 1) : odd_spin(depth);

	HOP_AFTER(r);
	return r + depth;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	lifetime = target_number(argc, argv, 2, 10);
	target_init(lifetime);
	if (!strcmp(mode, "vfork"))
		return odd_vfork(1) || wait(NULL) < 0;
	if (!strcmp(mode, "coroutine"))
		return run_coroutine();
	if (!strcmp(mode, "longjmp"))
		HOP_AFTER(odd_jumper(1));
	else if (!strcmp(mode, "tail"))
		HOP_AFTER(odd_tail(1));
	else if (!strcmp(mode, "thread"))
		return run_thread();
	else if (!strcmp(mode, "deep"))
		HOP_AFTER(odd_recurse(199));
	else
		return 2;
	return 0;
}
