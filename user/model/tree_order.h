/* SPDX-License-Identifier: Apache-2.0 */
/* tree_order.h - the stack nodes of a profile in the order of a call tree; for tree.c. */
#ifndef MODEL_TREE_ORDER_H
#define MODEL_TREE_ORDER_H

#include "base/compiler.h"
#include "model/profile.h"

/* Owned arrays of p->node_cnt. */
struct tree_order {
	/* the first node of the same stack, when only names of frames count: itself, as a rule */
	uint32_t *same;
	/* where that one stands in a walk over all stacks, children by name, bytewise; root 0 */
	uint32_t *place;
};

/* Takes time linear in the nodes, and does not recurse. 0 or -ENOMEM; may always be released. */
int must_check tree_order_make(const struct profile *p, struct tree_order *ret);
void tree_order_release(struct tree_order *o); /* also of one that is all zeros */

#endif
