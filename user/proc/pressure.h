/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pressure.h - reads /proc/pressure/{cpu,io,memory}, for the recorder and for doctor.
 *
 * The files are kept open: to read one anew brings what it says now. They are the whole machine's, but
 * in a container with a cgroup namespace of its own, too. Linux 4.20 and later with CONFIG_PSI;
 * where that is off at boot (psi=0, or CONFIG_PSI_DEFAULT_DISABLED), the files are missing, or are there
 * and reading fails with EOPNOTSUPP.
 */
#ifndef PROC_PRESSURE_H
#define PROC_PRESSURE_H

#include "base/compiler.h"
#include "base/err.h"
#include "model/pressure.h"

struct pressure_files {
	int fd[PRESSURE_CNT];	 /* private; -1: none */
	int error[PRESSURE_CNT]; /* 0, or the -errno of the last attempt to open or read it */
};

/* `root` is "/proc", or a directory with the same files. Never fails: what is missing has an error. */
void pressure_open(struct pressure_files *f, const char *root);
void pressure_close(struct pressure_files *f);

/* Bit i of the result says that ret_stalled_ns[i] was written: time for which somebody has waited
 * since the machine started. */
uint32_t pressure_read(struct pressure_files *f, uint64_t ret_stalled_ns[PRESSURE_CNT]);

/* Why there is none of a resource, for people; "" when there is. Static. */
const char *pressure_why_not(int error);

/*
 * The total of the line "some" in the text of such a file, in nanoseconds. -EBADMSG when there is no
 * such line or it makes no sense.
 */
int must_check pressure_parse(struct str text, uint64_t *ret_stalled_ns);

#endif
