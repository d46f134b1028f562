// SPDX-License-Identifier: Apache-2.0
#include "tests/unwind/oracle.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#define RETURN_REG 16
#elif defined(__aarch64__)
#define RETURN_REG 30
#endif

struct oracle {
	Dwfl *dwfl;
	const struct oracle_sample *sample; /* of the walk that is under way */
	struct oracle_stack *stack;
	bool guessed;	    /* a frame without CFI has been passed */
	bool passed_signal; /* the frame before was the kernel's signal frame */
};

/* ---- files -------------------------------------------------------------------------------- */

/* Where the file would lie if it were not moved: what to add to its addresses. */
static bool load_bias(int fd, const struct procs_map *m, GElf_Addr *ret_bias)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	bool found = false;
	size_t n = 0;

	if (elf && !elf_getphdrnum(elf, &n))
		for (size_t i = 0; i < n && !found; i++) {
			GElf_Phdr phdr;

			if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD ||
			    !(phdr.p_flags & PF_X) ||
			    m->pgoff >= ((phdr.p_offset + phdr.p_filesz + 4095) & ~4095ULL) ||
			    m->pgoff + (m->end - m->start) <= phdr.p_offset)
				continue;
			*ret_bias = m->start - m->pgoff + phdr.p_offset - phdr.p_vaddr;
			found = true;
		}
	elf_end(elf);
	return found;
}

/* The kernel's own file in every process: ours is the same. */
static int open_vdso(void)
{
	unsigned long at = getauxval(AT_SYSINFO_EHDR);
	const GElf_Ehdr *ehdr = (const void *)at;
	int fd = at ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	size_t len;

	if (fd < 0)
		return -1;
	len = ehdr->e_shoff + (size_t)ehdr->e_shnum * ehdr->e_shentsize;
	if (write(fd, (const void *)at, len) == (ssize_t)len)
		return fd;
	(void)close(fd);
	return -1;
}

static void report(struct oracle *o, const struct procs_map *m)
{
	bool vdso = !strcmp(m->path, "[vdso]");
	GElf_Addr bias;
	char name[64];
	int fd;

	if (!vdso && (m->path[0] != '/' || m->path[1] == '/'))
		return;
	fd = vdso ? open_vdso() : open(m->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!load_bias(fd, m, &bias)) {
		(void)close(fd);
		return;
	}
	snprintf(name, sizeof(name), "%.40s@%llx", vdso ? m->path : strrchr(m->path, '/') + 1,
		 (unsigned long long)bias);
	/* A file that is mapped in several pieces is reported once; takes the descriptor, or not. */
	if (!dwfl_report_elf(o->dwfl, name, m->path, fd, bias, true))
		(void)close(fd);
}

/* ---- libdw's callbacks -------------------------------------------------------------------- */

static pid_t next_thread(Dwfl *dwfl, void *arg, void **ret_thread_arg)
{
	if (*ret_thread_arg)
		return 0;
	*ret_thread_arg = arg;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **ret_thread_arg)
{
	*ret_thread_arg = arg;
	return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *ret, void *arg)
{
	struct oracle *o = arg;
	const struct oracle_sample *s = o->sample;

	if (addr < s->addr || addr - s->addr > s->len || s->len - (addr - s->addr) < 8) {
		o->stack->out_of_memory = true;
		return false;
	}
	memcpy(ret, (const char *)s->words + (addr - s->addr), 8);
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct oracle_sample *s = ((struct oracle *)arg)->sample;
	Dwarf_Word regs[40] = {0};
	unsigned int cnt = RETURN_REG == 16 ? 16 : 32;

	for (unsigned int i = 0; i < cnt; i++)
		regs[i] = s->regs[i];
	if (RETURN_REG == 16)
		regs[cnt++] = s->pc;
	else
		dwfl_thread_state_register_pc(thread, s->pc);
	return dwfl_thread_state_registers(thread, 0, cnt, regs);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

struct oracle *oracle_new(const struct proc *proc)
{
	static char no_path[] = "-";
	static char *debug_path = no_path; /* nothing but the files themselves */
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &debug_path,
	};
	struct oracle *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	(void)elf_version(EV_CURRENT);
	o->dwfl = dwfl_begin(&callbacks);
	if (o->dwfl) {
		dwfl_report_begin(o->dwfl);
		for (size_t i = 0; i < proc->map_cnt; i++)
			report(o, &proc->maps[i]);
		if (!dwfl_report_end(o->dwfl, NULL, NULL) &&
		    dwfl_attach_state(o->dwfl, NULL, 1, &thread_callbacks, o))
			return o;
	}
	oracle_free(o);
	return NULL;
}

void oracle_free(void *oracle)
{
	struct oracle *o = oracle;

	if (o && o->dwfl)
		dwfl_end(o->dwfl);
	free(o);
}

/* ---- frames ------------------------------------------------------------------------------- */

/* The rules at an address, to be freed; NULL where there are none. */
static Dwarf_Frame *rules_at(struct oracle *o, __u64 pc, bool leaf)
{
	Dwarf_Addr addr = leaf ? pc : pc - 1, bias;
	Dwfl_Module *mod = dwfl_addrmodule(o->dwfl, addr);
	Dwarf_Frame *frame = NULL;
	Dwarf_CFI *cfi;

	if (!mod)
		return NULL;
	cfi = dwfl_module_eh_cfi(mod, &bias);
	if (cfi && !dwarf_cfi_addrframe(cfi, addr - bias, &frame))
		return frame;
	cfi = dwfl_module_dwarf_cfi(mod, &bias);
	if (cfi && !dwarf_cfi_addrframe(cfi, addr - bias, &frame))
		return frame;
	return NULL;
}

bool oracle_has_rules(struct oracle *o, __u64 pc, bool leaf)
{
	Dwarf_Frame *frame = rules_at(o, pc, leaf);

	free(frame);
	return frame != NULL;
}

static bool is_signal_frame(struct oracle *o, __u64 pc, bool leaf)
{
	Dwarf_Frame *frame = rules_at(o, pc, leaf);
	bool is_signal = false;

	if (frame)
		(void)dwarf_frame_info(frame, NULL, NULL, &is_signal);
	free(frame);
	return is_signal;
}

static bool is_start(const char *name)
{
	static const char *const names[] = {
		"_start",	  "__clone",	    "clone",	     "__clone3",
		"clone3",	  "start_thread",   "runtime.mcall", "runtime.mstart",
		"runtime.rt0_go", "runtime.goexit", "runtime.clone", "runtime.morestack",
	};

	if (!strncmp(name, "runtime.goexit", 14) || !strncmp(name, "_rt0_", 5))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		/* Go's assembly functions have .abi0 behind their names. */
		if (!strncmp(name, names[i], len) && (!name[len] || !strcmp(name + len, ".abi0")))
			return true;
	}
	return false;
}

bool oracle_is_outermost(struct oracle *o, __u64 pc, bool leaf)
{
	Dwarf_Addr addr = leaf ? pc : pc - 1, bias;
	Dwfl_Module *mod = dwfl_addrmodule(o->dwfl, addr);
	Dwarf_Frame *frame = rules_at(o, pc, leaf);
	bool undefined = false;
	GElf_Off offset;
	const char *name;
	GElf_Ehdr ehdr;
	GElf_Sym sym;

	if (frame) {
		Dwarf_Op memory[3], *ops;
		size_t cnt;
		int reg = dwarf_frame_info(frame, NULL, NULL, NULL);

		undefined = !dwarf_frame_register(frame, reg, memory, &ops, &cnt) && !cnt &&
			    ops == memory;
		free(frame);
	}
	if (undefined || !mod)
		return undefined;
	if (gelf_getehdr(dwfl_module_getelf(mod, &bias), &ehdr) && addr - bias >= ehdr.e_entry &&
	    addr - bias < ehdr.e_entry + 64)
		return true;
	name = dwfl_module_addrinfo(mod, addr, &offset, &sym, NULL, NULL, NULL);
	return name && is_start(name);
}

static int on_frame(Dwfl_Frame *state, void *arg)
{
	struct oracle *o = arg;
	struct oracle_stack *s = o->stack;
	Dwarf_Addr pc;
	bool leaf;

	if (!dwfl_frame_pc(state, &pc, &leaf) || s->cnt == ORACLE_MAX_FRAMES)
		return DWARF_CB_ABORT;
	/* libdw says so of the signal frame itself too, to which the handler returns as to any other. */
	s->leaf[s->cnt] = !s->cnt || o->passed_signal;
	s->pcs[s->cnt++] = pc;
	if (!o->guessed)
		s->sure_cnt = s->cnt;
	if (oracle_is_outermost(o, pc, leaf)) {
		s->whole = true;
		return DWARF_CB_ABORT; /* what libdw might guess behind the end is no frame */
	}
	o->guessed = o->guessed || !oracle_has_rules(o, pc, leaf);
	o->passed_signal = is_signal_frame(o, pc, leaf);
	return DWARF_CB_OK;
}

void oracle_unwind(struct oracle *o, const struct oracle_sample *sample, struct oracle_stack *ret)
{
	memset(ret, 0, sizeof(*ret));
	o->sample = sample;
	o->stack = ret;
	o->guessed = false;
	o->passed_signal = false;
	(void)dwfl_getthread_frames(o->dwfl, 1, on_frame, o);
	if (ret->whole)
		ret->out_of_memory = false;
	o->sample = NULL;
	o->stack = NULL;
}

void oracle_describe(struct oracle *o, __u64 pc, bool leaf, char *text, size_t size)
{
	Dwarf_Addr addr = leaf ? pc : pc - 1;
	Dwfl_Module *mod = dwfl_addrmodule(o->dwfl, addr);
	const char *name = NULL, *file = NULL;
	GElf_Off offset = 0;
	Dwarf_Addr start;
	GElf_Sym sym;

	if (!mod) {
		snprintf(text, size, "code in no file");
		return;
	}
	(void)dwfl_module_info(mod, NULL, &start, NULL, NULL, NULL, &file, NULL);
	file = file && strrchr(file, '/') ? strrchr(file, '/') + 1 : "vdso";
	name = dwfl_module_addrinfo(mod, addr, &offset, &sym, NULL, NULL, NULL);
	if (name)
		snprintf(text, size, "%s+0x%llx (%s+0x%llx)", name,
			 (unsigned long long)offset + !leaf, file,
			 (unsigned long long)(pc - start));
	else
		snprintf(text, size, "%s+0x%llx", file, (unsigned long long)(pc - start));
}
