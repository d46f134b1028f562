/* SPDX-License-Identifier: Apache-2.0 */
/*
 * irqentry.h - how much of a kernel stack is the work of an interrupt, told by the functions in it.
 *
 * An interrupt runs on top of whoever happens to be there: its time is nobody's but its own. Where
 * it begins is seen in the names of the functions, which needs no offsets of any kernel:
 *
 *	vfs_read            the process
 *	asm_common_interrupt         IRQ_HARD: an interrupt begins here
 *	…
 *	handle_softirqs              IRQ_SOFT: deferred interrupt work
 *	net_rx_action
 *
 * Hard interrupts are those of devices, timers and other CPUs (function calls, reschedule); soft
 * ones run at the end of a hard one, or when a system call allows them again (local_bh_enable()):
 * they are interrupt work all the same, as it is chance who runs them. Exceptions, page faults,
 * system calls and NMIs stay with the process. ksoftirqd is a thread like others, known by its own
 * name: softirqs that it runs are its own.
 *
 * Not chance is who receives what a task sends into its own machine, over the loopback or the veth
 * of a container: the device puts the packet into the CPU's backlog, and the end of the same send
 * takes it out. A backlog (IRQ_BACKLOG) of a softirq that a send (IRQ_SEND) ran stays with the
 * sender:
 *
 *	udp_sendmsg
 *	__dev_queue_xmit             IRQ_SEND
 *	do_softirq                   IRQ_SOFT
 *	process_backlog              IRQ_BACKLOG: the sender's own packets
 *	udp_rcv
 *
 * A backlog that another CPU hands over (receive packet steering) comes by an interrupt and is
 * nobody's.
 *
 * At the end of an interrupt the kernel may turn to the task's own affairs, with the interrupt's
 * entry still at the root of the stack: it reschedules, handles signals, even exits. That is
 * IRQ_LEAVE: the process again.
 *
 * Sources: arch/x86/include/asm/idtentry.h (DECLARE_IDTENTRY_SYSVEC, DECLARE_IDTENTRY_IRQ),
 * arch/x86/entry/entry_fred.c, arch/arm64/kernel/entry.S and entry-common.c, kernel/softirq.c,
 * kernel/entry/common.c, net/core/dev.c (__dev_queue_xmit, process_backlog), drivers/net/loopback.c,
 * drivers/net/veth.c; Linux 5.10 to 6.18.
 */
#ifndef SYM_IRQENTRY_H
#define SYM_IRQENTRY_H

#include <culprit/wire.h>

#include "base/compiler.h"

/* The process that interrupts are billed to. */
#define IRQ_PROCESS "[irq]"

enum irq_role {
	IRQ_NONE = 0,
	IRQ_HARD = 1,
	IRQ_SOFT = 2,
	IRQ_LEAVE = 3,	   /* back in the task that was interrupted */
	IRQ_SOFT_TASK = 4, /* a thread whose work it is to run softirqs */
	IRQ_SEND = 5,	   /* a packet is given to a device */
	IRQ_BACKLOG = 6,   /* packets from this machine are received */
};

/* The role of a kernel function, by its name; what compilers append (".cold", ".isra.0") is not
 * looked at. */
enum irq_role irq_role_of(struct str name);

struct kallsyms;

/*
 * How many of a sample's frames, counted from the leaf, are an interrupt's: 0 = none, the sample is
 * the task's.
 */
size_t irq_frames(const struct kallsyms *k, const struct wire_sample *s);

#endif
