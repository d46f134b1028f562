/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pprof_order.h - the order of the samples in a pprof file. It follows from the texts as they stand
 * in the file; samples that read the same there have the same rank and place. For pprof_write.c.
 */
#ifndef FORMAT_PPROF_ORDER_H
#define FORMAT_PPROF_ORDER_H

#include "base/compiler.h"
#include "format/order.h"

/* Owned array of p->sample_cnt (free()). 0 or -ENOMEM. */
int must_check pprof_order(const struct profile *p, struct order_item **ret);

#endif
