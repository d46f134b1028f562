// SPDX-License-Identifier: Apache-2.0
#include "sym/irqentry.h"

#include <string.h>

#include "base/text.h"
#include "sym/kallsyms.h"

struct role_name {
	const char *name;
	enum irq_role role;
	bool is_prefix;
};

static const struct role_name names[] = {
	/* x86: vectors of the system (timer, IPIs, hypervisors), each with two or three functions */
	{"asm_sysvec_", IRQ_HARD, true},
	{"sysvec_", IRQ_HARD, true},
	{"__sysvec_", IRQ_HARD, true},
	{"fred_sysvec_", IRQ_HARD, true},
	/* x86: devices */
	{"asm_common_interrupt", IRQ_HARD, false},
	{"common_interrupt", IRQ_HARD, false},
	{"asm_spurious_interrupt", IRQ_HARD, false},
	{"spurious_interrupt", IRQ_HARD, false},
	{"fred_extint", IRQ_HARD, false},
	/* x86: Xen's event channels, which are its interrupts */
	{"asm_exc_xen_hypervisor_callback", IRQ_HARD, false},
	{"exc_xen_hypervisor_callback", IRQ_HARD, false},
	{"xen_pv_evtchn_do_upcall", IRQ_HARD, false},
	{"xen_evtchn_do_upcall", IRQ_HARD, false},
	/* arm64: the vectors, since 5.14 and before; 32-bit programs have vectors of their own */
	{"el0t_64_irq", IRQ_HARD, true},
	{"el0t_64_fiq", IRQ_HARD, true},
	{"el0t_32_irq", IRQ_HARD, true},
	{"el0t_32_fiq", IRQ_HARD, true},
	{"el1h_64_irq", IRQ_HARD, true},
	{"el1h_64_fiq", IRQ_HARD, true},
	{"el0_interrupt", IRQ_HARD, false},
	{"el1_interrupt", IRQ_HARD, false},
	{"el0_irq", IRQ_HARD, true},
	{"el1_irq", IRQ_HARD, true},
	{"gic_handle_irq", IRQ_HARD, false},
	/* both: what the entries call, should they be missing from the stack */
	{"handle_domain_irq", IRQ_HARD, false},
	{"__handle_domain_irq", IRQ_HARD, false},
	{"generic_handle_arch_irq", IRQ_HARD, false},
	{"irq_exit", IRQ_HARD, false},
	{"irq_exit_rcu", IRQ_HARD, false},
	{"__irq_exit_rcu", IRQ_HARD, false},

	{"handle_softirqs", IRQ_SOFT, false},
	{"__do_softirq", IRQ_SOFT, false},
	{"do_softirq", IRQ_SOFT, false},
	{"____do_softirq", IRQ_SOFT, false},
	{"do_softirq_own_stack", IRQ_SOFT, false},
	{"run_ksoftirqd", IRQ_SOFT_TASK, false},

	{"irqentry_exit_to_user_mode", IRQ_LEAVE, false},
	{"exit_to_user_mode_prepare", IRQ_LEAVE, false},
	{"exit_to_user_mode_loop", IRQ_LEAVE, false},
	{"prepare_exit_to_user_mode", IRQ_LEAVE, false},
	{"exit_to_user_mode", IRQ_LEAVE, false},
	{"do_notify_resume", IRQ_LEAVE, false},
	{"preempt_schedule_irq", IRQ_LEAVE, false},
	{"arm64_preempt_schedule_irq", IRQ_LEAVE, false},
};

enum irq_role irq_role_of(struct str name)
{
	const char *dot = name.len ? memchr(name.p, '.', name.len) : NULL;

	if (dot)
		name.len = (size_t)(dot - name.p);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct str want = str_of(names[i].name), have = name;

		if (names[i].is_prefix && have.len > want.len)
			have.len = want.len;
		if (str_eq(have, want))
			return names[i].role;
	}
	return IRQ_NONE;
}

size_t irq_frames(const struct kallsyms *k, const struct wire_sample *s)
{
	bool soft_is_own = false;
	size_t frames = 0;

	for (size_t i = s->kernel_cnt; i-- > 0;) {
		switch (kallsyms_irq_role(k, s->pcs[i] - (i ? 1 : 0))) {
		case IRQ_NONE:
			break;
		case IRQ_SOFT:
			if (soft_is_own)
				break;
			/* fallthrough */
		case IRQ_HARD:
			if (!frames)
				frames = i + 1;
			break;
		case IRQ_SOFT_TASK:
			soft_is_own = true;
			break;
		case IRQ_LEAVE:
			frames = 0;
			break;
		}
	}
	return frames;
}
