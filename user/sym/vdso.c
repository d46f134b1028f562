// SPDX-License-Identifier: Apache-2.0
/*
 * The vDSO is an ELF file in memory that nobody tells the size of. It is written to a memory file:
 * the kernel stops that copy where the mapping ends, without a fault, and the one ELF reader there
 * is can take it from there. vdso(7); pages behind it that belong to something else do no harm.
 */
#include "sym/vdso.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/symtab.h"

#define MAX_BYTES   65536 /* x86-64: 2 pages; arm64: 2 */
#define MAX_SYMBOLS 1024

struct vdso {
	int fd;
	struct symtab *table;
	char name[SYMTAB_MAX_NAME];
};

static int copy_image(int fd, const void *start)
{
	const char *p = start;
	size_t done = 0;

	while (done < MAX_BYTES) {
		ssize_t n = write(fd, p + done, 4096);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done ? 0 : -EFAULT;
}

int vdso_new(struct vdso **ret)
{
	const void *start = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct vdso *v;
	struct elf_file file;
	int r;

	if (!start)
		return -ENOENT;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->fd = memfd_create("vdso", MFD_CLOEXEC);
	r = v->fd < 0 ? -errno : copy_image(v->fd, start);
	if (!r)
		r = elf_file_init(&file, v->fd);
	if (!r)
		r = symtab_read(&file, MAX_SYMBOLS, &v->table);
	if (r) {
		vdso_free(v);
		return r;
	}
	*ret = v;
	return 0;
}

void vdso_free(struct vdso *v)
{
	if (!v)
		return;
	symtab_free(v->table);
	if (v->fd >= 0)
		(void)close(v->fd);
	free(v);
}

bool vdso_find(struct vdso *v, uint64_t offset, struct str *ret_name)
{
	uint64_t start, end;
	size_t len;

	if (!symtab_find(v->table, offset, v->name, &len, &start, &end))
		return false;
	*ret_name = (struct str){v->name, len};
	return true;
}
