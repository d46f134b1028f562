/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * unwind.h - unwind rules in the shape in which the BPF programs and user space share them.
 *
 * A rule says how to get from a frame to its caller: where the frame begins (its CFA, the value of
 * the stack pointer before the call), and where the caller's registers were saved. Rules come from
 * a file's CFI (elf/cfi.h) and depend on the file and the file offset alone, never on a process.
 *
 * The code of a file is cut into chunks of UNWIND_CHUNK bytes, by file offset. The rules of one
 * chunk are one *leaf*: a sorted table of rows and the few distinct rules that they choose from, as
 * a picture with a palette has its colours. A leaf is complete in itself, so it can be built when
 * its chunk is first sampled, and thrown away, without touching anything else.
 *
 *	struct unwind_leaf                    8 bytes
 *	__u16 starts[row_cnt]                 code offset in the chunk; ascending, starts[0] == 0
 *	__u8 which[row_cnt]                   index into rules
 *	padding to a multiple of 8
 *	struct unwind_rule rules[rule_cnt]
 *
 * Everything lives in one array of pages (the arena), which user space maps and BPF reads. A place
 * in it is a *unit*, its byte offset / UNWIND_UNIT. Nothing in it crosses a page.
 */
#ifndef CULPRIT_UNWIND_H
#define CULPRIT_UNWIND_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#include <stdbool.h>
#endif

#define UNWIND_PAGE	   4096
#define UNWIND_UNIT	   64
#define UNWIND_CHUNK_SHIFT 13
#define UNWIND_CHUNK	   (1 << UNWIND_CHUNK_SHIFT)

/* How the CFA is computed: the low bits of unwind_rule.cfa. Offsets are signed bytes. */
enum unwind_cfa {
	UNWIND_CFA_NONE =
		0,	    /* no rule: the frame pointer has to do; `other`: code without a file */
	UNWIND_CFA_END = 1, /* the outermost frame: its return address is undefined */
	UNWIND_CFA_SP = 2,  /* stack pointer + offset */
	UNWIND_CFA_FP = 3,  /* frame pointer + offset */
	UNWIND_CFA_REG = 4, /* register number `other` (DWARF's) + offset */
	UNWIND_CFA_PLT =
		5, /* x86-64: sp + offset, 8 more from byte `other` of a 16-byte PLT entry on */
	UNWIND_CFA_SIGNAL = 6, /* struct ucontext of the kernel's signal frame is at sp + offset */
	UNWIND_CFA_SP_DEREF = 7, /* *(sp + offset) + `other` bytes */
	UNWIND_CFA_FP_DEREF =
		8, /* *(fp + offset) + `other` bytes; `fp` is relative to the old fp */
};

#define UNWIND_CFA_BITS	  5
#define UNWIND_CFA_MASK	  ((1 << UNWIND_CFA_BITS) - 1)
#define UNWIND_OFFSET_MAX ((1 << 26) - 1) /* of an offset in bytes, either sign */

/*
 * Where a register of the caller is: UNWIND_SAME, UNWIND_LOST, or at CFA + 8 * value (with
 * UNWIND_CFA_FP_DEREF: at the old frame pointer + 8 * value - 8, so that 0 stays free).
 */
#define UNWIND_SAME 0	     /* not touched, still in the register */
#define UNWIND_LOST (-32768) /* undefined, or in a way that is not followed */

struct unwind_rule {
	__u32 cfa; /* enum unwind_cfa | offset << UNWIND_CFA_BITS, as a signed number */
	__s16 fp;  /* the frame pointer: rbp, x29 */
	/*
	 * What else is followed. With UNWIND_CFA_SP and _FP on x86-64 the place of rbx, which some
	 * code uses as a frame's base; on arm64 that of x30, the return address. With the others
	 * what their comment says; x30 is then at CFA - 8. On x86-64 the return address is always
	 * at CFA - 8.
	 */
	__s16 other;
};

struct unwind_leaf {
	__u16 row_cnt;	/* at least 1 */
	__u16 rule_cnt; /* 1..256 */
	__u16 rules_at; /* bytes from the beginning of the leaf */
	__u16 used;	/* BPF: unwind_tick_of() when last looked at */
};

/* A bit more than a second each, by CLOCK_MONOTONIC. */
#define UNWIND_TICK_SHIFT 30

#define UNWIND_LEAF_MAX UNWIND_PAGE /* bytes, all together */

/*
 * From an address to its leaf: the process's address space (map `spaces`, by pid) names a list of
 * spans in the order of addresses; a span names the directory of its file, or of a part of it; the
 * directory names the leaf of each chunk.
 *
 *	spaces[pid] ─► list: span, span, span … ─► dir: leaf, leaf, leaf … ─► leaf
 *
 * Instead of a unit there may stand:
 */
#define UNWIND_UNKNOWN 0 /* nothing is known there yet: the walk stops, user space goes on */
#define UNWIND_NO_RULE 1 /* known to have no rules: by frame pointer */
#define UNWIND_FIRST   2 /* the first real unit is not below this one */

/* Reaches to the start of the next span. */
struct unwind_span {
	__u64 start;
	__u32 dir;  /* unit of an unwind_dir, of a deeper unwind_list, or one of the above */
	__u32 skew; /* of start, in bytes from the file offset of the directory's first chunk */
};

#define UNWIND_MAX_SPANS 255

struct unwind_list {
	__u16 cnt;    /* at least 1; spans[0].start is 0 */
	__u16 levels; /* 0: the spans name directories; 1: they name lists that do */
	__u32 reserved;
	struct unwind_span spans[];
};

#define UNWIND_MAX_LEAVES 1022

struct unwind_dir {
	__u32 cnt;
	__u32 reserved;
	__u32 leaves[]; /* units, or one of the above */
};

/*
 * An entry of the array `spaces`, which user space maps and BPF reads. The one of a process is among
 * the UNWIND_SPACE_PROBES from pid & mask on, round the end. Whoever writes sets id to 0 before it
 * touches the rest and to what it is to be after that; whoever reads looks at id before and after.
 */
struct unwind_space {
	__u64 id; /* as in wire_stack: whoever has the pid now may be somebody else; 0: free */
	__u32 pid;
	__u32 list; /* unit */
	/*
	 * Another one for another list: what is found by way of it may be kept. Comes round after
	 * 2^32 lists.
	 */
	__u32 version;
	__u32 reserved[3]; /* none crosses a cache line */
};

#define UNWIND_SPACE_PROBES 16

/* ---- walking (culprit/unwind_step.h) ---- */

enum unwind_result {
	UNWIND_MORE = 0,   /* the walk is at the caller */
	UNWIND_END = 1,	   /* that was the outermost frame */
	UNWIND_BROKEN = 2, /* the caller cannot be read, or is none */
};

/*
 * User addresses end at 2^47 on x86-64 and 2^48 on arm64 unless a process asks for more by address
 * hints, which code and stacks are not given. The first page is never mapped (vm.mmap_min_addr).
 */
#define USER_FIRST 4096UL

#if defined(__TARGET_ARCH_x86) || (!defined(__bpf__) && defined(__x86_64__))
#define UNWIND_X86  1
#define USER_END    (1UL << 47)
#define DWARF_BX    3
#define DWARF_FP    6
#define DWARF_SP    7
#define DWARF_OTHER DWARF_BX
#else
#define UNWIND_X86  0
#define USER_END    (1UL << 48)
#define DWARF_FP    29
#define DWARF_LR    30
#define DWARF_SP    31
#define DWARF_OTHER DWARF_LR
#endif

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

static __always_inline __u16 unwind_tick_of(__u64 mono_ns)
{
	return mono_ns >> UNWIND_TICK_SHIFT;
}

static __always_inline bool is_user_address(__u64 addr)
{
	return addr >= USER_FIRST && addr < USER_END;
}

#endif
