/* SPDX-License-Identifier: Apache-2.0 */
/* profile_sort.h - the last step of building a profile. For builder.c only. */
#ifndef MODEL_PROFILE_SORT_H
#define MODEL_PROFILE_SORT_H

#include "model/profile.h"

/*
 * Puts samples and moments in order; moments, which know their sample by number, go along with it,
 * and those of one sample in one step become one. 0 or -ENOMEM.
 */
int must_check profile_sort(struct profile *p);

#endif
