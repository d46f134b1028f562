/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_log.h - when an incident recurred, by its name, from a log of incidents. */
#ifndef TOOLS_EVIDENCE_LOG_H
#define TOOLS_EVIDENCE_LOG_H

#include "evidence.h"

/* Adds the recurrences of q->name, and e->log. From e->store, or from the agent at q->dir. */
int must_check log_from_store(struct evidence *e, const struct evidence_query *q, struct err *err);
int must_check log_from_agent(struct evidence *e, const struct evidence_query *q, struct err *err);

#endif
