/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h - one seeded hash function for the tables in memory.
 *
 * Keys come from tenants (names of functions, of processes), so the seed is drawn at random at
 * first use: nobody can prepare names that collide. Nothing may depend on the value across runs, or
 * on the order inside a table.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/compiler.h"

uint64_t hash_bytes(const void *p, size_t len);
uint64_t hash_u64(uint64_t v);

#endif
