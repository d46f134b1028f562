/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes.h - what a reader of a diff must know before believing its numbers: sides that lost
 * differently, rates or units that do not match, an empty side, a normalisation that was not
 * possible. Called once by diff_new().
 */
#ifndef DIFF_NOTES_H
#define DIFF_NOTES_H

#include "diff/diff.h"

/* Appends to d->notes. `asked` is the normalisation wanted, which may not be the one done. 0 or
 * -ENOMEM. */
int must_check notes_add_all(struct diff *d, enum diff_normalise asked);

#endif
