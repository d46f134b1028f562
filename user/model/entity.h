/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entity.h - who a series belongs to, where that is more than the value of one label: the stable part
 * of names that change with every instance, and several labels together.
 *
 * `keys` is a label's key, or several with commas between:
 *
 *	pod			"cart-7d9f8b6c5-x2x4z" is "cart": without what ReplicaSets, Jobs, CronJobs,
 *				DaemonSets and StatefulSets append
 *	comm			"worker-17" is "worker", "kworker/0:1" "kworker"
 *	process,container_id	"python3 app.py in container 0123456789ab"; where a series has no
 *				container just "python3 app.py"
 *
 * What lacks the first label is "[no <key>]", as in the call tree. Names of pods: kubernetes,
 * k8s.io/apimachinery/pkg/util/rand (the alphabet of suffixes), pkg/controller/controller_utils.go.
 */
#ifndef MODEL_ENTITY_H
#define MODEL_ENTITY_H

#include "base/buf.h"
#include "base/compiler.h"
#include "model/profile.h"

/* Is the entity something else than the value of the label `keys`? */
bool entity_is_derived(struct str keys);

/* Appends the name of the entity that a series with these labels belongs to. */
void entity_add_name(struct buf *out, const struct str (*labels)[2], size_t cnt, struct str keys);

/* An owned copy of p in which every series has a label `keys`, whose value is its entity. 0, -ENOSPC,
 * -ENOMEM. */
int must_check entity_label(const struct profile *p, struct str keys, struct profile **ret);

#endif
