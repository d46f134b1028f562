// SPDX-License-Identifier: Apache-2.0
#include "diff/work.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define MAX_NAME  4096 /* bytes that are looked at; templates can be longer */
#define MAX_WORDS 64

struct work_name {
	struct str name;
	enum work work;
	bool is_prefix;
};

static const struct work_name whole[] = {
	/* the kernel */
	{STR_LIT("__x64_sys_futex"), WORK_LOCKS, true},
	{STR_LIT("__arm64_sys_futex"), WORK_LOCKS, true},
	{STR_LIT("__se_sys_futex"), WORK_LOCKS, true},
	{STR_LIT("do_futex"), WORK_LOCKS, false},
	{STR_LIT("futex_wa"), WORK_LOCKS, true},
	{STR_LIT("native_queued_spin_lock_slowpath"), WORK_LOCKS, false},
	{STR_LIT("__pv_queued_spin_lock_slowpath"), WORK_LOCKS, false},
	{STR_LIT("queued_spin_lock_slowpath"), WORK_LOCKS, false},
	{STR_LIT("queued_read_lock_slowpath"), WORK_LOCKS, false},
	{STR_LIT("queued_write_lock_slowpath"), WORK_LOCKS, false},
	{STR_LIT("rwsem_down_"), WORK_LOCKS, true},
	{STR_LIT("rwsem_optimistic_spin"), WORK_LOCKS, false},
	{STR_LIT("mutex_spin_on_owner"), WORK_LOCKS, false},
	{STR_LIT("__mutex_lock"), WORK_LOCKS, true},
	{STR_LIT("osq_lock"), WORK_LOCKS, false},
	{STR_LIT("try_to_free_pages"), WORK_RECLAIM, false},
	{STR_LIT("try_to_free_mem_cgroup_pages"), WORK_RECLAIM, false},
	{STR_LIT("balance_pgdat"), WORK_RECLAIM, false},
	{STR_LIT("shrink_node"), WORK_RECLAIM, false},
	{STR_LIT("shrink_lruvec"), WORK_RECLAIM, false},
	{STR_LIT("shrink_slab"), WORK_RECLAIM, false},
	{STR_LIT("compact_zone"), WORK_RECLAIM, false},
	{STR_LIT("__alloc_pages_direct_reclaim"), WORK_RECLAIM, false},
	{STR_LIT("__alloc_pages_direct_compact"), WORK_RECLAIM, false},
	{STR_LIT("mem_cgroup_handle_over_high"), WORK_RECLAIM, false},
	{STR_LIT("net_rx_action"), WORK_PACKETS, false},
	{STR_LIT("process_backlog"), WORK_PACKETS, false},
	/* C libraries and runtimes */
	{STR_LIT("__lll_lock_wait"), WORK_LOCKS, true},
	{STR_LIT("__GI___lll_lock_wait"), WORK_LOCKS, true},
	{STR_LIT("runtime.lock2"), WORK_LOCKS, false},
	{STR_LIT("runtime.futex"), WORK_LOCKS, true},
	{STR_LIT("runtime.semacquire"), WORK_LOCKS, true},
	{STR_LIT("ObjectMonitor::enter"), WORK_LOCKS, true},
	{STR_LIT("ObjectSynchronizer::enter"), WORK_LOCKS, true},
	{STR_LIT("LWLockAcquire"), WORK_LOCKS, true},
	{STR_LIT("s_lock"), WORK_LOCKS, false},
	{STR_LIT("perform_spin_delay"), WORK_LOCKS, false},
	{STR_LIT("errfinish"), WORK_LOGGING, false},
};

static const struct {
	const char *word;
	enum work work;
} words[] = {
	{"retry", WORK_RETRIES},   {"retries", WORK_RETRIES},	{"retrying", WORK_RETRIES},
	{"backoff", WORK_RETRIES}, {"reconnect", WORK_RETRIES}, {"retransmit", WORK_RETRIES},
	{"logger", WORK_LOGGING},  {"logging", WORK_LOGGING},	{"syslog", WORK_LOGGING},
	{"vsyslog", WORK_LOGGING}, {"spdlog", WORK_LOGGING},	{"zerolog", WORK_LOGGING},
	{"logrus", WORK_LOGGING},  {"slog", WORK_LOGGING},	{"printk", WORK_LOGGING},
	{"vprintk", WORK_LOGGING}, {"gc", WORK_GARBAGE},	{"garbage", WORK_GARBAGE},
};

/* Words that tell together with "log", and with "lock". */
static const char *const levels[] = {"error", "err",	 "warn", "warning", "info",  "debug",
				     "fatal", "message", "msg",	 "print",   "printf"};
static const char *const contended[] = {"slow",	  "slowpath",  "wait",
					"waiter", "contended", "contention"};

static const struct {
	const char *words, *key;
	bool reacts;
} works[WORK_CNT] = {
	[WORK_OTHER] = {NULL, "other", false},
	[WORK_LOCKS] = {"waiting for locks", "locks", true},
	[WORK_RETRIES] = {"trying again", "retries", true},
	[WORK_LOGGING] = {"logging", "logging", true},
	[WORK_RECLAIM] = {"reclaiming memory", "reclaim", false},
	[WORK_PACKETS] = {"receiving packets", "packets", false},
	[WORK_GARBAGE] = {"collecting garbage", "garbage", false},
};

const char *work_words(enum work w)
{
	return works[w].words;
}

const char *work_key(enum work w)
{
	return works[w].key;
}

bool work_reacts(enum work w)
{
	return works[w].reacts;
}

/* ---- a name ---- */

static enum work by_whole_name(struct str s)
{
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		const struct str *want = &whole[i].name;

		if (s.len >= want->len && (s.len == want->len || whole[i].is_prefix) &&
		    !memcmp(s.p, want->p, want->len))
			return whole[i].work;
	}
	return WORK_OTHER;
}

/* Does a word begin at i > 0? aB, ABc (before the B), _a */
static bool begins(struct str s, size_t i)
{
	unsigned char before = (unsigned char)s.p[i - 1], c = (unsigned char)s.p[i];

	if (!isalpha(before))
		return true;
	if (!isupper(c))
		return false;
	return islower(before) || (i + 1 < s.len && islower((unsigned char)s.p[i + 1]));
}

static size_t split_words(struct str s, struct str *parts)
{
	size_t cnt = 0;

	for (size_t i = 0; i < s.len && cnt < MAX_WORDS; i++) {
		if (!isalpha((unsigned char)s.p[i]))
			continue;
		if (!i || begins(s, i))
			parts[cnt++] = (struct str){s.p + i, 0};
		parts[cnt - 1].len++;
	}
	return cnt;
}

static bool is_word(struct str s, const char *word)
{
	return s.len == strlen(word) && !strncasecmp(s.p, word, s.len);
}

static bool has_one(const struct str *parts, size_t cnt, const char *const *list, size_t list_cnt)
{
	for (size_t i = 0; i < cnt; i++)
		for (size_t w = 0; w < list_cnt; w++)
			if (is_word(parts[i], list[w]))
				return true;
	return false;
}

static enum work by_words(struct str s)
{
	struct str parts[MAX_WORDS];
	size_t cnt = split_words(s, parts);

	for (size_t i = 0; i < cnt; i++) {
		for (size_t w = 0; w < ARRAY_SIZE(words); w++)
			if (is_word(parts[i], words[w].word))
				return words[w].work;
		if ((is_word(parts[i], "log") || is_word(parts[i], "elog")) &&
		    has_one(parts, cnt, levels, ARRAY_SIZE(levels)))
			return WORK_LOGGING;
		if ((is_word(parts[i], "lock") || is_word(parts[i], "mutex")) &&
		    has_one(parts, cnt, contended, ARRAY_SIZE(contended)))
			return WORK_LOCKS;
	}
	return WORK_OTHER;
}

enum work work_of(struct str function)
{
	enum work w;

	if (function.len > MAX_NAME)
		function.len = MAX_NAME;
	w = by_whole_name(function);
	return w != WORK_OTHER ? w : by_words(function);
}

/* ---- a process ---- */

int work_split(const struct diff *d, uint32_t process, double ret_delta[WORK_CNT])
{
	uint32_t end = d->nodes[process].end;
	uint8_t *of =
		calloc(end - process, 1); /* the work of each node, as its children inherit it */

	if (!of)
		return -ENOMEM;
	memset(ret_delta, 0, WORK_CNT * sizeof(*ret_delta));
	for (uint32_t n = process; n < end; n++) {
		double own = diff_delta(d, n);

		if (d->nodes[n].depth > d->group_cnt && of[n - process] == WORK_OTHER)
			of[n - process] = (uint8_t)work_of(diff_name(d, n));
		for (uint32_t c = n + 1; c < d->nodes[n].end; c = d->nodes[c].end) {
			of[c - process] = of[n - process];
			own -= diff_delta(d, c);
		}
		ret_delta[of[n - process]] += own;
	}
	free(of);
	return 0;
}
