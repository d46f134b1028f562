// SPDX-License-Identifier: Apache-2.0
#include "format/push.h"

#include <errno.h>

#include "format/arena.h"
#include "push.pb-c.h"

#define MAX_MESSAGE ((size_t)64 << 20) /* of what describes it; the profiles are borrowed */

static ProtobufCBinaryData bytes_of(struct str s)
{
	return (ProtobufCBinaryData){.len = s.len, .data = (uint8_t *)s.p};
}

static int fill_labels(struct arena *arena, const struct push_series *in,
		       Push__RawProfileSeries *out)
{
	out->labels = arena_zalloc(arena, in->label_cnt, sizeof(*out->labels));
	for (size_t i = 0; out->labels && i < in->label_cnt; i++) {
		Push__LabelPair *pair = arena_zalloc(arena, 1, sizeof(*pair));

		if (!pair)
			return -ENOMEM;
		push__label_pair__init(pair);
		pair->name = bytes_of(in->labels[i].name);
		pair->value = bytes_of(in->labels[i].value);
		out->labels[out->n_labels++] = pair;
	}
	return out->labels ? 0 : -ENOMEM;
}

static int fill_series(struct arena *arena, const struct push_series *in,
		       Push__RawProfileSeries **ret)
{
	Push__RawProfileSeries *out = arena_zalloc(arena, 1, sizeof(*out));
	Push__RawSample *sample = arena_zalloc(arena, 1, sizeof(*sample));

	if (!out || !sample)
		return -ENOMEM;
	push__raw_profile_series__init(out);
	push__raw_sample__init(sample);
	sample->raw_profile = bytes_of(in->profile);
	out->samples = arena_zalloc(arena, 1, sizeof(*out->samples));
	if (!out->samples)
		return -ENOMEM;
	out->samples[out->n_samples++] = sample;
	*ret = out;
	return fill_labels(arena, in, out);
}

int push_encode(const struct push_series *series, size_t cnt, struct buf *out)
{
	Push__PushRequest request = PUSH__PUSH_REQUEST__INIT;
	struct arena arena;
	char *room;
	int r;

	arena_init(&arena, MAX_MESSAGE);
	request.series = arena_zalloc(&arena, cnt, sizeof(*request.series));
	r = request.series ? 0 : -ENOMEM;
	for (size_t i = 0; !r && i < cnt; i++)
		r = fill_series(&arena, &series[i], &request.series[request.n_series++]);
	if (!r) {
		room = buf_reserve(out, push__push_request__get_packed_size(&request));
		if (room)
			buf_commit(out, push__push_request__pack(&request, (uint8_t *)room));
		r = buf_error(out);
	}
	arena_release(&arena);
	return r;
}
