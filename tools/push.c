// SPDX-License-Identifier: Apache-2.0
#include "push.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

static struct str node_name(const struct push_options *o, char *host, size_t size)
{
	const char *name = o->node ? o->node : getenv("NODE_NAME");

	if (name && *name)
		return str_of(name);
	if (gethostname(host, size))
		return (struct str){"", 0};
	host[size - 1] = '\0';
	return str_of(host);
}

int push_start(const struct push_options *o, const char *dir, bool from_start, struct shipper **ret,
	       struct err *err)
{
	struct push_label labels[OPT_MAX_LIST];
	char host[256];
	struct shipper_opts opts = {
		.dir = dir,
		.targets = o->targets.items,
		.target_cnt = o->targets.cnt,
		.labels = labels,
		.label_cnt = o->labels.cnt,
		.node = node_name(o, host, sizeof(host)),
		.from_start = from_start,
		.max_age_ns = o->spool_age_ns,
		.bytes_per_s = o->rate,
		.verify_ns = o->verify_ns,
		.window_ns = o->window_ns,
	};
	int r = 0;

	for (size_t i = 0; !r && i < o->labels.cnt; i++)
		r = shipper_parse_label(o->labels.items[i], &labels[i], err);
	if (r)
		return err_prefix(err, r, "--label");
	return shipper_new(&opts, ret, err);
}
