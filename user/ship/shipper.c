// SPDX-License-Identifier: Apache-2.0
#include "ship/shipper.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "ship/target.h"

struct shipper {
	struct parcel_policy policy;
	struct push_label *labels; /* the policy's */
	struct intern texts;
	struct receiver *receivers[SHIPPER_MAX_TARGETS];
	struct canary *canaries[SHIPPER_MAX_TARGETS]; /* NULL: none */
	size_t cnt;
};

static int keep(struct shipper *s, struct str text, struct str *ret)
{
	uint32_t id;
	int r = intern_add(&s->texts, text.p, text.len, &id);

	if (!r)
		*ret = intern_get(&s->texts, id);
	return r;
}

static int set_policy(struct shipper *s, const struct shipper_opts *opts)
{
	int r;

	intern_init(&s->texts, UINT32_MAX - 1, SIZE_MAX);
	s->labels = calloc(opts->label_cnt + 1, sizeof(*s->labels));
	r = s->labels ? keep(s, opts->node, &s->policy.node) : -ENOMEM;
	for (size_t i = 0; !r && i < opts->label_cnt; i++) {
		r = keep(s, opts->labels[i].name, &s->labels[i].name);
		if (!r)
			r = keep(s, opts->labels[i].value, &s->labels[i].value);
	}
	s->policy.labels = s->labels;
	s->policy.label_cnt = opts->label_cnt;
	return r;
}

/* Each agent and backend its own chance: a fleet must not come back in step. */
static uint64_t seed_of(size_t i)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = clock_mono_ns(&clock_system) + i;
	return seed;
}

static int add(struct shipper *s, const struct shipper_opts *opts, const char *text,
	       struct err *err)
{
	struct receiver_opts receiver = {
		.dir = opts->dir,
		.policy = &s->policy,
		.from_start = opts->from_start,
		.max_age_ns = opts->max_age_ns,
		.bytes_per_s = opts->bytes_per_s,
		.seed = seed_of(s->cnt),
	};
	struct target target;
	struct canary_opts canary = {.target = &target,
				     .policy = &s->policy,
				     .every_ns = opts->verify_ns,
				     .window_ns = opts->window_ns};
	int r;

	if (s->cnt == SHIPPER_MAX_TARGETS)
		return err_set(err, EINVAL, "at most %d backends", SHIPPER_MAX_TARGETS);
	r = target_parse(text, &target, err);
	receiver.http = target.http;
	if (!r && target.http.tenant && strchr(target.http.tenant, '|'))
		r = err_set(err, EINVAL, "tenant=%s: a push is for one tenant", target.http.tenant);
	if (!r)
		r = receiver_new(&receiver, &s->receivers[s->cnt], err);
	if (!r && opts->verify_ns)
		r = canary_new(&canary, &s->canaries[s->cnt], err);
	target_release(&target);
	s->cnt += s->receivers[s->cnt] != NULL;
	if (r)
		return err_prefix(err, r, "--push");
	for (size_t i = 0; i + 1 < s->cnt; i++)
		if (!strcmp(receiver_name(s->receivers[i]),
			    receiver_name(s->receivers[s->cnt - 1])))
			return err_set(err, EINVAL, "--push: '%s' is there twice",
				       receiver_name(s->receivers[i]));
	return 0;
}

int shipper_new(const struct shipper_opts *opts, struct shipper **ret, struct err *err)
{
	struct shipper *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, ENOMEM, "out of memory");
	r = set_policy(s, opts);
	if (r)
		r = err_set(err, r, "out of memory");
	for (size_t i = 0; !r && i < opts->target_cnt; i++)
		r = add(s, opts, opts->targets[i], err);
	if (r)
		shipper_free(s, 0);
	else
		*ret = s;
	return r;
}

void shipper_free(struct shipper *s, uint64_t grace_ns)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->cnt; i++) {
		canary_free(s->canaries[i]);
		receiver_free(s->receivers[i], grace_ns);
	}
	intern_release(&s->texts);
	free(s->labels);
	free(s);
}

void shipper_offer(struct shipper *s, const struct store_place *place, struct profile *window)
{
	struct shipment *shipment = NULL;

	if (shipment_new(place, window, &s->policy, &shipment)) {
		log_warn("push: no memory for a window; %s",
			 place ? "it is fetched from the store later" : "it is lost");
		profile_free(window);
	}
	for (size_t i = 0; i < s->cnt; i++)
		receiver_offer(s->receivers[i], shipment);
	shipment_unref(shipment);
}

bool shipper_is_idle(const struct shipper *s)
{
	struct receiver_stats stats;

	for (size_t i = 0; i < s->cnt; i++) {
		receiver_stats(s->receivers[i], &stats);
		if (!stats.is_idle)
			return false;
	}
	return true;
}

uint64_t shipper_cpu_ns(const struct shipper *s)
{
	struct receiver_stats stats;
	struct canary_stats canary;
	uint64_t sum = 0;

	for (size_t i = 0; i < s->cnt; i++) {
		receiver_stats(s->receivers[i], &stats);
		sum += stats.cpu_ns;
		if (s->canaries[i]) {
			canary_stats(s->canaries[i], &canary);
			sum += canary.cpu_ns;
		}
	}
	return sum;
}

size_t shipper_cnt(const struct shipper *s)
{
	return s->cnt;
}

struct receiver *shipper_receiver(const struct shipper *s, size_t i)
{
	return s->receivers[i];
}

struct canary *shipper_canary(const struct shipper *s, size_t i)
{
	return s->canaries[i];
}

int shipper_parse_label(const char *text, struct push_label *ret, struct err *err)
{
	struct str value = str_of(text), name;

	if (!strchr(text, '='))
		return err_set(err, EINVAL, "'%s': want name=value", text);
	(void)str_split(&value, '=', &name);
	if (!parcel_label_is_valid(name))
		return err_set(err, EINVAL,
			       "'%.*s' is no name of a label: want letters, digits and _, no "
			       "digit first",
			       (int)name.len, name.p);
	/* what a backend keeps its own notes in; __delta__ is for those of before 2.0 */
	if (name.len > 1 && !memcmp(name.p, "__", 2) && !str_eq(name, STR_LIT("__delta__")))
		return err_set(err, EINVAL, "'%.*s': labels that begin with __ are a backend's own",
			       (int)name.len, name.p);
	if (!utf8_valid(value))
		return err_set(err, EINVAL, "%.*s: the value is not valid UTF-8", (int)name.len,
			       name.p);
	*ret = (struct push_label){name, value};
	return 0;
}
