// SPDX-License-Identifier: Apache-2.0
/* The collector on the running kernel: samples itself spinning, follows a child. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/collecting.h"

/* As many processes as there may be that are looked for where `pid` is. */
#define SAME_PLACE(pid, i) ((pid) + ((uint32_t)(i) << 24))

/*
 * Tells the sampler that there are no rules for any code of this process, so that it walks by frame
 * pointer, for which the functions here are made. It has to look for that behind all others that
 * are there.
 */
static void walk_by_frame_pointer(struct collector *c, uint32_t pid)
{
	const uint32_t unit = UNWIND_PAGE / UNWIND_UNIT;
	struct unwind_space space = {.id = space_id, .list = unit};
	struct unwind_list *list;
	size_t bytes = 0;
	uint8_t *arena = collector_arena(c, &bytes);

	ok(arena && bytes > UNWIND_PAGE, "an arena of %zu bytes", bytes);
	ok(!collector_reach_arena(c, (size_t)2 * UNWIND_PAGE), "…of which some is reached for");
	is_i64(collector_reach_arena(c, bytes + 1), -EINVAL, "…and not more than there is");
	list = (struct unwind_list *)(arena + UNWIND_PAGE);
	list->cnt = 1;
	list->spans[0] = (struct unwind_span){0, UNWIND_NO_RULE, 0};
	for (int i = 1; i < UNWIND_SPACE_PROBES; i++) {
		const struct unwind_space other = {.id = 1};

		ok(!collector_set_space(c, SAME_PLACE(pid, i), &other), "other process %d", i);
	}
	ok(space_id && !collector_set_space(c, pid, &space), "the sampler is told");
	is_i64(collector_set_space(c, SAME_PLACE(pid, UNWIND_SPACE_PROBES), &space), -ENOSPC,
	       "one more has no room");
	ok(!collector_set_space(c, SAME_PLACE(pid, 1), NULL), "one is forgotten");
	ok(!collector_set_space(c, SAME_PLACE(pid, UNWIND_SPACE_PROBES), &space), "then it has");
}

/* Without rules each sample brings its stack along. */
static void test_copies(void)
{
	struct collector_opts opts = {.hz = HZ};
	struct seen seen = {.pid = (uint32_t)getpid()};
	struct collector *c = start(&opts);

	if (!c)
		return;
	for (int i = 0; i < 10; i++) { /* copies fill the ring quickly */
		spin_deep(30, 10 * 1000 * 1000);
		ok(!collector_poll(c, 0, take, &seen), "poll %d", i);
	}
	ok(!collector_stop(c, take, &seen), "stop");
	ok(seen.samples > 0, "%" PRIu64 " samples", seen.samples);
	is_u64(seen.stacks, seen.samples, "each of them with registers and stack");
	is_u64(seen.stacks_bad, 0, "which are what they should be");
	is_u64(seen.bad, 0, "all records pass wire_check()");
	collector_free(c);
}

/* Whoever is not known yet does not wait for the reader's time: here a child. */
static void test_wake(void)
{
	struct collector_opts opts = {.hz = HZ};
	const int long_ms = 20 * 1000;
	struct seen seen = {0};
	struct collector *c = start(&opts);
	uint64_t start_ns;
	pid_t child;
	int r = 0;

	if (!c)
		return;
	child = fork();
	if (!child) {
		spin_deep(3, UINT64_C(60) * NSEC_PER_SEC);
		_exit(0);
	}
	seen.pid = (uint32_t)child;
	start_ns = clock_mono_ns(&clock_system);
	while (!r && !seen.samples &&
	       clock_mono_ns(&clock_system) - start_ns < 2 * (uint64_t)long_ms * 1000 * 1000)
		r = collector_poll(c, long_ms, take, &seen);
	ok(!r && seen.samples, "a new process was sampled");
	ok(clock_mono_ns(&clock_system) - start_ns < (uint64_t)long_ms * 1000 * 1000 / 2,
	   "…and woke who waits");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	collector_free(c);
}

/* A list in which the code of this program has one rule: the walk ends here. */
static uint32_t write_end_rule(uint8_t *arena)
{
	const uint32_t list_unit = UNWIND_PAGE / UNWIND_UNIT, dir_unit = 2 * list_unit;
	struct unwind_list *list = (struct unwind_list *)(arena + UNWIND_PAGE);
	struct unwind_dir *dir = (struct unwind_dir *)(arena + (size_t)2 * UNWIND_PAGE);
	struct unwind_leaf *leaf = (struct unwind_leaf *)(arena + (size_t)3 * UNWIND_PAGE);
	struct unwind_rule rule = {.cfa = UNWIND_CFA_END};
	uint64_t code = (uintptr_t)__start_code_spin & ~(uint64_t)(UNWIND_CHUNK - 1);

	*leaf = (struct unwind_leaf){.row_cnt = 1, .rule_cnt = 1, .rules_at = 16};
	memset(leaf + 1, 0, 8); /* one row, from byte 0 on, of rule 0 */
	memcpy((uint8_t *)leaf + 16, &rule, sizeof(rule));
	dir->cnt = 2;
	dir->leaves[0] = dir->leaves[1] = 3 * list_unit;
	list->cnt = 2;
	list->spans[0] = (struct unwind_span){0, UNWIND_NO_RULE, 0};
	list->spans[1] = (struct unwind_span){code, dir_unit, 0};
	return list_unit;
}

/* What was found by one list is not used when there is another, which its version tells. */
static void test_rules(void)
{
	struct collector_opts opts = {.hz = HZ};
	struct seen by_rule = {.pid = (uint32_t)getpid()}, without = by_rule;
	struct unwind_space space = {.id = space_id, .version = 1};
	struct collector *c = start(&opts);
	struct unwind_list *list;
	uint8_t *arena;
	size_t bytes;

	if (!c)
		return;
	arena = collector_arena(c, &bytes);
	ok(!collector_reach_arena(c, (size_t)5 * UNWIND_PAGE), "some memory");
	space.list = write_end_rule(arena);
	ok(!collector_set_space(c, by_rule.pid, &space), "a list");
	spin_deep(30, 300 * 1000 * 1000);
	ok(!collector_poll(c, 0, take, &by_rule), "poll");
	ok(by_rule.ends_at_once && by_rule.ends_at_once * 10 >= by_rule.samples * 8,
	   "%" PRIu64 " of %" PRIu64 " samples end where the rule says", by_rule.ends_at_once,
	   by_rule.samples);

	list = (struct unwind_list *)(arena + (size_t)4 * UNWIND_PAGE);
	list->cnt = 1;
	list->spans[0] = (struct unwind_span){0, UNWIND_NO_RULE, 0};
	space.list = 4 * UNWIND_PAGE / UNWIND_UNIT;
	space.version = 2;
	ok(!collector_set_space(c, without.pid, &space), "another list");
	spin_deep(30, 300 * 1000 * 1000);
	ok(!collector_stop(c, take, &without), "stop");
	ok(without.deep && without.deep * 10 >= without.samples * 8,
	   "%" PRIu64 " of %" PRIu64 " samples go on by frame pointer", without.deep,
	   without.samples);
	collector_free(c);
}

static void test_self(void)
{
	struct collector_opts opts = {.hz = HZ};
	struct seen seen = {.pid = (uint32_t)getpid()};
	struct collector_stats st;
	struct collector *c = start(&opts);
	pid_t child;

	if (!c)
		return;
	child = fork();
	if (!child) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	walk_by_frame_pointer(c, seen.pid);
	for (int i = 0; i < 5; i++) {
		spin_deep(30, 100 * 1000 * 1000);
		ok(!collector_poll(c, 0, take, &seen), "poll %d", i);
	}
	ok(!collector_stop(c, take, &seen), "stop");
	collector_stats(c, &st);

	ok(seen.samples >= HZ / 8, "%" PRIu64 " samples of this process", seen.samples);
	ok(seen.samples <= HZ, "no more than there can be");
	ok(seen.in_spin * 10 >= seen.samples * 8,
	   "%" PRIu64 " have the spinning function in the user stack", seen.in_spin);
	ok(seen.deep * 10 >= seen.samples * 8, "%" PRIu64 " have the 30 frames that call it",
	   seen.deep);
	is_u64(seen.weight_ns, seen.samples * (NSEC_PER_SEC / HZ), "each stands for one period");
	is_u64(seen.bad, 0, "all records pass wire_check()");
	is_u64(seen.unordered, 0, "records come in order of time");
	ok(seen.start_ns && !seen.starts_differ, "one start time");
	ok(seen.execs && seen.forks && seen.exits && seen.mmaps,
	   "exec, fork, exit and mappings of /bin/true were told");
	ok(st.samples >= seen.samples && st.cpus_online == 0 && st.map_bytes > 0,
	   "stats after the stop");
	is_u64(st.lost[LOSS_RING_FULL] + st.lost[LOSS_BAD_RECORD] + st.lost[LOSS_EVENTS], 0,
	       "nothing lost");
	ok(!collector_poll(c, 0, take, &seen), "polling a stopped collector is harmless");
	collector_free(c);
}

static void test_kernel_mode(void)
{
	struct collector_opts opts = {.hz = HZ};
	struct seen seen = {.pid = (uint32_t)getpid()};
	struct collector *c = start(&opts);

	if (!c)
		return;
	walk_by_frame_pointer(c, seen.pid);
	spin_in_kernel(200 * 1000 * 1000);
	ok(!collector_stop(c, take, &seen), "stop");
	ok(seen.kernel_mode >= HZ / 20, "%" PRIu64 " samples hit a system call", seen.kernel_mode);
	ok(seen.kernel_stacks * 10 >= seen.kernel_mode * 9,
	   "%" PRIu64 " of them have a kernel stack", seen.kernel_stacks);
	ok(seen.below_kernel * 10 >= seen.kernel_mode * 8, "%" PRIu64 " the user stack below it",
	   seen.below_kernel);
	collector_free(c);
}

static void test_losses(void)
{
	struct collector_opts opts = {.hz = 4999, .ring_bytes = 1, .only_added = true};
	struct seen seen = {.pid = (uint32_t)getpid()};
	struct collector_stats st;
	struct collector *c = start(&opts);

	if (!c)
		return;
	ok(!collector_add_pid(c, seen.pid), "nobody but this process fills the ring");
	walk_by_frame_pointer(c, seen.pid);
	spin_deep(200, 50 * 1000 * 1000);
	ok(!collector_poll(c, 0, take, &seen),
	   "poll: now there is room for what this process does deep down");
	spin_deep(200, 50 * 1000 * 1000);
	ok(!collector_stop(c, take, &seen), "stop");
	collector_stats(c, &st);
	ok(seen.samples > 0 && st.lost[LOSS_RING_FULL] > 0,
	   "a ring as small as can be overflows: %" PRIu64 " samples lost",
	   st.lost[LOSS_RING_FULL]);
	is_u64(seen.samples + seen.other_pids, st.samples, "what was not lost is delivered");
	ok(seen.truncated > 0, "stacks of 200 frames are cut and marked");
	collector_free(c);
}

/*
 * The rate changes twelve times while we spin: what samples weigh is the CPU time that we took,
 * although there are fewer and fewer, then more and more of them.
 */
static void test_rate_changes(void)
{
	static const uint32_t rates[] = {2003, 997,  499, 251, 499, 997,
					 2003, 3989, 997, 251, 997, 2003};
	struct collector_opts opts = {.hz = HZ};
	struct seen seen = {.pid = (uint32_t)getpid()};
	struct collector *c = start(&opts);
	struct err err = {0};
	uint64_t cpu_ns;
	double share;
	int r = 0;

	if (!c)
		return;
	cpu_ns = cpu_time_ns();
	for (size_t i = 0; !r && i < sizeof(rates) / sizeof(rates[0]); i++) {
		spin_for(150 * 1000 * 1000);
		r = collector_set_hz(c, rates[i], &err);
		if (!r)
			r = collector_poll(c, 0, take, &seen);
	}
	spin_for(150 * 1000 * 1000);
	is_i64(r, 0, "the rate changes %s", err.text);
	ok(!collector_stop(c, take, &seen), "stop");
	cpu_ns = cpu_time_ns() - cpu_ns;
	share = (double)seen.weight_ns / (double)cpu_ns;
	is_near(share, 1, 0.12, "weights are the CPU time (%.3f of %.3f s, %" PRIu64 " samples)",
		(double)seen.weight_ns / 1e9, (double)cpu_ns / 1e9, seen.samples);
	ok(seen.weight_ns != seen.samples * (NSEC_PER_SEC / HZ), "and not the first rate's");
	ok(collector_set_hz(c, 0, &err) == -EINVAL, "no rate: %s", err.text);
	is_i64(collector_set_hz(c, 97, &err), 0, "a stopped collector takes any");
	collector_free(c);
}

static int refuse(void *arg, const struct wire_header *rec)
{
	(*(int *)arg)++;
	return -ECANCELED;
}

static void test_errors(void)
{
	struct collector *c = NULL;
	struct collector_opts opts = {.hz = 0};
	struct err err;
	int calls = 0;

	ok(collector_new(&opts, &c, &err) == -EINVAL && strstr(err.text, "samples per second"),
	   "no rate: %s", err.text);
	opts = (struct collector_opts){.hz = HZ, .pid = 0x7ffffff0};
	ok(collector_new(&opts, &c, &err) == -ESRCH && strstr(err.text, "no process"),
	   "no such process: %s", err.text);
	opts = (struct collector_opts){.hz = HZ, .no_kernel_stacks = true};
	c = start(&opts);
	if (!c)
		return;
	ok(collector_add_pid(c, 1) == -EINVAL, "no filter, nothing to add to");
	spin_for(30 * 1000 * 1000);
	ok(collector_stop(c, refuse, &calls) == -ECANCELED && calls == 1,
	   "what the taker returns comes back");
	ok(collector_stop(c, refuse, &calls) == -ECANCELED && calls == 2,
	   "the refused record is kept");
	collector_free(c);
	collector_free(NULL);
}

int main(void)
{
	if (geteuid()) {
		tap_skip("needs root");
		return tap_done();
	}
	test_copies();
	test_rules();
	test_self();
	test_kernel_mode();
	test_losses();
	test_rate_changes();
	test_wake(); /* takes space_id from this process */
	test_errors();
	return tap_done();
}
