// SPDX-License-Identifier: Apache-2.0
#include "elf/symjob.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/demangle.h"
#include "elf/minidebug.h"
#include "elf/pclntab.h"
#include "elf/plt.h"
#include "elf/symsections.h"
#include "elf/symwrite.h"

/* A file whose sections are read; `data` is owned when it is one in memory. */
struct named_file {
	struct elf_file elf;
	struct elf_section *sections;
	size_t section_cnt;
	uint8_t *data;
};

struct reading {
	struct symtab table;
	struct symfile_info info;
	struct named_file image, mini, debug;
};

static void open_sections(struct named_file *f)
{
	if (elf_file_sections(&f->elf, &f->sections, &f->section_cnt))
		f->section_cnt = 0;
}

static void release_file(struct named_file *f)
{
	free(f->sections);
	free(f->data);
}

/* Takes the first of the debug files that fits. */
static void open_debug(struct reading *rd, const int *fds, size_t cnt)
{
	for (size_t i = 0; i < cnt && !rd->info.debug_used; i++) {
		if (elf_file_init(&rd->debug.elf, fds[i]) ||
		    !debuglink_fits(&rd->debug.elf, &rd->info.build_id, &rd->info.link))
			continue;
		open_sections(&rd->debug);
		rd->info.debug_used = (uint8_t)(i + 1);
	}
}

static int add_named_by(struct reading *rd, const struct named_file *f, uint32_t type,
			unsigned int rank)
{
	return symsections_add(&rd->table, &f->elf, f->sections, f->section_cnt, type, rank);
}

static int add_mini(struct reading *rd)
{
	int r = minidebug_open(&rd->image.elf, rd->image.sections, rd->image.section_cnt,
			       &rd->mini.data, &rd->mini.elf);

	if (r)
		return r == -ENOMEM ? r : 0;
	open_sections(&rd->mini);
	return add_named_by(rd, &rd->mini, SHT_SYMTAB, 0);
}

static int add_go_function(void *arg, uint64_t start, uint64_t end, struct str name)
{
	return symtab_add_named(arg, start, end - start, SYMTAB_RUNTIME, name);
}

static int add_go(struct reading *rd)
{
	struct pclntab *go = NULL;
	int r = pclntab_open(&rd->image.elf, &go);

	if (r)
		return r == -ENOMEM ? r : 0;
	r = pclntab_functions(go, add_go_function, &rd->table);
	pclntab_free(go);
	return r;
}

static int add_all(struct reading *rd, const int *debug_fds, size_t debug_cnt)
{
	int r = add_named_by(rd, &rd->image, SHT_SYMTAB, 0);

	rd->info.wants_debug = !r && (rd->info.build_id.len || rd->info.link.name[0]);
	if (!r) {
		open_debug(rd, debug_fds, debug_cnt);
		r = rd->info.debug_used ? add_named_by(rd, &rd->debug, SHT_SYMTAB, 0)
					: add_mini(rd);
		if (!r)
			r = add_go(rd);
	}
	if (r >= 0)
		r = add_named_by(rd, &rd->image, SHT_DYNSYM, SYMTAB_DYNAMIC);
	if (r >= 0)
		r = plt_add(&rd->table, rd->image.sections, rd->image.section_cnt);
	return r;
}

static int read_symbols(struct reading *rd, const struct symjob_read *request, const int *fds,
			size_t fd_cnt)
{
	int r = elf_file_init(&rd->image.elf, fds[SYMJOB_IMAGE]);

	symtab_init(&rd->table, &rd->image.elf, request->max_symbols);
	rd->info.debug_tried = request->debug_tried;
	if (!r) {
		open_sections(&rd->image);
		(void)buildid_read(&rd->image.elf, &rd->info.build_id);
		(void)debuglink_read(&rd->image.elf, rd->image.sections, rd->image.section_cnt,
				     &rd->info.link);
		r = add_all(rd, fds + SYMJOB_DEBUG, fd_cnt - SYMJOB_DEBUG);
		r = r == -ENOSPC ? -EFBIG : r;
		if (r >= 0)
			r = symtab_finish(&rd->table);
		if (r < 0)
			return r;
	}
	return symwrite(&rd->table, &rd->info, request->max_eager, fds[SYMJOB_OUT]);
}

static int run_read(const int *fds, size_t fd_cnt, struct str request)
{
	struct symjob_read read;
	struct reading *rd;
	int r;

	if (request.len != sizeof(read) || fd_cnt < SYMJOB_DEBUG || fd_cnt > SYMJOB_MAX_FDS)
		return -EINVAL;
	memcpy(&read, request.p, sizeof(read));
	rd = calloc(1, sizeof(*rd));
	if (!rd)
		return -ENOMEM;
	r = read_symbols(rd, &read, fds, fd_cnt);
	symtab_release(&rd->table);
	release_file(&rd->image);
	release_file(&rd->mini);
	release_file(&rd->debug);
	free(rd);
	return r;
}

static int run_demangle(struct str raw, struct buf *reply)
{
	char name[DEMANGLE_MAX_OUT];
	size_t len = demangle(raw, name);

	buf_add(reply, name, len);
	return buf_error(reply);
}

int symjob_run(const int *fds, size_t fd_cnt, struct str request, struct buf *reply, void **state)
{
	uint32_t kind;

	(void)state;
	if (request.len < sizeof(kind))
		return -EINVAL;
	memcpy(&kind, request.p, sizeof(kind));
	if (kind == SYMJOB_READ)
		return run_read(fds, fd_cnt, request);
	if (kind == SYMJOB_DEMANGLE)
		return run_demangle((struct str){request.p + sizeof(struct symjob_demangle),
						 request.len - sizeof(struct symjob_demangle)},
				    reply);
	return -EINVAL;
}
