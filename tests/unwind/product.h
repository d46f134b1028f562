/* SPDX-License-Identifier: Apache-2.0 */
/*
 * product.h - what culprit makes of the records of a raw file: the addresses of each sample's user
 * stack, as `culprit show --raw` would name them. BPF has walked most of them; those that it could
 * not, because rules were not loaded yet, are finished here by the product's own code.
 */
#ifndef TESTS_UNWIND_PRODUCT_H
#define TESTS_UNWIND_PRODUCT_H

#include <culprit/wire.h>

#include "unwind/unwinder.h"

struct product;

struct product *product_new(void); /* ends the program on failure */
void product_free(struct product *p);

/* A record that is no sample. */
void product_take(struct product *p, const struct wire_header *rec);

/* The stack of a sample; what *ret borrows is valid until the next call. */
void product_sample(struct product *p, const struct wire_sample *s, struct unwind_stack *ret);

#endif
