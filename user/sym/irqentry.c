// SPDX-License-Identifier: Apache-2.0
#include "sym/irqentry.h"

#include <string.h>

#include "base/text.h"
#include "sym/kallsyms.h"

struct role_name {
	struct str name;
	enum irq_role role;
	bool is_prefix;
};

static const struct role_name names[] = {
	/* x86: vectors of the system (timer, IPIs, hypervisors), each with two or three functions */
	{STR_LIT("asm_sysvec_"), IRQ_HARD, true},
	{STR_LIT("sysvec_"), IRQ_HARD, true},
	{STR_LIT("__sysvec_"), IRQ_HARD, true},
	{STR_LIT("fred_sysvec_"), IRQ_HARD, true},
	/* x86: devices */
	{STR_LIT("asm_common_interrupt"), IRQ_HARD, false},
	{STR_LIT("common_interrupt"), IRQ_HARD, false},
	{STR_LIT("asm_spurious_interrupt"), IRQ_HARD, false},
	{STR_LIT("spurious_interrupt"), IRQ_HARD, false},
	{STR_LIT("fred_extint"), IRQ_HARD, false},
	/* x86: Xen's event channels, which are its interrupts */
	{STR_LIT("asm_exc_xen_hypervisor_callback"), IRQ_HARD, false},
	{STR_LIT("exc_xen_hypervisor_callback"), IRQ_HARD, false},
	{STR_LIT("xen_pv_evtchn_do_upcall"), IRQ_HARD, false},
	{STR_LIT("xen_evtchn_do_upcall"), IRQ_HARD, false},
	/* arm64: the vectors, since 5.14 and before; 32-bit programs have vectors of their own */
	{STR_LIT("el0t_64_irq"), IRQ_HARD, true},
	{STR_LIT("el0t_64_fiq"), IRQ_HARD, true},
	{STR_LIT("el0t_32_irq"), IRQ_HARD, true},
	{STR_LIT("el0t_32_fiq"), IRQ_HARD, true},
	{STR_LIT("el1h_64_irq"), IRQ_HARD, true},
	{STR_LIT("el1h_64_fiq"), IRQ_HARD, true},
	{STR_LIT("el0_interrupt"), IRQ_HARD, false},
	{STR_LIT("el1_interrupt"), IRQ_HARD, false},
	{STR_LIT("el0_irq"), IRQ_HARD, true},
	{STR_LIT("el1_irq"), IRQ_HARD, true},
	{STR_LIT("gic_handle_irq"), IRQ_HARD, false},
	/* both: what the entries call, should they be missing from the stack */
	{STR_LIT("handle_domain_irq"), IRQ_HARD, false},
	{STR_LIT("__handle_domain_irq"), IRQ_HARD, false},
	{STR_LIT("generic_handle_arch_irq"), IRQ_HARD, false},
	{STR_LIT("irq_exit"), IRQ_HARD, false},
	{STR_LIT("irq_exit_rcu"), IRQ_HARD, false},
	{STR_LIT("__irq_exit_rcu"), IRQ_HARD, false},

	{STR_LIT("handle_softirqs"), IRQ_SOFT, false},
	{STR_LIT("__do_softirq"), IRQ_SOFT, false},
	{STR_LIT("do_softirq"), IRQ_SOFT, false},
	{STR_LIT("____do_softirq"), IRQ_SOFT, false},
	{STR_LIT("do_softirq_own_stack"), IRQ_SOFT, false},
	{STR_LIT("run_ksoftirqd"), IRQ_SOFT_TASK, false},

	{STR_LIT("irqentry_exit_to_user_mode"), IRQ_LEAVE, false},
	{STR_LIT("exit_to_user_mode_prepare"), IRQ_LEAVE, false},
	{STR_LIT("exit_to_user_mode_loop"), IRQ_LEAVE, false},
	{STR_LIT("prepare_exit_to_user_mode"), IRQ_LEAVE, false},
	{STR_LIT("exit_to_user_mode"), IRQ_LEAVE, false},
	{STR_LIT("do_notify_resume"), IRQ_LEAVE, false},
	{STR_LIT("preempt_schedule_irq"), IRQ_LEAVE, false},
	{STR_LIT("arm64_preempt_schedule_irq"), IRQ_LEAVE, false},

	/* where softirqs are allowed again after a packet was handed over */
	{STR_LIT("__dev_queue_xmit"), IRQ_SEND, false},
	{STR_LIT("__dev_direct_xmit"), IRQ_SEND, false},
	{STR_LIT("ip_finish_output2"), IRQ_SEND, false},
	{STR_LIT("ip6_finish_output2"), IRQ_SEND, false},
	{STR_LIT("netif_rx"), IRQ_SEND, false},
	{STR_LIT("process_backlog"), IRQ_BACKLOG, false},
};

enum irq_role irq_role_of(struct str name)
{
	const char *dot = name.len ? memchr(name.p, '.', name.len) : NULL;

	if (dot)
		name.len = (size_t)(dot - name.p);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct str *want = &names[i].name;

		/* asked for each function of a kernel: most differ in the first letter */
		if (name.len < want->len || name.p[0] != want->p[0] ||
		    (name.len > want->len && !names[i].is_prefix))
			continue;
		if (!memcmp(name.p, want->p, want->len))
			return names[i].role;
	}
	return IRQ_NONE;
}

/* Reads a stack from its root. */
struct walk {
	size_t frames;	   /* of the interrupt that is on top, counted from the leaf; 0 = none */
	bool soft_is_own;  /* the task is there to run softirqs */
	bool sends;	   /* the task gave a packet to a device */
	bool is_send_soft; /* the interrupt is a softirq that this send ran */
};

static void enter(struct walk *w, size_t frames, bool by_send)
{
	if (w->frames)
		return;
	w->frames = frames;
	w->is_send_soft = by_send;
}

size_t irq_frames(const struct kallsyms *k, const struct wire_sample *s)
{
	struct walk w = {0};

	for (size_t i = s->kernel_cnt; i-- > 0;) {
		switch (kallsyms_irq_role(k, s->pcs[i] - (i ? 1 : 0))) {
		case IRQ_NONE:
			break;
		case IRQ_SOFT:
			if (!w.soft_is_own)
				enter(&w, i + 1, w.sends);
			break;
		case IRQ_HARD:
			enter(&w, i + 1, false);
			break;
		case IRQ_SOFT_TASK:
			w.soft_is_own = true;
			break;
		case IRQ_SEND:
			w.sends |= !w.frames;
			break;
		case IRQ_BACKLOG:
			if (w.is_send_soft)
				w.frames = 0;
			break;
		case IRQ_LEAVE:
			w.frames = 0;
			break;
		}
	}
	return w.frames;
}
