/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop_code.h - what a compiler at run time makes of `void loop(uint64_t n) { while (n--) ; }`, with a
 * frame pointer.
 */
#ifndef TESTS_TARGETS_LOOP_CODE_H
#define TESTS_TARGETS_LOOP_CODE_H

#include <stdint.h>

#if defined(__x86_64__)
static const uint8_t loop_code[] = {
	0x55,		  /* push %rbp */
	0x48, 0x89, 0xe5, /* mov  %rsp,%rbp */
	0x48, 0xff, 0xcf, /* dec  %rdi */
	0x75, 0xfb,	  /* jne  -5 */
	0x5d,		  /* pop  %rbp */
	0xc3,		  /* ret */
};
#elif defined(__aarch64__)
static const uint32_t loop_code[] = {
	0xa9bf7bfd, /* stp  x29, x30, [sp, #-16]! */
	0x910003fd, /* mov  x29, sp */
	0xf1000400, /* subs x0, x0, #1 */
	0x54ffffe1, /* b.ne -4 */
	0xa8c17bfd, /* ldp  x29, x30, [sp], #16 */
	0xd65f03c0, /* ret */
};
#else
#error "no machine code for this machine"
#endif

#endif
