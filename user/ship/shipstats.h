/* SPDX-License-Identifier: Apache-2.0 */
/* shipstats.h - how the backends are doing, as Prometheus text (exposition format 0.0.4): beside what
 * agent/selfstats.h writes. */
#ifndef SHIP_SHIPSTATS_H
#define SHIP_SHIPSTATS_H

#include "base/buf.h"
#include "ship/shipper.h"

/* Appends the families of all backends; each backend is there in each of them, also at 0. */
void shipstats_format(const struct shipper *s, struct buf *text);

#endif
