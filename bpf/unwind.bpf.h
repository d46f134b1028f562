/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * unwind.bpf.h - user stacks, walked by us.
 *
 * The kernel's own helper for user stacks is never used: it walks frame pointers only, and has
 * crashed kernels. Here every read is bpf_probe_read_user(), which fails instead of faulting.
 *
 * The walk starts at the registers with which the task left user mode, also when the sample hit the
 * kernel: what lies below a system call belongs to the stack.
 */
#ifndef BPF_UNWIND_BPF_H
#define BPF_UNWIND_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "maps.bpf.h"

enum unwind_result {
	UNWIND_MORE = 0,   /* the caller is in the state */
	UNWIND_END = 1,	   /* the outermost frame was reached */
	UNWIND_BROKEN = 2, /* the next frame cannot be read, or is none */
};

struct unwind {
	__u64 ip;
	__u64 sp;
	__u64 fp;
	__u16 flags; /* WIRE_F_USER_*: how the frames were found */
};

/*
 * User addresses end at 2^47 on x86-64 and 2^48 on arm64 unless a process asks for more by address
 * hints, which code and stacks are not given. The first page is never mapped (vm.mmap_min_addr).
 */
#define USER_FIRST 4096UL

/*
 * Context loads must be whole words: volatile keeps clang from narrowing them to the byte that is
 * looked at.
 */
#define CTX_WORD(field) (*(volatile unsigned long *)&(field))

#if defined(__TARGET_ARCH_x86)

#define USER_END (1UL << 47)

static __always_inline bool regs_are_user(const bpf_user_pt_regs_t *regs)
{
	return (CTX_WORD(regs->cs) & 3) == 3;
}

static __always_inline void unwind_init(struct unwind *u, const bpf_user_pt_regs_t *regs)
{
	u->ip = regs->ip;
	u->sp = regs->sp;
	u->fp = regs->bp;
	u->flags = 0;
}

static __always_inline __u64 code_address(__u64 addr)
{
	return addr;
}

#elif defined(__TARGET_ARCH_arm64)

#define USER_END (1UL << 48)

/* PSR_MODE_MASK; EL0 in AArch64 state is 0 */
static __always_inline bool regs_are_user(const bpf_user_pt_regs_t *regs)
{
	return (CTX_WORD(regs->pstate) & 0xf) == 0;
}

static __always_inline void unwind_init(struct unwind *u, const bpf_user_pt_regs_t *regs)
{
	u->ip = regs->pc;
	u->sp = regs->sp;
	u->fp = regs->regs[29];
	u->flags = 0;
}

/*
 * Return addresses may be signed (pointer authentication): the signature sits above the address
 * bits.
 */
static __always_inline __u64 code_address(__u64 addr)
{
	return addr & (USER_END - 1);
}

#endif

static __always_inline bool is_user_address(__u64 addr)
{
	return addr >= USER_FIRST && addr < USER_END;
}

/*
 * The registers that the current task saved when it entered the kernel. They sit at the top of its
 * kernel stack; the helper (5.15) knows exactly where, before that the top is computed. False when
 * it never came from user mode.
 */
static __always_inline bool unwind_init_from_kernel(struct unwind *u, struct task_struct *task)
{
	bpf_user_pt_regs_t regs;
	const void *saved;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		saved = (const void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	else
		saved = BPF_CORE_READ(task, stack) + thread_bytes -
			bpf_core_type_size(struct pt_regs);
	if (bpf_probe_read_kernel(&regs, sizeof(regs), saved) || !regs_are_user(&regs))
		return false;
	unwind_init(u, &regs);
	return true;
}

/*
 * x86-64 and arm64 alike: the frame pointer points to the caller's frame pointer, above it is the
 * return address.
 */
static __always_inline enum unwind_result unwind_by_frame_pointer(struct unwind *u)
{
	__u64 frame[2];

	u->flags |= WIRE_F_USER_FP;
	if (!u->fp)
		return UNWIND_END;
	/* Stacks grow downwards: a frame that is not higher up is none, and would make a circle. */
	if (u->fp < u->sp || !is_user_address(u->fp) ||
	    bpf_probe_read_user(frame, sizeof(frame), (void *)u->fp))
		return UNWIND_BROKEN;
	if (!frame[1])
		return UNWIND_END;
	frame[1] = code_address(frame[1]);
	if (!is_user_address(frame[1]))
		return UNWIND_BROKEN;
	u->sp = u->fp + sizeof(frame);
	u->fp = frame[0];
	u->ip = frame[1];
	return UNWIND_MORE;
}

/*
 * From a frame to its caller. One place for every way to do that: a rule for the address, where
 * there is one, goes before the frame pointer, which most code does not keep.
 */
static __always_inline enum unwind_result unwind_step(struct unwind *u)
{
	return unwind_by_frame_pointer(u);
}

/*
 * Appends the user stack to the record's kernel_cnt addresses. Returns the flags that tell how it
 * went.
 */
static __always_inline __u16 unwind_user(struct wire_sample *s, struct unwind *u)
{
	enum unwind_result r = UNWIND_MORE;
	__u32 base = s->kernel_cnt;
	__u32 n;

	if (!is_user_address(u->ip))
		return 0;
	for (n = 0; n < WIRE_MAX_USER_FRAMES && r == UNWIND_MORE; n++) {
		s->pcs[(base + n) & SCRATCH_FRAME_MASK] = u->ip;
		r = unwind_step(u);
	}
	s->user_cnt = n;
	if (r == UNWIND_MORE)
		u->flags |= WIRE_F_USER_TRUNCATED;
	else if (r == UNWIND_BROKEN)
		u->flags |= WIRE_F_USER_BROKEN;
	return u->flags;
}

#endif
