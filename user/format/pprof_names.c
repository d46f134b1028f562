// SPDX-License-Identifier: Apache-2.0
#include "format/pprof_names.h"

#include <string.h>

#include "base/text.h"

/* The names that perf and Parca use; viewers know them and leave such mappings alone. */
#define KERNEL_FILE   "[kernel.kallsyms]"
#define KERNEL_MODULE "[kernel]"
#define JIT_FILE      "[jit]"

struct str pprof_module_out(struct str module, enum frame_kind kind)
{
	if (str_eq(module, STR_LIT(KERNEL_MODULE)) || (kind == FRAME_KERNEL && !module.len))
		return STR_LIT(KERNEL_FILE);
	if (kind == FRAME_JIT && !module.len)
		return STR_LIT(JIT_FILE);
	return module;
}

static bool begins(struct str s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && !memcmp(s.p, with, n);
}

static struct str base_name(struct str path)
{
	const char *slash = path.len ? memrchr(path.p, '/', path.len) : NULL;

	if (slash && slash + 1 < path.p + path.len)
		return (struct str){slash + 1, path.len - (size_t)(slash - path.p) - 1};
	return path;
}

struct str pprof_module_in(struct str filename, enum frame_kind *ret_kind)
{
	struct str base = base_name(filename);

	*ret_kind = FRAME_USER;
	if (!filename.len) {
		*ret_kind = FRAME_UNKNOWN;
	} else if (begins(filename, KERNEL_FILE) || str_eq(filename, STR_LIT(KERNEL_MODULE)) ||
		   str_eq(base, STR_LIT("vmlinux"))) {
		*ret_kind = FRAME_KERNEL;
		return STR_LIT(KERNEL_MODULE);
	} else if (str_eq(filename, STR_LIT(JIT_FILE)) || str_eq(filename, STR_LIT("//anon"))) {
		*ret_kind = FRAME_JIT;
		return filename;
	} else if (base.len > 3 && !memcmp(base.p + base.len - 3, ".ko", 3)) {
		*ret_kind = FRAME_KERNEL;
	}
	return base;
}

void pprof_add_stub(struct buf *b, struct str module)
{
	if (!module.len) {
		buf_addstr(b, "[unknown]");
	} else if (module.p[0] == '[') {
		text_add_clean(b, module);
	} else {
		buf_addch(b, '[');
		text_add_clean(b, module);
		buf_addch(b, ']');
	}
}

bool pprof_label_is_number(struct str key)
{
	return str_eq(key, STR_LIT("pid")) || str_eq(key, STR_LIT("tid"));
}

uint64_t pprof_time_unit(struct str unit)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"nanoseconds", 1},	   {"nanosecond", 1},	     {"ns", 1},
		{"microseconds", 1000},	   {"microsecond", 1000},    {"us", 1000},
		{"milliseconds", 1000000}, {"millisecond", 1000000}, {"ms", 1000000},
		{"seconds", 1000000000},   {"second", 1000000000},   {"s", 1000000000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_eq(unit, str_of(units[i].name)))
			return units[i].ns;
	return 0;
}

bool pprof_is_fit(struct str s)
{
	return utf8_valid(s) && !(s.len && memchr(s.p, '\0', s.len));
}

void pprof_add_fit(struct buf *b, struct str s)
{
	if (pprof_is_fit(s))
		buf_add(b, s.p, s.len);
	else
		text_add_clean(b, s);
}

struct str pprof_find_process(const struct str (*labels)[2], size_t cnt, struct str otherwise)
{
	static const char *const keys[] = {LABEL_PROCESS,  "process.executable.name",
					   "process_name", LABEL_COMM,
					   "thread_name",  "thread.name",
					   "thread"};

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		for (size_t i = 0; i < cnt; i++)
			if (labels[i][1].len && str_eq(labels[i][0], str_of(keys[k])))
				return labels[i][1];
	return otherwise;
}
