/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle.h - names as the programmer wrote them: C++ (Itanium ABI) and Rust (legacy and v0).
 *
 * C++ names come without their parameter list and return type, as perf shows them:
 * "std::vector<int, std::allocator<int> >::push_back". Rust's hash ("::h" and 16 hex digits) is
 * gone, so that a name is the same in two builds. The demangler is libiberty's; names are hostile:
 * a short mangled name may stand for gigabytes of text (each substitution can double it), so the
 * output is cut off at a ceiling.
 */
#ifndef ELF_DEMANGLE_H
#define ELF_DEMANGLE_H

#include "base/compiler.h"

#define DEMANGLE_MAX_IN	 4096 /* longer names are taken as they are, cut to what fits */
#define DEMANGLE_MAX_OUT 4096

/*
 * Writes the readable form of `name` to out, NUL-terminated; returns its length, which is below
 * DEMANGLE_MAX_OUT. A name that is not mangled, or wrongly, is copied. What is cut ends in "...".
 */
size_t demangle(struct str name, char out[DEMANGLE_MAX_OUT]);

#endif
