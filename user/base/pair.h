/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h - two independent pieces of work at the same time: the two sides of a diff. */
#ifndef BASE_PAIR_H
#define BASE_PAIR_H

/*
 * Calls fn(a) and fn(b), one of them in a thread of its own, and returns when both are done; one
 * after the other where there is no second thread to be had. fn must not share what it writes.
 */
void pair_run(void (*fn)(void *arg), void *a, void *b);

#endif
