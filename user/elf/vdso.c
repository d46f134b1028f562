// SPDX-License-Identifier: Apache-2.0
/*
 * The vDSO is an ELF file in memory that nobody tells the size of, but its section headers are the
 * last thing in it, and it is mapped in whole pages (arch/x86/entry/vdso/vma.c, vdso2c.h;
 * arch/arm64/kernel/vdso.c). It is written to a memory file: the kernel stops that copy where
 * something is not mapped, without a fault.
 */
#include "elf/vdso.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "elf/image.h"

#define PAGE	  4096
#define MAX_BYTES 131072 /* x86-64 and arm64: 2 pages of 4 KiB; pages may have 64 KiB */

static uint64_t mapped_size(const void *start)
{
	Elf64_Ehdr header;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), end;

	memcpy(&header, start, sizeof(header));
	end = header.e_shoff + (uint64_t)header.e_shnum * header.e_shentsize;
	return (end + page - 1) & ~(page - 1);
}

static int copy_image(int fd, const void *start, uint64_t size)
{
	const char *p = start;
	uint64_t done = 0;

	if (!size || size > MAX_BYTES)
		return -ENOEXEC;
	while (done < size) {
		ssize_t n = write(fd, p + done, PAGE);

		if (n <= 0)
			return -EFAULT;
		done += (uint64_t)n;
	}
	return 0;
}

void vdso_open(struct image_cache *images, struct vdso *ret)
{
	const void *start = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	int fd = start ? memfd_create("vdso", MFD_CLOEXEC) : -1, r;

	*ret = (struct vdso){.image = NULL};
	if (fd < 0) {
		r = start ? -errno : -ENOENT;
	} else {
		ret->size = mapped_size(start);
		r = copy_image(fd, start, ret->size);
		if (!r)
			r = image_cache_open(images, fd, "[vdso]", &ret->image);
		else
			(void)close(fd);
	}
	if (r)
		log_debug("elf: no names from the vDSO: %s", strerror(-r));
	else
		image_trust(ret->image);
}

void vdso_close(struct vdso *v)
{
	image_unref(v->image);
	v->image = NULL;
}

struct image *vdso_of(const struct vdso *v, uint64_t addr, uint64_t len)
{
	if (!v->image || len != v->size || addr < UINT64_C(1) << 32)
		return NULL;
	return image_ref(v->image);
}
