/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assembly.S - functions that call assembly_spin, each with a frame of another kind; assembly.c says which. x86-64.
 */
	.text

	.macro function name
	.globl \name
	.type \name, @function
	.p2align 4
\name:
	.endm

	.macro end name
	.size \name, . - \name
	.endm

	function asm_plain
	.cfi_startproc
	push	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	sub	$48, %rsp
	.cfi_adjust_cfa_offset 48
	call	assembly_spin@PLT
	add	$48, %rsp
	.cfi_adjust_cfa_offset -48
	pop	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	ret
	.cfi_endproc
	end asm_plain

	function asm_rbp_data
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	mov	$0x1234567, %rbp
	call	assembly_spin@PLT
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	end asm_rbp_data

	function asm_rbx
	.cfi_startproc
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	mov	%rsp, %rbx
	.cfi_def_cfa_register %rbx
	sub	$100, %rsp
	and	$-64, %rsp
	call	assembly_spin@PLT
	mov	%rbx, %rsp
	.cfi_def_cfa_register %rsp
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	end asm_rbx

	/* CFA = *(rsp + 24) + 8, the rsp of the beginning being kept there. */
	function asm_expression
	.cfi_startproc
	mov	%rsp, %rax
	.cfi_def_cfa_register %rax
	sub	$40, %rsp
	and	$-64, %rsp
	mov	%rax, 24(%rsp)
	.cfi_escape 0x0f, 0x05, 0x77, 0x18, 0x06, 0x23, 0x08
	call	assembly_spin@PLT
	mov	24(%rsp), %rsp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	end asm_expression

	/* CFA = rbp + 20 - 4, in more words than needed. */
	function asm_odd
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	mov	%rsp, %rbp
	.cfi_escape 0x0f, 0x07, 0x76, 0x00, 0x08, 0x14, 0x22, 0x34, 0x1c
	call	assembly_spin@PLT
	pop	%rbp
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	end asm_odd

	function asm_no_rules
	push	%rbp
	mov	%rsp, %rbp
	call	assembly_spin@PLT
	pop	%rbp
	ret
	end asm_no_rules

	function asm_nothing
	sub	$56, %rsp
	call	assembly_spin@PLT
	add	$56, %rsp
	ret
	end asm_nothing

	.section .note.GNU-stack, "", @progbits
