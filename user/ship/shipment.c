// SPDX-License-Identifier: Apache-2.0
#include "ship/shipment.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct shipment {
	atomic_uint refs;
	struct store_place place;
	bool is_stored;
	int64_t start_ns;
	const struct parcel_policy *policy;
	pthread_mutex_t lock;	/* of what follows */
	struct profile *window; /* NULL: the parcels are made */
	struct parcels parcels;
	int result; /* of making them */
	struct err why;
};

int shipment_new(const struct store_place *place, struct profile *window,
		 const struct parcel_policy *policy, struct shipment **ret)
{
	struct shipment *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (pthread_mutex_init(&s->lock, NULL)) {
		free(s);
		return -ENOMEM;
	}
	atomic_init(&s->refs, 1);
	s->is_stored = place != NULL;
	if (place)
		s->place = *place;
	s->start_ns = window->start_ns;
	s->policy = policy;
	s->window = window;
	*ret = s;
	return 0;
}

struct shipment *shipment_ref(struct shipment *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void shipment_unref(struct shipment *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	profile_free(s->window);
	parcels_release(&s->parcels);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

int shipment_parcels(struct shipment *s, const struct parcels **ret, struct err *err)
{
	int r;

	(void)pthread_mutex_lock(&s->lock);
	if (s->window) {
		s->result = parcels_make(s->window, s->policy, &s->parcels, &s->why);
		profile_free(s->window); /* the parcels are a tenth of it */
		s->window = NULL;
	}
	r = s->result ? err_set(err, s->result, "%s", s->why.text) : 0;
	(void)pthread_mutex_unlock(&s->lock);
	*ret = &s->parcels;
	return r;
}

const struct store_place *shipment_place(const struct shipment *s)
{
	return s->is_stored ? &s->place : NULL;
}

int64_t shipment_start_ns(const struct shipment *s)
{
	return s->start_ns;
}
