/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs.h - what /proc says of a process, as wire records.
 *
 * The root is a parameter: "/proc", or a directory of files in tests. All text in there is written
 * by tenants (names, arguments, paths): reads are bounded and lines that make no sense are skipped.
 * A process may vanish between any two reads; that is an error of the call (-ESRCH, -ENOENT) and
 * nothing to report to a person. Facts about the files: proc(5) (man-pages 6.03). One object serves
 * one thread; it holds one descriptor.
 */
#ifndef PROC_PROCFS_H
#define PROC_PROCFS_H

#include <culprit/wire.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "model/record.h"

struct procfs;

int must_check procfs_new(const char *root,
			  struct procfs **ret); /* -errno when root cannot be opened */
void procfs_free(struct procfs *fs);

/* What to read of a process; each flag is one file and costs its system calls. */
#define PROCFS_STAT    (1 << 0) /* start_ns, ppid, comm, WIRE_F_KTHREAD; without it they are 0 */
#define PROCFS_EXE     (1 << 1)
#define PROCFS_CMDLINE (1 << 2)
#define PROCFS_CGROUP  (1 << 3)
#define PROCFS_ALL     (PROCFS_STAT | PROCFS_EXE | PROCFS_CMDLINE | PROCFS_CGROUP)

/*
 * A WIRE_PROC record of a process: borrowed, valid until the next call on fs; 8-aligned, passes
 * wire_check(). It bears `time_ns`. With PROCFS_STAT fails if stat is gone or makes no sense; a
 * text that cannot be read is empty. Without it, fails only if none of the texts could be read. An
 * argument of the command line longer than 512 bytes keeps its first 64 and its last 448 (a class
 * path must not hide the class behind it).
 */
int must_check procfs_process(struct procfs *fs, uint32_t pid, unsigned int what, uint64_t time_ns,
			      const struct wire_proc **ret);

/*
 * Delivers each executable mapping of a process as a WIRE_MMAP record. Stops at the first error of
 * fn and returns it. -EFBIG when the text is larger than is read; what came before was delivered.
 */
int must_check procfs_mappings(struct procfs *fs, uint32_t pid, uint64_t time_ns, record_fn fn,
			       void *arg);

/*
 * All processes that are there: for each its WIRE_PROC, then its WIRE_MMAPs. Processes that vanish
 * meanwhile are skipped. Returns the first error of fn, or -errno if the directory cannot be read.
 */
int must_check procfs_scan(struct procfs *fs, uint64_t time_ns, record_fn fn, void *arg);

/* The pid that the process has in its own (innermost) pid namespace. */
int must_check procfs_inner_pid(struct procfs *fs, uint32_t pid, uint32_t *ret);

/* An O_PATH descriptor of the process's root directory, for fs_open_in_root(); -errno. Close it
 * soon: it pins a mount. */
int must_check procfs_open_root(struct procfs *fs, uint32_t pid);

/* Appends the process's mountinfo, for base/mountinfo.h. 0 or -errno. */
int must_check procfs_mountinfo(struct procfs *fs, uint32_t pid, struct buf *out);

/*
 * The very file that is mapped at [start, end), whatever its name is now, for reading; regular
 * files only. Works for deleted files; wants CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. fd or -errno
 * (-ENOENT if no mapping has these bounds).
 */
int must_check procfs_open_mapping(struct procfs *fs, uint32_t pid, uint64_t start, uint64_t end);

#endif
