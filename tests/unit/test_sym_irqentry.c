// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"
#include "sym/irqentry.h"
#include "sym/kallsyms.h"
#include "unit/tap.h"

struct role_row {
	const char *name;
	enum irq_role want;
};

static const struct role_row roles[] = {
	{"asm_sysvec_apic_timer_interrupt", IRQ_HARD},
	{"sysvec_reschedule_ipi", IRQ_HARD},
	{"__sysvec_call_function_single", IRQ_HARD},
	{"__sysvec_thermal.cold", IRQ_HARD},
	{"fred_sysvec_irq_work", IRQ_HARD},
	{"asm_common_interrupt", IRQ_HARD},
	{"common_interrupt", IRQ_HARD},
	{"common_interrupt_return", IRQ_NONE},
	{"el1h_64_irq", IRQ_HARD},
	{"el0t_64_irq_handler", IRQ_HARD},
	{"el0_irq_naked", IRQ_HARD},
	{"el1_irq", IRQ_HARD},
	{"el1h_64_sync", IRQ_NONE},
	{"el0t_64_sync_handler", IRQ_NONE},
	{"el1h_64_error", IRQ_NONE},
	{"irq_exit_rcu", IRQ_HARD},
	{"handle_softirqs", IRQ_SOFT},
	{"__do_softirq", IRQ_SOFT},
	{"do_softirq.part.0", IRQ_SOFT},
	{"do_softirq_post_smp_call_flush", IRQ_NONE},
	{"run_ksoftirqd", IRQ_SOFT_TASK},
	{"ksoftirqd_should_run", IRQ_NONE},
	{"irqentry_exit_to_user_mode", IRQ_LEAVE},
	{"irqentry_exit", IRQ_NONE},
	{"preempt_schedule_irq", IRQ_LEAVE},
	{"__dev_queue_xmit", IRQ_SEND},
	{"__dev_queue_xmit_nit", IRQ_NONE},
	{"process_backlog.constprop.0", IRQ_BACKLOG},
	{"asm_exc_page_fault", IRQ_NONE},
	{"exc_page_fault", IRQ_NONE},
	{"asm_exc_nmi", IRQ_NONE},
	{"entry_SYSCALL_64_after_hwframe", IRQ_NONE},
	{"do_syscall_64", IRQ_NONE},
	{"asm_sysvec", IRQ_NONE},
	{"", IRQ_NONE},
	{".cold", IRQ_NONE},
};

/* The n-th function begins at BASE + n * STEP. */
#define BASE UINT64_C(0xffffffff81000000)
#define STEP 0x100

static const char *const functions[] = {
	"_stext",
	"entry_SYSCALL_64_after_hwframe",
	"do_syscall_64",
	"vfs_read",
	"asm_common_interrupt",
	"common_interrupt",
	"handle_irq_event",
	"irq_exit_rcu",
	"handle_softirqs",
	"net_rx_action",
	"tcp_v4_rcv",
	"__local_bh_enable_ip",
	"do_softirq",
	"kthread",
	"smpboot_thread_fn",
	"run_ksoftirqd",
	"irqentry_exit_to_user_mode",
	"exit_to_user_mode_loop",
	"schedule",
	"do_group_exit",
	"preempt_schedule_irq",
	"asm_exc_page_fault",
	"handle_mm_fault",
	"udp_sendmsg",
	"__dev_queue_xmit",
	"process_backlog",
	"_etext",
};

static struct kallsyms *make(void)
{
	char path[] = "/tmp/culprit-irqentry-XXXXXX";
	struct kallsyms *k = NULL;
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		(void)fprintf(f, "%" PRIx64 " T %s\n", BASE + i * STEP, functions[i]);
	/* the linker's name for the same place; it comes first in the alphabet and in the file */
	(void)fprintf(f, "%" PRIx64 " T __softirqentry_text_start\n%" PRIx64 " T __do_softirq\n",
		      BASE + 100 * STEP, BASE + 100 * STEP);
	(void)fprintf(f, "%" PRIx64 " T behind\n%" PRIx64 " T do_softirq\n", BASE + 101 * STEP,
		      BASE + 102 * STEP);
	(void)fclose(f);
	if (kallsyms_read(path, &k))
		printf("Bail out! cannot read %s\n", path);
	unlink(path);
	return k;
}

static uint64_t address_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (str_eq(name, str_of(functions[i])))
			return BASE + i * STEP;
	printf("Bail out! no function %.*s\n", (int)name.len, name.p);
	exit(1);
}

struct stack_row {
	const char *stack; /* root first, separated by blanks */
	size_t want;
	const char *what;
};

static const struct stack_row stacks[] = {
	{"entry_SYSCALL_64_after_hwframe do_syscall_64 vfs_read", 0, "a system call"},
	{"entry_SYSCALL_64_after_hwframe do_syscall_64 vfs_read asm_common_interrupt "
	 "common_interrupt handle_irq_event",
	 3, "an interrupt in a system call"},
	{"asm_common_interrupt", 1, "the entry alone"},
	{"asm_common_interrupt common_interrupt irq_exit_rcu handle_softirqs net_rx_action "
	 "tcp_v4_rcv",
	 6, "a softirq at the end of an interrupt of a user program"},
	{"vfs_read __local_bh_enable_ip do_softirq handle_softirqs net_rx_action", 3,
	 "a softirq at the end of a system call's own"},
	{"udp_sendmsg __dev_queue_xmit __local_bh_enable_ip do_softirq handle_softirqs "
	 "net_rx_action "
	 "process_backlog tcp_v4_rcv",
	 0, "what a task sends to this machine it receives itself"},
	{"udp_sendmsg __dev_queue_xmit __local_bh_enable_ip do_softirq handle_softirqs "
	 "net_rx_action "
	 "tcp_v4_rcv",
	 4, "what a device brings in meanwhile is not the sender's"},
	{"udp_sendmsg __dev_queue_xmit __local_bh_enable_ip do_softirq handle_softirqs "
	 "net_rx_action "
	 "process_backlog asm_common_interrupt handle_irq_event",
	 2, "nor is an interrupt on top of its own"},
	{"udp_sendmsg __dev_queue_xmit asm_common_interrupt irq_exit_rcu handle_softirqs "
	 "net_rx_action "
	 "process_backlog",
	 5, "nor what another CPU put into the backlog"},
	{"vfs_read __local_bh_enable_ip do_softirq handle_softirqs net_rx_action process_backlog",
	 4, "nor a backlog that no send ran"},
	{"kthread smpboot_thread_fn run_ksoftirqd handle_softirqs net_rx_action", 0,
	 "ksoftirqd is a thread"},
	{"kthread run_ksoftirqd handle_softirqs net_rx_action __dev_queue_xmit process_backlog", 0,
	 "even when it forwards"},
	{"kthread smpboot_thread_fn run_ksoftirqd handle_softirqs net_rx_action "
	 "asm_common_interrupt handle_irq_event",
	 2, "and is interrupted like others"},
	{"asm_common_interrupt irqentry_exit_to_user_mode exit_to_user_mode_loop schedule", 0,
	 "the task is rescheduled at the end of an interrupt"},
	{"asm_common_interrupt irqentry_exit_to_user_mode exit_to_user_mode_loop do_group_exit "
	 "asm_common_interrupt handle_irq_event",
	 2, "it is killed there, and interrupted in dying"},
	{"vfs_read asm_common_interrupt preempt_schedule_irq schedule", 0, "preemption"},
	{"asm_exc_page_fault handle_mm_fault", 0, "a page fault"},
	{"vfs_read asm_exc_page_fault asm_common_interrupt asm_exc_page_fault handle_mm_fault", 3,
	 "a page fault in an interrupt is the interrupt's"},
	{"", 0, "no stack"},
};

static size_t frames(const struct kallsyms *k, const uint64_t *pcs, size_t cnt)
{
	struct wire_sample *s = calloc(1, sizeof(*s) + cnt * sizeof(s->pcs[0]));
	size_t got;

	if (!s)
		abort();
	s->kernel_cnt = (uint16_t)cnt;
	for (size_t i = 0; i < cnt; i++)
		s->pcs[i] = pcs[i];
	got = irq_frames(k, s);
	free(s);
	return got;
}

static void check_stack(const struct kallsyms *k, const struct stack_row *row)
{
	struct str rest = str_of(row->stack), word;
	uint64_t root_first[16], pcs[16];
	size_t cnt = 0;

	while (rest.len && str_split(&rest, ' ', &word))
		root_first[cnt++] = address_of(word) + 0x20;
	for (size_t i = 0; i < cnt; i++)
		pcs[i] = root_first[cnt - 1 - i];
	is_u64(frames(k, pcs, cnt), row->want, "%s", row->what);
}

static void test_edges(const struct kallsyms *k)
{
	uint64_t entry = address_of(STR_LIT("asm_common_interrupt"));

	is_i64(kallsyms_irq_role(k, entry), IRQ_HARD, "the first byte of an entry");
	is_i64(kallsyms_irq_role(k, entry + STEP - 1), IRQ_HARD, "the last one");
	is_i64(kallsyms_irq_role(k, entry - 1), IRQ_NONE, "the byte before");
	is_i64(kallsyms_irq_role(k, entry + 2 * STEP), IRQ_NONE, "the function behind");
	is_i64(kallsyms_irq_role(k, 0), IRQ_NONE, "address 0");
	is_i64(kallsyms_irq_role(k, UINT64_MAX), IRQ_NONE, "the largest address");
	is_i64(kallsyms_irq_role(k, BASE + 100 * STEP), IRQ_SOFT, "by its other name");
	is_i64(kallsyms_irq_role(k, BASE + 102 * STEP + 5), IRQ_SOFT, "the last function of all");
	is_i64(kallsyms_irq_role(k, BASE + 102 * STEP + (1 << 20)), IRQ_NONE,
	       "far behind the last function");
	/* a leaf's address is taken as it is; a return address may be the next function's first */
	is_u64(frames(k, &entry, 1), 1, "a leaf at the first byte");
	is_u64(frames(k, (uint64_t[]){BASE + 10 * STEP, entry}, 2), 0,
	       "a return address there belongs to the function before");
}

/* The running kernel has entries, and what it lists under an entry's name is one. */
static void test_this_kernel(void)
{
	struct kallsyms *k = NULL;
	size_t entries = 0, wrong = 0;
	char line[1024];
	FILE *f;

	if (kallsyms_read("/proc/kallsyms", &k)) {
		tap_skip("the kernel hides its symbols from us");
		return;
	}
	f = fopen("/proc/kallsyms", "r");
	while (f && fgets(line, sizeof(line), f)) {
		struct str name = str_trim(str_of(line + (strlen(line) > 19 ? 19 : 0)));
		uint64_t address;

		if (num_parse_hex((struct str){line, 16}, &address) || !strchr("tT", line[17]) ||
		    irq_role_of(name) != IRQ_HARD)
			continue;
		entries++;
		wrong += kallsyms_irq_role(k, address) != IRQ_HARD;
	}
	if (f)
		(void)fclose(f);
	ok(entries > 3, "%zu functions of this kernel are entries of interrupts", entries);
	is_u64(wrong, 0, "each is known by its address");
	kallsyms_free(k);
}

int main(void)
{
	struct kallsyms *k = make();

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		is_i64(irq_role_of(str_of(roles[i].name)), roles[i].want, "'%s'", roles[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++)
		check_stack(k, &stacks[i]);
	test_edges(k);
	kallsyms_free(k);
	test_this_kernel();
	return tap_done();
}
