// SPDX-License-Identifier: Apache-2.0
/*
 * libiberty hands its output to a callback piece by piece, and nothing but a jump out of the
 * callback stops it: the callback has no result, and printing what a few hundred bytes of
 * substitutions stand for can take years. The jump is safe because the parse tree of a C++ name is
 * on libiberty's stack, not allocated (CP_DYNAMIC_ARRAYS in cp-demangle.c). Rust's punycode is the
 * one thing that is allocated while printing; what is printed of it then holds non-ASCII bytes, so
 * no jump is made from there.
 */
#include "elf/demangle.h"

#include <setjmp.h>
#include <string.h>

#include <libiberty/demangle.h>

#define DOTS "..."

struct sink {
	jmp_buf full;
	char *out;
	size_t len;
	bool is_full;
};

static bool has_high_byte(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] >= 0x80)
			return true;
	return false;
}

static void take_piece(const char *piece, size_t len, void *arg)
{
	struct sink *sink = arg;
	size_t room = DEMANGLE_MAX_OUT - sizeof(DOTS) - sink->len;
	bool may_jump = !has_high_byte(piece, len);

	if (len > room) {
		sink->is_full = true;
		len = room;
	}
	if (len)
		memcpy(sink->out + sink->len, piece, len);
	sink->len += len;
	if (sink->is_full && may_jump)
		longjmp(sink->full, 1);
}

static size_t copy_cut(struct str name, char *out)
{
	size_t max = DEMANGLE_MAX_OUT - sizeof(DOTS);
	size_t len = name.len < max ? name.len : max;

	if (len)
		memcpy(out, name.p, len);
	out[len] = '\0';
	if (name.len > len) {
		memcpy(out + len, DOTS, sizeof(DOTS));
		len += sizeof(DOTS) - 1;
	}
	return len;
}

/* Rust's legacy names are valid C++ names too, so Rust is asked first. */
static bool run(const char *mangled, struct sink *sink)
{
	if (setjmp(sink->full))
		return true;
	if (rust_demangle_callback(mangled, DMGL_NO_OPTS, take_piece, sink))
		return true;
	sink->len = 0;
	return cplus_demangle_v3_callback(mangled, DMGL_NO_OPTS, take_piece, sink) != 0;
}

size_t demangle(struct str name, char out[DEMANGLE_MAX_OUT])
{
	char mangled[DEMANGLE_MAX_IN + 1];
	struct sink sink = {.out = out};

	/* all that is mangled begins so; plain C names are not worth two parsers */
	if (name.len < 3 || name.len > DEMANGLE_MAX_IN || name.p[0] != '_' ||
	    memchr(name.p, '\0', name.len))
		return copy_cut(name, out);
	memcpy(mangled, name.p, name.len);
	mangled[name.len] = '\0';
	if (!run(mangled, &sink) || !sink.len)
		return copy_cut(name, out);
	if (sink.is_full) {
		memcpy(out + sink.len, DOTS, sizeof(DOTS) - 1);
		sink.len += sizeof(DOTS) - 1;
	}
	out[sink.len] = '\0';
	return sink.len;
}
