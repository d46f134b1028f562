// SPDX-License-Identifier: Apache-2.0
#include "proc/label_kthread.h"

#include <string.h>

#include "base/text.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Names whose digits are not an instance. */
static bool is_whole_name(struct str s)
{
	static const char *const names[] = {
		"jbd2",	    "cfg80211", "nfsv4",	   "nfs4", "nfsd4", "i915",  "gfs2", "ext4",
		"cfg80211", "mac80211", "nfsd4_callbacks", "ipv6", "md5",   "ocfs2", "i2c",  "w1",
		"l2tp"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(s, str_of(names[i])))
			return true;
	return false;
}

/* Takes "0", "_12", "-8:0" off the end. */
static struct str without_instance(struct str s)
{
	struct str all = s;

	if (is_whole_name(s))
		return s;
	while (s.len && (is_digit(s.p[s.len - 1]) || s.p[s.len - 1] == ':'))
		s.len--;
	if (s.len == all.len)
		return all;
	while (s.len && (s.p[s.len - 1] == '-' || s.p[s.len - 1] == '_' || s.p[s.len - 1] == '.'))
		s.len--;
	return s.len ? s : all;
}

/* irq/45-nvme0q1, irq/9-acpi, irq/12-s-aerdrv: the handler up to its first digit. */
static struct str irq_handler(struct str s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.p[n]))
		n++;
	if (n < s.len && s.p[n] == '-')
		n++;
	s = (struct str){s.p + n, s.len - n};
	for (n = 0; n < s.len && !is_digit(s.p[n]);)
		n++;
	return n ? (struct str){s.p, n} : s;
}

static void add(struct label *l, struct str s)
{
	size_t n = s.len < LABEL_MAX - l->len ? s.len : LABEL_MAX - l->len;

	if (n)
		memcpy(l->text + l->len, s.p, n);
	l->len += n;
	l->text[l->len] = '\0';
}

void label_kthread(struct str comm, struct label *ret)
{
	const char *slash = comm.len ? memchr(comm.p, '/', comm.len) : NULL;
	struct label l = {.len = 0};
	struct str name = comm, handler = {"", 0};

	if (slash &&
	    slash > comm.p) { /* before the slash is the name, behind it the CPU or the device */
		name.len = (size_t)(slash - comm.p);
		if (str_eq(name, STR_LIT("irq")))
			handler = irq_handler((struct str){slash + 1, comm.len - name.len - 1});
	} else if (comm.len > 2 && comm.p[0] == 'm' && comm.p[1] == 'd' && is_digit(comm.p[2])) {
		/* md127_raid1: the array is the instance, the level the name */
		size_t n = 2;

		while (n < comm.len && is_digit(comm.p[n]))
			n++;
		name = (struct str){"md", 2};
		handler = (struct str){comm.p + n, comm.len - n};
	} else {
		name = without_instance(comm);
	}
	add(&l, STR_LIT("["));
	add(&l, name.len ? name : STR_LIT("kernel"));
	if (handler.len && handler.p[0] != '_')
		add(&l, STR_LIT("/"));
	if (handler.len > 32)
		handler.len = 32;
	add(&l, handler);
	add(&l, STR_LIT("]"));
	*ret = l;
}
