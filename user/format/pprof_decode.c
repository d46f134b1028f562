// SPDX-License-Identifier: Apache-2.0
#include "format/pprof_decode.h"

#include "format/pprof_scan.h"

static void *arena_alloc_fn(void *arg, size_t len)
{
	return arena_alloc(arg, len);
}

static void arena_free_fn(void *arg, void *p)
{
	(void)arg;
	(void)p;
}

int pprof_decode(struct str bytes, struct arena *arena, Perftools__Profiles__Profile **ret,
		 struct err *err)
{
	ProtobufCAllocator allocator = {arena_alloc_fn, arena_free_fn, arena};
	Perftools__Profiles__Profile *pb;
	int r;

	if (!bytes.len)
		return err_set(err, EINVAL, "empty: want a pprof profile");
	r = pprof_scan(bytes, err);
	if (r)
		return r;
	pb = perftools__profiles__profile__unpack(&allocator, bytes.len, (const uint8_t *)bytes.p);
	if (!pb && arena->full)
		return err_set(err, EFBIG, "decodes to more than %zu MiB, the most that is kept",
			       arena->max >> 20);
	if (!pb)
		return err_set(err, EINVAL, "not a pprof profile");
	if (!pb->n_string_table || pb->string_table[0].len)
		return err_set(err, EINVAL,
			       "not a pprof profile (its table of strings must begin "
			       "with an empty one)");
	if (!pb->n_sample_type)
		return err_set(err, EINVAL, "the pprof profile has no sample type");
	*ret = pb;
	return 0;
}
