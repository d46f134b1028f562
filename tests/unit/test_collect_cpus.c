// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "unit/tap.h"

#include "base/text.h"
#include "collect/cpus.h"

static void is_list(const char *text, size_t cnt, uint32_t first, uint32_t last)
{
	struct cpu_list l;

	cpu_list_init(&l);
	if (ok(!cpu_list_parse(&l, str_of(text)), "'%s' is a list", text)) {
		is_u64(l.cnt, cnt, "…of so many");
		is_u64(l.ids[0], first, "…from here");
		is_u64(l.ids[l.cnt - 1], last, "…to there");
	}
	cpu_list_release(&l);
}

static void is_none(const char *text)
{
	struct cpu_list l;

	cpu_list_init(&l);
	ok(!cpu_list_parse(&l, STR_LIT("4-5")), "a list that is there");
	is_i64(cpu_list_parse(&l, str_of(text)), -EINVAL, "'%.20s' is none", text);
	ok(l.cnt == 2 && l.ids[0] == 4 && l.ids[1] == 5, "…and leaves the list as it was");
	cpu_list_release(&l);
}

int main(void)
{
	struct cpu_list l;
	struct err err;

	is_list("0", 1, 0, 0);
	is_list("0-3", 4, 0, 3);
	is_list("0-3,8,10-11", 7, 0, 11);
	is_list("1,3,5", 3, 1, 5);
	is_list("0-8191", 8192, 0, 8191);

	is_none("");
	is_none("0,");
	is_none(",0");
	is_none("0,,1");
	is_none("3-1");
	is_none("0-");
	is_none("-3");
	is_none("0-3-5");
	is_none("0,0");
	is_none("0-3,2");
	is_none("5,4");
	is_none("8192");
	is_none("0-4294967296");
	is_none("18446744073709551616");
	is_none("a");
	is_none("0 1");

	cpu_list_init(&l);
	ok(!cpu_list_parse(&l, STR_LIT("0-1\n")) && l.cnt == 2, "a line end is no harm");
	is_i64(cpu_list_parse(&l, STR_LIT("\n")), -EINVAL, "but a line end alone is no list");
	cpu_list_release(&l);

	cpu_list_init(&l);
	ok(!cpu_list_has(&l, 0), "an empty list has nothing");
	ok(!cpu_list_read_online(&l, &err) && l.cnt >= 1, "CPUs of this machine are read");
	ok(cpu_list_has(&l, l.ids[l.cnt - 1]) && !cpu_list_has(&l, CPU_MAX), "membership");
	cpu_list_release(&l);
	return tap_done();
}
