// SPDX-License-Identifier: Apache-2.0
#include "proc/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "proc/label.h"

struct process *process_new(uint32_t pid)
{
	struct process *p = calloc(1, sizeof(*p));

	if (p)
		p->pid = pid;
	return p;
}

void process_free(struct process *p)
{
	if (!p)
		return;
	rcstr_unref(p->label);
	rcstr_unref(p->exe);
	rcstr_unref(p->cgroup);
	mappings_unref(p->maps);
	free(p);
}

/*
 * Replaces a shared text; keeps the old one when nothing has changed, so that forks go on sharing
 * it.
 */
static int set_text(struct rcstr **text, struct str s)
{
	struct rcstr *fresh;

	if (*text && str_eq(rcstr_str(*text), s))
		return 0;
	fresh = rcstr_new(s);
	if (!fresh)
		return -ENOMEM;
	rcstr_unref(*text);
	*text = fresh;
	return 0;
}

void process_set_comm(struct process *p, const char comm[WIRE_COMM_LEN])
{
	memcpy(p->comm, comm, WIRE_COMM_LEN);
	p->comm[WIRE_COMM_LEN] = '\0';
}

int process_relabel(struct process *p, struct str cmdline)
{
	struct label_input in = {
		.exe = rcstr_str(p->exe),
		.cmdline = cmdline,
		.comm = str_of(p->comm),
		.is_kthread = p->is_kthread,
	};
	struct label label;

	label_make(&in, &label);
	return set_text(&p->label, (struct str){label.text, label.len});
}

int process_apply(struct process *p, const struct wire_proc *rec)
{
	struct str exe = {rec->text, rec->exe_len};
	struct str cmdline = {rec->text + rec->exe_len, rec->cmdline_len};
	struct str cgroup = {cmdline.p + cmdline.len, rec->cgroup_len};

	if (!p->start_ns)
		p->start_ns = rec->start_ns;
	if (rec->ppid)
		p->ppid = rec->ppid;
	if (rec->comm[0])
		process_set_comm(p, rec->comm);
	p->is_kthread = rec->h.flags & WIRE_F_KTHREAD;
	if (cgroup.len && set_text(&p->cgroup, cgroup))
		return -ENOMEM;
	if (exe.len && set_text(&p->exe, exe))
		return -ENOMEM;
	if (!exe.len && !p->is_kthread && p->label)
		return 0; /* a zombie shows nothing; what was known stays */
	if (exe.len || p->is_kthread)
		p->is_known = true;
	return process_relabel(p, cmdline);
}

int process_inherit(struct process *p, const struct process *parent)
{
	p->ppid = parent->pid;
	p->is_known = parent->is_known;
	p->is_kthread = parent->is_kthread;
	p->is_exe_open = parent->is_exe_open;
	p->cgroup_id = parent->cgroup_id;
	memcpy(p->comm, parent->comm, sizeof(p->comm));
	rcstr_unref(p->label);
	rcstr_unref(p->exe);
	rcstr_unref(p->cgroup);
	mappings_unref(p->maps);
	p->label = rcstr_ref(parent->label);
	p->exe = rcstr_ref(parent->exe);
	p->cgroup = rcstr_ref(parent->cgroup);
	p->maps = mappings_ref(parent->maps);
	return p->label ? 0 : process_relabel(p, (struct str){"", 0});
}

int process_exec(struct process *p, const char comm[WIRE_COMM_LEN], uint64_t time_ns)
{
	p->generation++;
	mappings_unref(p->maps);
	rcstr_unref(p->exe);
	p->maps = NULL;
	p->exe = NULL;
	p->inner_pid = 0;
	p->is_inner_read = false;
	p->is_kthread = false;
	p->is_known = false;
	p->is_looked = false;
	p->is_exe_open = true;
	p->looked_ns = time_ns; /* its mappings come as records now */
	process_set_comm(p, comm);
	return process_relabel(p, (struct str){"", 0});
}

/*
 * /proc is read after the event was taken, so it may show a later execve of the same process
 * already. The first file that this one maps tells: when it is not the executable that /proc named,
 * arguments and all were another program's.
 */
int process_saw_file(struct process *p, struct str path)
{
	if (!p->is_exe_open)
		return 0;
	if (p->exe) {
		p->is_exe_open = false;
		if (str_eq(label_base_name(rcstr_str(p->exe)), label_base_name(path)))
			return 0;
		rcstr_unref(p->exe);
		p->exe = NULL;
	}
	if (label_is_loader(path)) {
		p->is_exe_open = true;
		return process_relabel(p, (struct str){"", 0});
	}
	if (set_text(&p->exe, path))
		return -ENOMEM;
	p->is_exe_open = false;
	p->is_known = true;
	return process_relabel(p, (struct str){"", 0});
}

uint32_t process_pid(const struct process *p)
{
	return p->pid;
}

uint32_t process_ppid(const struct process *p)
{
	return p->ppid;
}

uint64_t process_start(const struct process *p)
{
	return p->start_ns;
}

uint32_t process_generation(const struct process *p)
{
	return p->generation;
}

struct str process_label(const struct process *p)
{
	return rcstr_str(p->label);
}

struct str process_cgroup(const struct process *p)
{
	return rcstr_str(p->cgroup);
}

const struct mappings *process_mappings(const struct process *p)
{
	return p->maps;
}

bool process_is_alive(const struct process *p)
{
	return !p->died_ns;
}

void process_place(const struct process *p, uint64_t addr, struct place *ret)
{
	const struct mapping *it = mappings_find(p->maps, addr);

	*ret = (struct place){.kind = PLACE_NONE, .offset = addr};
	if (!it)
		return;
	ret->kind = it->kind;
	ret->image = it->image;
	ret->name = it->name ? it->name->text : NULL;
	if (it->kind == PLACE_ANON) {
		ret->pid = p->pid;
		ret->inner_pid = p->inner_pid;
	} else {
		ret->offset = addr - it->start + it->pgoff;
	}
}
