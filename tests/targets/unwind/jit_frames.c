// SPDX-License-Identifier: Apache-2.0
/*
 * jit_frames [SECONDS] - main > jit_call > (machine code in anonymous memory) > jit_callback >
 * jit_spin. The machine code has no rules, but keeps a frame pointer, as compilers at run time do.
 */
#include "hop.h"

#include <sys/mman.h>

#if defined(__x86_64__)
static const uint8_t code[] = {
	0x55,		  /* push %rbp */
	0x48, 0x89, 0xe5, /* mov  %rsp, %rbp */
	0xff, 0xd7,	  /* call *%rdi */
	0x5d,		  /* pop  %rbp */
	0xc3,		  /* ret */
};
#elif defined(__aarch64__)
static const uint32_t code[] = {
	0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	0x910003fd, /* mov x29, sp */
	0xd63f0000, /* blr x0 */
	0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
	0xd65f03c0, /* ret */
};
#else
#error "no machine code for this machine"
#endif

hop uint64_t jit_spin(uint64_t seed)
{
	return hop_busy(seed);
}

hop void jit_callback(void)
{
	HOP_AFTER(jit_spin(1));
}

hop uint64_t jit_call(void (*run)(void (*fn)(void)), uint64_t a)
{
	run(jit_callback);
	HOP_AFTER(a);
	return a;
}

int main(int argc, char **argv)
{
	void (*run)(void (*fn)(void));
	void *memory;

	target_init(target_number(argc, argv, 1, 10));
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 2;
	memcpy(memory, code, sizeof(code));
	if (mprotect(memory, 4096, PROT_READ | PROT_EXEC))
		return 2;
	__builtin___clear_cache((char *)memory, (char *)memory + sizeof(code));
	*(void **)&run = memory;
	HOP_AFTER(jit_call(run, 1));
	return 0;
}
