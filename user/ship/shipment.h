/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shipment.h - one window on its way to several backends: prepared once, by whoever needs it first,
 * shared by all, gone with the last.
 */
#ifndef SHIP_SHIPMENT_H
#define SHIP_SHIPMENT_H

#include "ship/parcels.h"
#include "store/outbox.h"

struct shipment;

/* Takes the window, on success only. `place` NULL: it is not in the store. `policy` is borrowed and
 * outlives it. One reference. */
int must_check shipment_new(const struct store_place *place, struct profile *window,
			    const struct parcel_policy *policy, struct shipment **ret);
struct shipment *shipment_ref(struct shipment *s);
void shipment_unref(struct shipment *s); /* NULL is fine */

/* Any thread. The parcels are borrowed as long as the shipment is. */
int must_check shipment_parcels(struct shipment *s, const struct parcels **ret, struct err *err);

const struct store_place *shipment_place(const struct shipment *s); /* NULL: not in the store */
int64_t shipment_start_ns(const struct shipment *s);

#endif
