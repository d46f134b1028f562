// SPDX-License-Identifier: Apache-2.0
#include "proc/label_kthread.h"

#include <string.h>

#include "base/text.h"

#define MAX_HANDLER 32

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_separator(char c)
{
	return c && strchr("-_.:", c);
}

/* Names whose digits are not an instance. */
static bool is_whole_name(struct str s)
{
	static const char *const names[] = {
		"jbd2",		  "cfg80211", "nfsv4", "nfs4",	"nfsd4", "i915",    "gfs2", "ext4",
		"mac80211",	  "ipv6",     "md5",   "ocfs2", "i2c",	 "w1",	    "l2tp", "f2fs",
		"mt76",		  "raid5",    "mlx4",  "mlx5",	"i40e",	 "x86_pkg", "v3",   "v4",
		"nfsd4_callbacks"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(s, str_of(names[i])))
			return true;
	return false;
}

/* The last word, up to the separator before it. */
static struct str last_word(struct str s)
{
	size_t n = s.len;

	while (n && !is_separator(s.p[n - 1]))
		n--;
	return (struct str){s.p + n, s.len - n};
}

/* Takes "0", "_12", "-8:0", "_0.0.0", "q1" of "nvme0q1", and separators without anything behind
 * them off the end. */
static struct str without_instance(struct str s)
{
	struct str all = s;

	for (;;) {
		size_t before = s.len;

		while (s.len && is_separator(s.p[s.len - 1]))
			s.len--;
		if (is_whole_name(last_word(s)))
			break;
		while (s.len && is_digit(s.p[s.len - 1]))
			s.len--;
		/* a queue of a device that is an instance itself */
		if (s.len > 1 && s.len < before && s.p[s.len - 1] == 'q' &&
		    is_digit(s.p[s.len - 2]))
			s.len--;
		if (s.len == before)
			break;
	}
	return s.len ? s : all;
}

static void add(struct label *l, struct str s)
{
	size_t n = s.len < LABEL_MAX - l->len ? s.len : LABEL_MAX - l->len;

	if (n)
		memcpy(l->text + l->len, s.p, n);
	l->len += n;
	l->text[l->len] = '\0';
}

/* Adds words joined by '-' without the numbers at their ends: card0-crtc1, eth0-TxRx, AMD-Vi0-Evt.
 */
static void add_words(struct label *l, struct str s)
{
	struct str word;

	s = without_instance(s);
	while (str_split(&s, '-', &word)) {
		size_t n = word.len;

		while (n && is_digit(word.p[n - 1]))
			n--;
		if (n && s.p && is_letter(word.p[n - 1]) && !is_whole_name(word))
			word.len = n;
		add(l, word);
		if (s.p)
			add(l, STR_LIT("-"));
	}
}

/*
 * irq/45-nvme0q1, irq/12-s-aerdrv (the second half of a handler), irq/40-mlx5_comp0@pci:0000:01,
 * irq/27-ahci[0000: what is behind the interrupt's number, without the device's address.
 */
static struct str irq_handler(struct str s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.p[n]))
		n++;
	if (n < s.len && s.p[n] == '-')
		n++;
	s = (struct str){s.p + n, s.len - n};
	if (s.len > 2 && s.p[0] == 's' && s.p[1] == '-')
		s = (struct str){s.p + 2, s.len - 2};
	for (n = 0; n < s.len; n++)
		if (s.p[n] == '@' || s.p[n] == '[')
			s.len = n;
	if (s.len > MAX_HANDLER)
		s.len = MAX_HANDLER;
	return s;
}

/* md127_raid1: the array is the instance, the level the name. False when it is none of those. */
static bool add_array(struct label *l, struct str comm)
{
	size_t n = 2;

	if (comm.len < 3 || memcmp(comm.p, "md", 2) || !is_digit(comm.p[2]))
		return false;
	while (n < comm.len && is_digit(comm.p[n]))
		n++;
	add(l, STR_LIT("md"));
	add(l, (struct str){comm.p + n, comm.len - n});
	return true;
}

void label_kthread(struct str comm, struct label *ret)
{
	const char *slash = comm.len ? memchr(comm.p, '/', comm.len) : NULL;
	struct label l = {.len = 0};
	struct str name = comm, handler = {"", 0};

	/* before the slash is the name, behind it the CPU or the device */
	if (slash && slash > comm.p) {
		name.len = (size_t)(slash - comm.p);
		if (str_eq(name, STR_LIT("irq")))
			handler = irq_handler((struct str){slash + 1, comm.len - name.len - 1});
	}
	add(&l, STR_LIT("["));
	if (!name.len)
		add(&l, STR_LIT("kernel"));
	else if (slash && slash > comm.p)
		add(&l, name);
	else if (!add_array(&l, name))
		add_words(&l, name);
	if (handler.len) {
		add(&l, STR_LIT("/"));
		add_words(&l, handler);
	}
	add(&l, STR_LIT("]"));
	*ret = l;
}
