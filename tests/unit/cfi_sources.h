/* SPDX-License-Identifier: Apache-2.0 */
/* cfi_sources.h - programs whose CFI has every instruction and every shape that we know of. */
#ifndef TESTS_CFI_SOURCES_H
#define TESTS_CFI_SOURCES_H

/* Opcodes are written as bytes where the assembler would choose others. */
static const char cfi_source_ops[] =
	"	.text\n	.globl all_ops\nall_ops:\n"
	"	.cfi_startproc\n	nop\n"
	"	.cfi_def_cfa_offset 64\n	.cfi_offset %rbp, -16\n	.cfi_offset %rbx, -24\n"
	"	nop\n	.cfi_remember_state\n	.cfi_def_cfa %rbp, 16\n"
	"	nop\n	.cfi_remember_state\n	.cfi_def_cfa_register %r10\n"
	"	nop\n	.cfi_restore_state\n"
	"	nop\n	.cfi_restore_state\n"
	"	nop\n	.cfi_restore %rbp\n	.cfi_same_value %rbx\n"
	"	nop\n	.cfi_escape 0x12, 7, 0x7e\n"		  /* def_cfa_sf rsp, -2 */
	"	nop\n	.cfi_escape 0x13, 0x70\n"		  /* def_cfa_offset_sf -16 */
	"	nop\n	.cfi_escape 0x05, 6, 4\n"		  /* offset_extended rbp */
	"	.cfi_escape 0x11, 3, 6\n"			  /* offset_extended_sf rbx */
	"	nop\n	.cfi_escape 0x06, 6\n"			  /* restore_extended rbp */
	"	.cfi_escape 0x2e, 16\n"				  /* GNU_args_size */
	"	nop\n	.cfi_escape 0x14, 6, 2\n"		  /* val_offset rbp */
	"	nop\n	.cfi_escape 0x15, 6, 2\n"		  /* val_offset_sf rbp */
	"	nop\n	.cfi_escape 0x16, 6, 2, 0x77, 8\n"	  /* val_expression rbp: breg7 8 */
	"	nop\n	.cfi_escape 0x10, 6, 2, 0x77, 16\n"	  /* expression rbp: breg7 16 */
	"	nop\n	.cfi_escape 0x10, 16, 3, 0x77, 0xf8, 0\n" /* the return address: breg7 120 */
	"	nop\n	.cfi_register %rbp, %r11\n"
	"	nop\n	.cfi_undefined %rbp\n"
	"	nop\n	.cfi_offset %rbp, -16\n	.cfi_offset %rip, -8\n"
	"	.skip 70, 0x90\n	.cfi_def_cfa_offset 8\n"
	"	.skip 300, 0x90\n	.cfi_def_cfa_offset 16\n"
	"	.skip 70000, 0x90\n	.cfi_def_cfa_offset 24\n"
	"	nop\n	.cfi_register %rip, %rdi\n" /* as in vfork() */
	"	nop\n	.cfi_undefined %rip\n"
	"	nop\n	.cfi_endproc\n"
	/* PLT: of old linkers, and of those that put endbr64 first */
	"	.balign 16\nplt:\n	.cfi_startproc\n"
	"	.cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22\n"
	"	.skip 32, 0x90\n"
	"	.cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x39, 0x2a, 0x33, 0x24, 0x22\n"
	"	.skip 32, 0x90\n	.cfi_endproc\n"
	/* the stack pointer in memory, in three spellings, and what is none of the shapes */
	"saved_sp:\n	.cfi_startproc\n	nop\n"
	"	.cfi_escape 0x0f, 6, 0x77, 0x98, 0x01, 0x06, 0x23, 8\n"
	"	nop\n	.cfi_escape 0x0f, 6, 0x92, 7, 16, 0x06, 0x38, 0x22\n"
	"	nop\n	.cfi_escape 0x0f, 8, 0x77, 0, 0x08, 40, 0x22, 0x06, 0x40, 0x1c\n"
	"	nop\n	.cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x06, 0x96\n"
	"	nop\n	.cfi_escape 0x0f, 3, 0x77, 8, 0x06, 0x0f, 2, 0x7a, 0\n"
	"	nop\n	.cfi_endproc\n"
	/* an aligned frame as gcc makes it, and the end of one */
	"drap:\n	.cfi_startproc\n	lea 8(%rsp), %r10\n	.cfi_def_cfa %r10, 0\n"
	"	and $-64, %rsp\n	push -8(%r10)\n	push %rbp\n	mov %rsp, %rbp\n"
	"	.cfi_escape 0x10, 6, 2, 0x76, 0\n"
	"	push %r10\n	.cfi_escape 0x0f, 3, 0x76, 0x78, 0x06\n"
	"	push %rbx\n	.cfi_escape 0x10, 3, 2, 0x76, 0x70\n"
	"	nop\n	pop %r10\n	.cfi_def_cfa %r10, 0\n"
	"	pop %rbp\n	lea -8(%r10), %rsp\n	.cfi_def_cfa %rsp, 8\n"
	"	.cfi_restore %rbp\n	.cfi_restore %rbx\n	ret\n	.cfi_endproc\n"
	/* frames kept in rbx, and offsets that are no multiple of a word */
	"by_rbx:\n	.cfi_startproc\n	nop\n	.cfi_def_cfa %rbx, 16\n"
	"	.cfi_offset %rbx, -16\n	nop\n	.cfi_def_cfa %rsp, 100000\n"
	"	nop\n	.cfi_escape 0x11, 6, 0x80, 0x80, 0x01\n" /* rbp at -131072 */
	"	nop\n	.cfi_escape 0x11, 3, 0x80, 0x80, 0x40\n" /* rbx at -8388608: out of range */
	"	nop\n	.cfi_escape 0x0c, 7, 0xff, 0xff, 0xff, 0xff, 0x0f\n" /* a CFA out of range */
	"	nop\n	.cfi_endproc\n"
	/* a signal frame as glibc describes it */
	"restorer:\n	.cfi_startproc\n	.cfi_signal_frame\n"
	"	.cfi_escape 0x0f, 4, 0x77, 0xa0, 0x01, 0x06\n"
	"	.cfi_escape 0x10, 6, 3, 0x77, 0xf8, 0\n	.cfi_escape 0x10, 3, 3, 0x77, 0x80, 1\n"
	"	.cfi_escape 0x10, 16, 3, 0x77, 0xa8, 1\n"
	"	mov $15, %rax\n	syscall\n	.cfi_endproc\n"
	"	.section .note.GNU-stack,\"\",@progbits\n";

/*
 * An .eh_frame of our own: 64-bit lengths, addresses in other encodings, an address that is set
 * instead of advanced, a personality routine, and entries that must be stepped over.
 */
static const char cfi_source_encodings[] =
	"	.text\n	.globl f\nf:	.skip 256, 0x90\n"
	".macro cie label, encoding, version=1, extra=0\n"
	"\\label:	.long 9f-8f\n8:	.long 0\n	.byte "
	"\\version\n	.string \"zRS\"\n"
	"	.uleb128 1\n	.sleb128 -8\n	.byte 16\n"
	"	.uleb128 1\n	.byte \\encoding\n"
	"	.byte 0x0c, 7, 8, 0x90, 1\n	.balign 4\n9:\n.endm\n"
	".macro fde cie, at:vararg\n"
	"	.long 9f-8f\n8:	.long 8b-\\cie\n"
	"	\\at\n	.uleb128 0\n	.byte 0x41, 0x0e, 16, 0x42, 0x0e, "
	"24\n	.balign 4\n9:\n"
	".endm\n"
	"	.section .eh_frame,\"a\",@progbits\n"
	"	cie pc4, 0x1b\n	cie abs8, 0x00\n	cie udata4, 0x03, "
	"3\n	cie pc8, 0x1c\n"
	"	cie uleb, 0x01\n	cie indirect, 0x9b\n	cie text, "
	"0x20\n	cie old, 0x1b, 9\n"
	"	fde pc4, .long f-., 8\n"
	"	fde abs8, .quad f+16, 8\n"
	"	fde udata4, .long f+32, 8\n"
	"	fde pc8, .quad f+48-., 8\n"
	"	fde indirect, .long f+80-., 8\n"
	"	fde text, .quad f+96, 8\n"
	"	fde old, .long f+112-., 8\n"
	"	.long 9f-8f\n8:	.long 8b-abs8\n	.quad f+128, 16\n	"
	".uleb128 0\n"
	"	.byte 0x01\n	.quad f+132\n	.byte 0x0e, 32\n	"
	".balign 4\n9:\n" /* set_loc */
	/* zPL: a personality routine comes before the encoding */
	"zpl:	.long 9f-8f\n8:	.long 0\n	.byte 1\n	.string "
	"\"zPLRB\"\n	.uleb128 1\n"
	"	.sleb128 -8\n	.byte 16\n	.uleb128 7\n	.byte "
	"0x9b\n	.long 0\n"
	"	.byte 0x1b, 0x1b\n	.byte 0x0c, 7, 8, 0x90, 1\n	"
	".balign 4\n9:\n"
	"	.long 9f-8f\n8:	.long 8b-zpl\n	.long f+160-., 8\n	"
	".uleb128 4\n	.long 0\n"
	"	.byte 0x42, 0x0e, 40\n	.balign 4\n9:\n"
	"	.long 0\n"
	"	.section .note.GNU-stack,\"\",@progbits\n";

/* .debug_frame in DWARF 4's form, with 64-bit lengths. */
static const char cfi_source_dwarf64[] =
	"	.text\n	.globl f\nf:	.skip 64, 0x90\n"
	"	.section .debug_frame,\"\",@progbits\n"
	"cie:	.long -1\n	.quad 9f-8f\n8:	.quad -1\n	.byte 4\n	.string \"\"\n"
	"	.byte 8, 0\n	.uleb128 1\n	.sleb128 -8\n	.uleb128 16\n"
	"	.byte 0x0c, 7, 8, 0x90, 1\n	.balign 8\n9:\n"
	"	.long -1\n	.quad 9f-8f\n8:	.quad cie-.debug_frame\n	.quad f, 32\n"
	"	.byte 0x41, 0x0e, 16, 0x42, 0x0e, 24\n	.balign 8\n9:\n"
	"	.section .note.GNU-stack,\"\",@progbits\n";

static const char cfi_source_c[] =
	"#include <stddef.h>\n"
	"void *memcpy(void *d, const void *s, size_t n) { char *p = d; const char *q = s;\n"
	"	while (n--) *p++ = *q++; return d; }\n"
	"int leaf(int a) { return a * 3; }\n"
	"int calls(int (*f)(int), int n) { int s = 0; for (int i = 0; i < n; i++) s += f(i); "
	"return s; }\n"
	"int many(int (*f)(int), int a, int b, int c, int d) {\n"
	"	int e = f(a), g = f(b), h = f(c), i = f(d);\n"
	"	return f(e + g) + f(h + i) + f(e * h) + a + b + c + d; }\n"
	"int dynamic(int (*f)(char *), int n) { char *p = __builtin_alloca(n); p[0] = 1; return "
	"f(p) + p[0]; }\n"
	"int large(int (*f)(char *)) { char b[70000]; b[0] = 1; return f(b) + b[0]; }\n"
	"int aligned(int (*f)(char *), int n) { _Alignas(64) char b[256]; char *p = "
	"__builtin_alloca(n);\n"
	"	b[0] = p[0] = 1; return f(b) + f(p) + b[0]; }\n"
	"_Noreturn void stops(void (*f)(int)) { f(1); for (;;) f(2); }\n";

/* arm64 by hand: signed return addresses, and the trampoline of a kernel with its old CFI. */
static const char cfi_source_arm64[] =
	"	.text\n	.globl signed\nsigned:\n	.cfi_startproc\n	.cfi_b_key_frame\n"
	"	hint #27\n	.cfi_negate_ra_state\n	stp x29, x30, [sp, #-32]!\n"
	"	.cfi_def_cfa_offset 32\n	.cfi_offset w29, -32\n	.cfi_offset w30, -24\n"
	"	mov x29, sp\n	.cfi_def_cfa w29, 32\n	bl signed\n"
	"	.cfi_def_cfa wsp, 32\n	ldp x29, x30, [sp], #32\n	.cfi_def_cfa_offset 0\n"
	"	.cfi_restore w29\n	.cfi_restore w30\n	hint #31\n	"
	".cfi_negate_ra_state\n"
	"	ret\n	.cfi_endproc\n"
	"start:\n	.cfi_startproc\n	.cfi_undefined x30\n	nop\n	.cfi_endproc\n"
	"by_register:\n	.cfi_startproc\n	nop\n	.cfi_def_cfa x9, 16\n"
	"	.cfi_offset x30, -8\n	nop\n	.cfi_offset x30, -16\n	nop\n"
	"	.cfi_register x30, x9\n	nop\n	.cfi_endproc\n"
	"	nop\nsigreturn:\n	.cfi_startproc\n	.cfi_signal_frame\n"
	"	.cfi_def_cfa x29, 0\n	.cfi_offset x29, 0\n	.cfi_offset x30, 8\n"
	"	mov x8, #139\n	svc #0\n	.cfi_endproc\n";

#endif
