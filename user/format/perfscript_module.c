// SPDX-License-Identifier: Apache-2.0
#include "format/perfscript_module.h"

#include <string.h>

#include "base/text.h"
#include "format/pprof_names.h"

#define UNNAMED "[unknown]"

static bool begins(struct str s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && !memcmp(s.p, with, n);
}

/* Code that a JIT made: /tmp/perf-PID.map, its dump, or memory without a file. */
static bool is_jit(struct str path, struct str base)
{
	return (begins(base, "perf-") && base.len > 4 &&
		!memcmp(base.p + base.len - 4, ".map", 4)) ||
	       begins(base, "jitted-") || begins(path, "//anon") || begins(path, "[JIT]") ||
	       begins(path, "anon_inode:");
}

/* [nf_tables] is a module of the kernel, [vdso] and [heap] belong to the process */
static bool is_kernel_module(const struct perfscript_frame *f, struct str base)
{
	return f->has_ip && f->ip >> 63 && base.len > 2 && base.p[0] == '[';
}

struct str perfscript_module(const struct perfscript_frame *f, enum frame_kind *ret_kind)
{
	struct str base = pprof_module_in(f->module, ret_kind);

	if (!f->module.len || str_eq(f->module, STR_LIT(UNNAMED))) {
		*ret_kind = f->has_ip && f->ip >> 63 ? FRAME_KERNEL : FRAME_UNKNOWN;
		return *ret_kind == FRAME_KERNEL ? STR_LIT("[kernel]") : STR_LIT("");
	}
	if (is_jit(f->module, base)) {
		*ret_kind = FRAME_JIT;
		return STR_LIT("[jit]");
	}
	if (is_kernel_module(f, base) || (f->has_ip && f->ip >> 63))
		*ret_kind = FRAME_KERNEL;
	return base;
}
