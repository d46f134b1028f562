// SPDX-License-Identifier: Apache-2.0
#include "elf/window.h"

void window_init(struct window *w, const struct elf_file *file, uint64_t offset, uint64_t size)
{
	w->file = file;
	w->offset = offset;
	w->size = size;
	w->refills = 0;
	w->at = 0;
	w->len = 0;
}

uint64_t window_left(const struct window *w, uint64_t at)
{
	return at < w->size ? w->size - at : 0;
}

const uint8_t *window_view(struct window *w, uint64_t at, size_t len)
{
	uint64_t left = window_left(w, at);
	size_t want = len > WINDOW_READ ? len : WINDOW_READ;

	if (len > left || len > WINDOW_MAX)
		return NULL;
	if (at >= w->at && at - w->at <= w->len && len <= w->len - (at - w->at))
		return w->buf + (at - w->at);
	if (want > left)
		want = (size_t)left;
	w->at = at;
	w->len = 0;
	w->refills++;
	if (elf_file_read(w->file, w->offset + at, w->buf, want))
		return NULL;
	w->len = want;
	return w->buf;
}
