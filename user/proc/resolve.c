// SPDX-License-Identifier: Apache-2.0
#include "proc/resolve.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "elf/image.h"
#include "proc/label.h"

enum path_kind {
	PATH_ANON, /* a JIT's, or nobody knows whose */
	PATH_VDSO,
	PATH_FILE,
	PATH_SHARED_MEM, /* memory with a name: an ELF file that was never on disk, or a JIT's */
	PATH_SPECIAL,	 /* of the kernel: [uprobes] */
	PATH_DEVICE,	 /* never opened: that might do something */
};

static bool has_prefix(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && !memcmp(s.p, prefix, n);
}

static enum path_kind path_kind(struct str path)
{
	static const char *const anon[] = {"//anon",	"[heap]",	  "[stack", "[anon",
					   "/dev/zero", "/anon_hugepage", "/SYSV"};

	if (!path.len)
		return PATH_ANON;
	if (str_eq(path, STR_LIT("[vdso]")))
		return PATH_VDSO;
	for (size_t i = 0; i < ARRAY_SIZE(anon); i++)
		if (has_prefix(path, anon[i]))
			return PATH_ANON;
	if (has_prefix(path, "/memfd:") || has_prefix(path, "/dev/shm/"))
		return PATH_SHARED_MEM;
	if (has_prefix(path, "/dev/") && !has_prefix(path, "/dev/hugepages/"))
		return PATH_DEVICE;
	return path.p[0] == '/' ? PATH_FILE : PATH_SPECIAL;
}

static struct str path_of(const struct wire_mmap *m)
{
	return (struct str){m->path, m->path_len};
}

static int name_only(struct str path, struct mapping *it)
{
	if (path.len > 2 && path.p[0] == '[' && path.p[path.len - 1] == ']')
		path = (struct str){path.p + 1, path.len - 2};
	it->kind = PLACE_NO_FILE;
	it->name = rcstr_new(label_base_name(path));
	return it->name ? 0 : -ENOMEM;
}

static int resolve_file(struct opener *o, const struct wire_mmap *m, uint32_t ppid,
			bool is_shared_mem, struct mapping *it, bool *ret_failed)
{
	int r = opener_find(o, m, ppid, is_shared_mem, &it->image);

	if (!r) {
		it->kind = PLACE_FILE;
		return 0;
	}
	if (r == -ENOEXEC || (is_shared_mem && has_prefix(path_of(m), "/memfd:"))) {
		it->kind = PLACE_ANON;
		return 0;
	}
	*ret_failed = true;
	return name_only(path_of(m), it);
}

static int resolve_vdso(struct opener *o, const struct wire_mmap *m, struct mapping *it)
{
	it->image = opener_vdso(o, m);
	it->pgoff = 0;
	it->kind = PLACE_FILE;
	return it->image ? 0 : name_only(path_of(m), it);
}

int resolve_mapping(struct opener *o, const struct wire_mmap *m, uint32_t ppid, struct mapping *ret,
		    bool *ret_failed)
{
	struct mapping it = {
		.start = m->addr, .end = m->addr + m->len, .pgoff = m->pgoff, .kind = PLACE_ANON};
	bool failed = false;
	int r = 0;

	switch (path_kind(path_of(m))) {
	case PATH_ANON:
		break;
	case PATH_VDSO:
		r = resolve_vdso(o, m, &it);
		break;
	case PATH_FILE:
		r = resolve_file(o, m, ppid, false, &it, &failed);
		break;
	case PATH_SHARED_MEM:
		r = resolve_file(o, m, ppid, true, &it, &failed);
		break;
	case PATH_DEVICE:
		failed = true;
		r = name_only(path_of(m), &it);
		break;
	case PATH_SPECIAL:
		r = name_only(path_of(m), &it);
		break;
	}
	if (r)
		return r;
	*ret = it;
	*ret_failed = failed;
	return 0;
}

void resolve_release(struct mapping *it)
{
	image_unref(it->image);
	rcstr_unref(it->name);
}

bool resolve_is_file(const struct wire_mmap *m, const struct mapping *it)
{
	enum path_kind kind = path_kind(path_of(m));

	return (kind == PATH_FILE || kind == PATH_SHARED_MEM) && it->kind != PLACE_ANON;
}
