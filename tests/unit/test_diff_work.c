// SPDX-License-Identifier: Apache-2.0
#include "diff/work.h"

#include "base/text.h"
#include "diff/descend.h"
#include "unit/profiles.h"
#include "unit/tap.h"

struct row {
	const char *function;
	enum work want;
};

static const struct row rows[] = {
	{"futex_wait_queue", WORK_LOCKS},
	{"futex_wake", WORK_LOCKS},
	{"__x64_sys_futex", WORK_LOCKS},
	{"native_queued_spin_lock_slowpath", WORK_LOCKS},
	{"rwsem_down_write_slowpath", WORK_LOCKS},
	{"__lll_lock_wait_private", WORK_LOCKS},
	{"sync.(*Mutex).lockSlow", WORK_LOCKS},
	{"absl::Mutex::LockSlowWithDeadline", WORK_LOCKS},
	{"runtime.lock2", WORK_LOCKS},
	{"ObjectMonitor::enter", WORK_LOCKS},
	{"pthread_mutex_lock", WORK_OTHER}, /* all take locks; who waits is in the slow path */
	{"lockfile_create", WORK_OTHER},
	{"clock_gettime", WORK_OTHER},
	{"block_write_begin", WORK_OTHER},
	{"RetryPolicy::runWithBackoff", WORK_RETRIES},
	{"http_retry_request", WORK_RETRIES},
	{"tcp_retransmit_skb", WORK_RETRIES},
	{"retryable", WORK_OTHER},
	{"read_seqretry", WORK_OTHER},
	{"log_error", WORK_LOGGING},
	{"ngx_log_error_core", WORK_LOGGING},
	{"logMessage", WORK_LOGGING},
	{"HTTPLogger.write", WORK_LOGGING},
	{"vsyslog", WORK_LOGGING},
	{"org.slf4j.Logger.info", WORK_LOGGING},
	{"errfinish", WORK_LOGGING},
	{"log", WORK_OTHER},
	{"__log2_fma", WORK_OTHER},
	{"log_write_up_to", WORK_OTHER}, /* a redo log */
	{"catalog_print", WORK_OTHER},
	{"login_message", WORK_OTHER},
	{"shrink_node", WORK_RECLAIM},
	{"shrink_node_memcgs", WORK_OTHER}, /* below shrink_node */
	{"try_to_free_mem_cgroup_pages", WORK_RECLAIM},
	{"process_backlog", WORK_PACKETS},
	{"runtime.gcBgMarkWorker", WORK_GARBAGE},
	{"_PyGC_CollectNoFail", WORK_GARBAGE},
	{"GCTaskThread::run", WORK_GARBAGE},
	{"gcc_jit_compile", WORK_OTHER},
	{"", WORK_OTHER},
	{"_", WORK_OTHER},
	{"::", WORK_OTHER},
	{"\xff\xfe", WORK_OTHER},
};

static void test_names(void)
{
	char long_name[9000];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		is_i64(work_of(str_of(rows[i].function)), rows[i].want, "'%s'", rows[i].function);
	for (size_t i = 0; i < sizeof(long_name); i++)
		long_name[i] = i % 2 ? 'A' : 'b';
	is_i64(work_of((struct str){long_name, sizeof(long_name)}), WORK_OTHER,
	       "a name of more words than are looked at");
}

static void test_split(void)
{
	struct profile *a =
		profile_of(PROFILE_NANOSECONDS, 10, "x;main;serve 1000\nlogger;run;log_error 10");
	struct profile *b = profile_of(PROFILE_NANOSECONDS, 10,
				       "x;main;serve 1100\n"
				       "x;main;log_error;write;futex_wait 500\n"
				       "x;main;log_error;format 100\n"
				       "x;main;shrink_node;log_error 40\n"
				       "x;main;futex_wait 260\nlogger;run;log_error 1000\n"
				       "logger;run 2000");
	double by[WORK_CNT];
	struct descend d;
	struct diff *diff;
	uint32_t node;

	must(diff_new(a, b, NULL, &diff), "diff");
	must(diff_find_process(diff, STR_LIT("x"), &node), "process");
	must(work_split(diff, node, by), "split");
	is_near(by[WORK_LOGGING], 0.6, 1e-9, "what logging calls is logging, even when it waits");
	is_near(by[WORK_LOCKS], 0.26, 1e-9, "what waits by itself is waiting");
	is_near(by[WORK_RECLAIM], 0.04, 1e-9, "the outermost that tells");
	is_near(by[WORK_OTHER], 0.1, 1e-9, "the rest");
	must(descend(diff, STR_LIT("x"), &d), "descend");
	is_near(d.work[WORK_LOGGING], 0.6, 1e-9, "as a share of the change");
	is_near(descend_reacting(&d), 0.86, 1e-9, "what is done because of others");
	descend_release(&d);
	must(descend(diff, STR_LIT("logger"), &d), "descend");
	is_near(d.work[WORK_LOGGING], 990.0 / 2990, 1e-9, "the name of a process says nothing");
	descend_release(&d);
	diff_free(diff);
	profile_free(a);
	profile_free(b);
}

int main(void)
{
	test_names();
	test_split();
	return tap_done();
}
