// SPDX-License-Identifier: Apache-2.0
#include "unwind/units.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

#define UNITS_A_PAGE (UNWIND_PAGE / UNWIND_UNIT)
#define NO_PAGE	     UINT32_MAX

/*
 * Units of an object of each class. Leaves, which are most of what is kept, have some 300 to 2000
 * bytes: the steps are small there.
 */
static const uint8_t class_units[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 21, 32, 64};

#define CLASS_CNT ARRAY_SIZE(class_units)

struct page {
	uint64_t taken; /* a bit an object */
	uint32_t next;	/* in the list it is in; NO_PAGE at the end */
	uint32_t prev;
	uint8_t class;
	bool is_listed;
};

struct freed {
	uint32_t unit;
	uint32_t tick;
};

struct units {
	uint8_t *memory;
	int (*reach)(void *arg, size_t bytes);
	void *reach_arg;
	struct page *pages;
	uint32_t page_cnt;
	uint32_t fresh; /* pages from here on were never used */
	uint32_t empty; /* list of pages without a class */
	uint32_t used_pages;
	uint32_t partial[CLASS_CNT]; /* lists of pages with room */
	struct freed *freed;	     /* a queue: [first, first + cnt) */
	size_t first, cnt, cap;
	size_t waiting_bytes;
	uint32_t tick;
};

static unsigned int objects_a_page(unsigned int class)
{
	return UNITS_A_PAGE / class_units[class];
}

static uint64_t full_mask(unsigned int class)
{
	unsigned int n = objects_a_page(class);

	return n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

int units_new(void *memory, size_t bytes, int (*reach)(void *arg, size_t bytes), void *reach_arg,
	      struct units **ret)
{
	struct units *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->memory = memory;
	a->reach = reach;
	a->reach_arg = reach_arg;
	a->page_cnt = (uint32_t)(bytes / UNWIND_PAGE);
	a->fresh = 1;
	a->empty = NO_PAGE;
	for (size_t i = 0; i < CLASS_CNT; i++)
		a->partial[i] = NO_PAGE;
	a->pages = calloc(a->page_cnt ? a->page_cnt : 1, sizeof(*a->pages));
	if (!a->pages) {
		free(a);
		return -ENOMEM;
	}
	*ret = a;
	return 0;
}

void units_free(struct units *a)
{
	if (!a)
		return;
	free(a->pages);
	free(a->freed);
	free(a);
}

static void list_add(struct units *a, uint32_t page)
{
	struct page *p = &a->pages[page];
	uint32_t *head = &a->partial[p->class];

	p->prev = NO_PAGE;
	p->next = *head;
	if (*head != NO_PAGE)
		a->pages[*head].prev = page;
	*head = page;
	p->is_listed = true;
}

static void list_remove(struct units *a, uint32_t page)
{
	struct page *p = &a->pages[page];

	if (p->prev == NO_PAGE)
		a->partial[p->class] = p->next;
	else
		a->pages[p->prev].next = p->next;
	if (p->next != NO_PAGE)
		a->pages[p->next].prev = p->prev;
	p->is_listed = false;
}

/* A page that was never used; NO_PAGE when there is none, or it cannot be reached. */
static uint32_t fresh_page(struct units *a)
{
	if (a->fresh == a->page_cnt)
		return NO_PAGE;
	if (a->reach && a->reach(a->reach_arg, ((size_t)a->fresh + 1) * UNWIND_PAGE))
		return NO_PAGE;
	return a->fresh++;
}

/* A page for the class, put into its list; NO_PAGE when there is none. */
static uint32_t new_page(struct units *a, unsigned int class)
{
	uint32_t page = a->empty;

	if (page != NO_PAGE)
		a->empty = a->pages[page].next;
	else
		page = fresh_page(a);
	if (page == NO_PAGE)
		return NO_PAGE;
	a->used_pages++;
	a->pages[page].taken = 0;
	a->pages[page].class = (uint8_t) class;
	list_add(a, page);
	return page;
}

uint32_t units_alloc(struct units *a, size_t bytes)
{
	size_t units = (bytes + UNWIND_UNIT - 1) / UNWIND_UNIT;
	unsigned int class = 0, object;
	struct page *p;
	uint32_t page;

	while (class < CLASS_CNT && class_units[class] < units)
		class ++;
	if (!units || class == CLASS_CNT)
		return 0;
	page = a->partial[class];
	if (page == NO_PAGE)
		page = new_page(a, class);
	if (page == NO_PAGE)
		return 0;
	p = &a->pages[page];
	object = (unsigned int)__builtin_ctzll(~p->taken);
	p->taken |= UINT64_C(1) << object;
	if (p->taken == full_mask(class))
		list_remove(a, page);
	return page * UNITS_A_PAGE + object * class_units[class];
}

static size_t object_bytes(const struct units *a, uint32_t unit)
{
	return (size_t)class_units[a->pages[unit / UNITS_A_PAGE].class] * UNWIND_UNIT;
}

static void give_back(struct units *a, uint32_t unit)
{
	uint32_t page = unit / UNITS_A_PAGE;
	struct page *p = &a->pages[page];

	a->waiting_bytes -= object_bytes(a, unit);
	p->taken &= ~(UINT64_C(1) << unit % UNITS_A_PAGE / class_units[p->class]);
	if (!p->is_listed)
		list_add(a, page);
	if (p->taken)
		return;
	list_remove(a, page);
	p->next = a->empty;
	a->empty = page;
	a->used_pages--;
}

void units_release(struct units *a, uint32_t unit)
{
	/* Each object is in the queue once at most, so that the queue is bounded by the arena. */
	size_t max = (size_t)a->page_cnt * UNITS_A_PAGE;

	if (unit < UNITS_A_PAGE)
		return;
	if (a->first && a->first + a->cnt == a->cap) {
		for (size_t i = 0; i < a->cnt; i++)
			a->freed[i] = a->freed[a->first + i];
		a->first = 0;
	}
	if (mem_grow(&a->freed, &a->cap, a->first + a->cnt + 1, sizeof(*a->freed), 2 * max))
		return; /* out of memory: this object is never used again */
	a->freed[a->first + a->cnt++] = (struct freed){unit, a->tick};
	a->waiting_bytes += object_bytes(a, unit);
}

void units_tick(struct units *a)
{
	a->tick++;
	while (a->cnt && a->tick - a->freed[a->first].tick > 1) {
		give_back(a, a->freed[a->first].unit);
		a->first++;
		a->cnt--;
	}
	if (!a->cnt)
		a->first = 0;
}

void *units_at(const struct units *a, uint32_t unit)
{
	return a->memory + (size_t)unit * UNWIND_UNIT;
}

size_t units_bytes(const struct units *a)
{
	return a->page_cnt ? (size_t)(a->page_cnt - 1) * UNWIND_PAGE : 0;
}

size_t units_used(const struct units *a)
{
	return (size_t)a->used_pages * UNWIND_PAGE;
}

size_t units_waiting(const struct units *a)
{
	return a->waiting_bytes;
}
