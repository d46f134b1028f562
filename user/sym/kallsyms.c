// SPDX-License-Identifier: Apache-2.0
/*
 * kallsyms has no sizes: a function ends where the next symbol begins. Symbols of data are
 * therefore kept while sorting, as ends; and because many kernels list none (CONFIG_KALLSYMS_ALL is
 * off), a function is also never longer than FUNCTION_MAX, so that an unknown address far behind is
 * not billed to it.
 */
#include "sym/kallsyms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/intern.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#define FUNCTION_MAX (UINT64_C(1) << 20)
#define MAX_MODULES  65535
#define NO_FUNCTION  UINT32_MAX
#define MAX_ROLES    1024 /* functions where interrupts begin or end; kernels have some 60 */

struct ksym {
	uint64_t address;
	uint32_t
		name; /* offset into names, NUL-terminated; NO_FUNCTION: here something else begins */
	uint16_t module; /* interned */
	uint16_t rank;	 /* lower is better, among those at one address */
};

struct role_range {
	uint64_t start, end;
	enum irq_role role;
};

struct kallsyms {
	struct ksym *syms;
	size_t cnt;
	struct role_range *roles; /* by address, apart from each other */
	size_t role_cnt;
	struct buf names;
	struct intern modules; /* with brackets; 0 is the kernel itself */
};

struct parse {
	struct kallsyms *k;
	size_t cap;
	size_t hidden; /* text symbols with address 0 */
};

/* "name\t[module]" */
static void split_module(struct str *name, struct str *ret_module)
{
	struct str rest = *name;

	*ret_module = STR_LIT("[kernel]");
	if (!str_split(&rest, '\t', name))
		return;
	rest = rest.p ? str_trim(rest) : (struct str){NULL, 0};
	if (rest.len > 2 && rest.p[0] == '[' && rest.p[rest.len - 1] == ']')
		*ret_module = rest;
}

static uint16_t rank_of(char type, struct str name)
{
	uint16_t underscores = 0;

	while (underscores < name.len && underscores < 100 && name.p[underscores] == '_')
		underscores++;
	return (uint16_t)(underscores +
			  (type == 'T' ? 0 : 200)); /* exported first, weak and local after */
}

static int add_symbol(struct parse *p, uint64_t address, char type, struct str name)
{
	struct kallsyms *k = p->k;
	bool is_text = type == 't' || type == 'T' || type == 'w' || type == 'W';
	struct ksym sym = {.address = address, .name = NO_FUNCTION};
	struct str module;
	uint32_t id;
	int r;

	if (!address) {
		p->hidden += is_text;
		return 0;
	}
	split_module(&name, &module);
	if (is_text && name.len) {
		r = intern_add(&k->modules, module.p, module.len, &id);
		if (r)
			id = 0;
		sym.module = (uint16_t)id;
		sym.name = (uint32_t)k->names.len;
		sym.rank = rank_of(type, name);
		buf_add(&k->names, name.p, name.len);
		buf_add(&k->names, "", 1);
		if (buf_error(&k->names))
			return buf_error(&k->names);
	}
	r = mem_grow(&k->syms, &p->cap, k->cnt + 1, sizeof(sym), KALLSYMS_MAX_SYMBOLS);
	if (!r)
		k->syms[k->cnt++] = sym;
	return r;
}

static int parse_line(struct parse *p, struct str line)
{
	struct str address, type;
	uint64_t value;

	if (!str_split(&line, ' ', &address) || !str_split(&line, ' ', &type) || !line.p)
		return 0;
	if (type.len != 1 || num_parse_hex(address, &value))
		return 0;
	return add_symbol(p, value, type.p[0], line);
}

static int compare_syms(const void *pa, const void *pb)
{
	const struct ksym *a = pa, *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if ((a->name == NO_FUNCTION) != (b->name == NO_FUNCTION))
		return a->name == NO_FUNCTION ? 1 : -1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

/*
 * Before doubles go: the name that tells may not be the one that is kept (__do_softirq is also
 * __softirqentry_text_start). Symbols are sorted.
 */
static int find_roles(struct kallsyms *k)
{
	size_t cap = 0;

	for (size_t i = 0; i < k->cnt; i++) {
		const struct ksym *sym = &k->syms[i];
		struct role_range *last = k->role_cnt ? &k->roles[k->role_cnt - 1] : NULL;
		enum irq_role role;
		int r;

		if (last && last->end == UINT64_MAX && sym->address > last->start)
			last->end = sym->address;
		if (sym->name == NO_FUNCTION || (last && last->start == sym->address))
			continue;
		role = irq_role_of(str_of(k->names.data + sym->name));
		if (role == IRQ_NONE)
			continue;
		r = mem_grow(&k->roles, &cap, k->role_cnt + 1, sizeof(*k->roles), MAX_ROLES);
		if (r == -ENOSPC) /* no kernel's: the rest is billed to who was interrupted */
			break;
		if (r)
			return r;
		k->roles[k->role_cnt++] = (struct role_range){sym->address, UINT64_MAX, role};
	}
	return 0;
}

/* One symbol an address; of a run of data symbols only the first. */
static void drop_doubles(struct kallsyms *k)
{
	size_t out = 0;

	for (size_t i = 0; i < k->cnt; i++) {
		const struct ksym *last = out ? &k->syms[out - 1] : NULL;

		if (last && last->address == k->syms[i].address)
			continue;
		if (k->syms[i].name == NO_FUNCTION && (!last || last->name == NO_FUNCTION))
			continue;
		k->syms[out++] = k->syms[i];
	}
	k->cnt = out;
}

static int parse_text(struct parse *p, struct str text)
{
	struct str line;
	int r = 0;

	while (!r && str_split(&text, '\n', &line))
		r = parse_line(p, line);
	if (r)
		return r == -ENOSPC ? -EFBIG : r;
	if (!p->k->cnt)
		return p->hidden ? -EACCES : -ENODATA;
	qsort(p->k->syms, p->k->cnt, sizeof(*p->k->syms), compare_syms);
	r = find_roles(p->k);
	if (r)
		return r;
	drop_doubles(p->k);
	return p->k->cnt ? 0 : -ENODATA;
}

int kallsyms_read(const char *path, struct kallsyms **ret)
{
	struct kallsyms *k = calloc(1, sizeof(*k));
	struct parse p = {.k = k};
	struct buf text;
	struct ksym *shrunk;
	uint32_t id;
	int r;

	if (!k)
		return -ENOMEM;
	buf_init(&text, KALLSYMS_MAX_BYTES);
	buf_init(&k->names, KALLSYMS_MAX_BYTES);
	intern_init(&k->modules, MAX_MODULES, 4u << 20);
	r = intern_add(&k->modules, "[kernel]", strlen("[kernel]"), &id);
	if (!r)
		r = fs_read(path, &text, NULL);
	if (!r)
		r = parse_text(&p, buf_str(&text));
	buf_release(&text);
	if (r) {
		kallsyms_free(k);
		return r;
	}
	shrunk = realloc(k->syms, k->cnt * sizeof(*k->syms));
	if (shrunk)
		k->syms = shrunk;
	*ret = k;
	return 0;
}

void kallsyms_free(struct kallsyms *k)
{
	if (!k)
		return;
	free(k->syms);
	free(k->roles);
	buf_release(&k->names);
	intern_release(&k->modules);
	free(k);
}

bool kallsyms_find(const struct kallsyms *k, uint64_t address, struct str *ret_name,
		   struct str *ret_module)
{
	size_t low = 0, high = k->cnt;
	const struct ksym *sym;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (k->syms[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	sym = &k->syms[low - 1];
	if (sym->name == NO_FUNCTION || address - sym->address >= FUNCTION_MAX)
		return false;
	*ret_name = str_of(k->names.data + sym->name);
	*ret_module = intern_get(&k->modules, sym->module);
	return true;
}

enum irq_role kallsyms_irq_role(const struct kallsyms *k, uint64_t address)
{
	size_t low = 0, high = k->role_cnt;
	const struct role_range *range;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (k->roles[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return IRQ_NONE;
	range = &k->roles[low - 1];
	if (address >= range->end || address - range->start >= FUNCTION_MAX)
		return IRQ_NONE;
	return range->role;
}

size_t kallsyms_cnt(const struct kallsyms *k)
{
	size_t cnt = 0;

	for (size_t i = 0; i < k->cnt; i++)
		cnt += k->syms[i].name != NO_FUNCTION;
	return cnt;
}

size_t kallsyms_bytes(const struct kallsyms *k)
{
	return sizeof(*k) + k->cnt * sizeof(*k->syms) + k->names.cap + intern_bytes(&k->modules) +
	       k->role_cnt * sizeof(*k->roles);
}
