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
