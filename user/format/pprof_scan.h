/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pprof_scan.h - does a byte string have the shape of a pprof message, and if not, at which byte?
 * The decoder proper only says no; this walk over tags and lengths says where. For pprof.c,
 * sniff.c.
 */
#ifndef FORMAT_PPROF_SCAN_H
#define FORMAT_PPROF_SCAN_H

#include "base/compiler.h"
#include "base/err.h"

/* 0; -EINVAL with the byte and what is wrong there: cut off, no pprof, several profiles in one. */
int must_check pprof_scan(struct str bytes, struct err *err);

#endif
