/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * wire.h - the records that reach user space, in the shape in which they travel.
 *
 * One stream of records, ordered by time, is all that the user side ever learns of the machine:
 * samples come from the BPF programs, task and mapping events from the dummy perf event, process
 * snapshots from /proc. The collector turns all three into the records below; the registry, the raw
 * file and the tests know nothing else. A raw file (format/raw.h) is this stream written down, so
 * that everything above collect/ runs without root.
 *
 * Shared by bpf/ and user space: only __u types, natural alignment, no pointers. Types are
 * append-only with explicit numbers, because they are persisted in raw files. Every record's size
 * is a multiple of 8. Strings are NUL-padded to that multiple and are *not* trusted: whoever
 * decodes checks the lengths (wire_check() in model/record.h).
 */
#ifndef CULPRIT_WIRE_H
#define CULPRIT_WIRE_H

#ifndef __VMLINUX_H__ /* BPF programs get __u types from the trimmed vmlinux.h */
#include <linux/types.h>
#endif

#define WIRE_MAX_KERNEL_FRAMES 127
#define WIRE_MAX_USER_FRAMES   127
#define WIRE_COMM_LEN	       16
#define WIRE_MAX_PATH	       4096
#define WIRE_MAX_TEXT	       8192  /* all strings of a wire_proc together */
#define WIRE_MAX_STACK	       65536 /* bytes of a copied stack */
#define WIRE_REGS	       32

enum wire_type {
	WIRE_NONE = 0,
	WIRE_SAMPLE = 1,   /* struct wire_sample */
	WIRE_MMAP = 2,	   /* struct wire_mmap: an executable mapping appeared */
	WIRE_COMM = 3,	   /* struct wire_comm: name changed; with WIRE_F_EXEC: execve */
	WIRE_FORK = 4,	   /* struct wire_task */
	WIRE_EXIT = 5,	   /* struct wire_task */
	WIRE_PROC = 6,	   /* struct wire_proc: what /proc says of a process */
	WIRE_LOSS = 7,	   /* struct wire_loss: something was given up */
	WIRE_PRESSURE = 8, /* struct wire_pressure: what /proc/pressure says */
};

/* wire_header.flags; their meaning depends on the type */
#define WIRE_F_EXEC	      (1 << 0) /* COMM: this is an execve */
#define WIRE_F_USER_TRUNCATED (1 << 1) /* SAMPLE: user stack cut at the root end, it is deeper */
#define WIRE_F_USER_BROKEN    (1 << 2) /* SAMPLE: user stack ended at an unreadable address */
#define WIRE_F_USER_FP	      (1 << 3) /* SAMPLE: a frame was found by frame pointer, not by a rule */
#define WIRE_F_KTHREAD	      (1 << 4) /* SAMPLE, PROC: a kernel thread, no user space */
#define WIRE_F_KERNEL_FAILED  (1 << 5) /* SAMPLE: the kernel stack could not be taken */
#define WIRE_F_KERNEL_MODE    (1 << 6) /* SAMPLE: the CPU was in kernel mode */
#define WIRE_F_USER_NO_RULES  (1 << 7) /* SAMPLE: the walk stopped where rules were not loaded yet */
#define WIRE_F_STACK	      (1 << 8) /* SAMPLE: a wire_stack follows behind the addresses */
#define WIRE_F_USER_WHOLE     (1 << 9) /* SAMPLE: the walk came to the outermost frame */
#define WIRE_F_IN_EXEC	      (1 << 10) /* SAMPLE: in an execve, the old program is gone; no user stack */

struct wire_header {
	__u16 type;    /* enum wire_type */
	__u16 flags;   /* WIRE_F_* */
	__u32 size;    /* of the whole record in bytes, header included, multiple of 8 */
	__u64 time_ns; /* CLOCK_MONOTONIC */
};

struct wire_sample {
	struct wire_header h;
	__u64 start_ns;	 /* start of the process (group leader's start_boottime), CLOCK_BOOTTIME */
	__u64 cgroup_id; /* inode of the cgroup v2 directory; 0 = unknown */
	__u64 weight_ns; /* CPU time that this sample stands for */
	__u32 pid;	 /* process (tgid) in the initial pid namespace */
	__u32 tid;
	__u32 cpu;
	__u16 kernel_cnt;
	__u16 user_cnt;
	char comm[WIRE_COMM_LEN]; /* of the thread */
	/*
	 * kernel_cnt kernel addresses, then user_cnt user ones; both leaf first. But for the two
	 * leaves one less is where the frame is: in the call, or where a signal has come.
	 */
	__u64 pcs[];
};

/*
 * What is needed to go on with a walk that stopped at its last address: where it stopped, and the
 * memory above. `regs` are those of the interrupted code, in DWARF's numbering (x86-64: 0 to 15;
 * arm64: 0 to 31, the stack pointer is 31); the others are 0.
 */
struct wire_stack {
	__u64 space_id; /* of the address space: start of the process and execve count, mixed */
	__u64 sp;	/* of the frame that is last in pcs, as is the rest of this line's kind */
	__u64 fp;
	__u64 other;	      /* x86-64: rbx; arm64: x30 */
	__u64 addr;	      /* of the first byte that was copied; multiple of 8 */
	__u32 len;	      /* bytes that were copied, multiple of 8; at most WIRE_MAX_STACK */
	__u32 is_interrupted; /* that frame is the interrupted code itself: all of regs are its own */
	__u64 regs[WIRE_REGS];
	__u64 words[]; /* len / 8 */
};

struct wire_mmap {
	struct wire_header h;
	__u64 addr;
	__u64 len;
	__u64 pgoff; /* bytes into the file */
	__u64 ino;
	__u64 ino_generation;
	__u32 maj;
	__u32 min;
	__u32 pid;
	__u32 path_len; /* without padding */
	char path[]; /* as the process's mount namespace sees it; "//anon", "[vdso]", … without a
			file */
};

struct wire_comm {
	struct wire_header h;
	__u32 pid;
	__u32 tid;
	char comm[WIRE_COMM_LEN];
};

struct wire_task {
	struct wire_header h;
	__u32 pid;
	__u32 tid;
	__u32 ppid; /* of the parent process */
	__u32 ptid;
};

struct wire_proc {
	struct wire_header h;
	__u64 start_ns; /* CLOCK_BOOTTIME, in the resolution of /proc/PID/stat (one clock tick) */
	__u32 pid;
	__u32 ppid;
	__u32 exe_len;	   /* readlink of /proc/PID/exe; empty for a kernel thread */
	__u32 cmdline_len; /* arguments separated by NUL */
	__u32 cgroup_len;  /* path in the unified (or else the systemd) hierarchy */
	__u32 reserved;
	char comm[WIRE_COMM_LEN];
	char text[]; /* exe, cmdline, cgroup, one behind the other */
};

struct wire_loss {
	struct wire_header h;
	__u32 reason; /* enum loss of loss.h */
	__u32 reserved;
	__u64 cnt;
};

#define WIRE_PRESSURES 3 /* CPU, I/O, memory: enum pressure_resource of user space */

struct wire_pressure {
	struct wire_header h;
	__u32 known; /* bit i: stalled_ns[i] was read */
	__u32 reserved;
	__u64 stalled_ns[WIRE_PRESSURES]; /* at least one task waited, since the machine started */
};

#endif
