// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/* What wire_check() lets pass may be read to the end of each of its parts. */
#include "fuzz/fuzz.h"
#include "model/record.h"

static void read_sample(const struct wire_sample *s)
{
	const struct wire_stack *stack = wire_sample_stack(s);

	must(s->kernel_cnt <= WIRE_MAX_KERNEL_FRAMES && s->user_cnt <= WIRE_MAX_USER_FRAMES);
	fuzz_touch(s->pcs, ((size_t)s->kernel_cnt + s->user_cnt) * sizeof(s->pcs[0]));
	if (!stack)
		return;
	must(s->user_cnt && stack->len <= WIRE_MAX_STACK && !((stack->len | stack->addr) & 7));
	fuzz_touch(stack, sizeof(*stack) + stack->len);
}

static void read_record(const struct wire_header *h)
{
	const struct wire_mmap *m = (const struct wire_mmap *)h;
	const struct wire_proc *p = (const struct wire_proc *)h;

	fuzz_touch(h, h->size);
	switch (h->type) {
	case WIRE_SAMPLE:
		read_sample((const struct wire_sample *)h);
		break;
	case WIRE_MMAP:
		must(m->addr + m->len > m->addr);
		fuzz_touch(m->path, m->path_len);
		break;
	case WIRE_COMM:
		fuzz_touch(h, sizeof(struct wire_comm));
		break;
	case WIRE_FORK:
	case WIRE_EXIT:
		fuzz_touch(h, sizeof(struct wire_task));
		break;
	case WIRE_PROC:
		fuzz_touch(p->text, (size_t)p->exe_len + p->cmdline_len + p->cgroup_len);
		break;
	case WIRE_LOSS:
		fuzz_touch(h, sizeof(struct wire_loss));
		break;
	case WIRE_PRESSURE:
		fuzz_touch(h, sizeof(struct wire_pressure));
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_header *h = malloc(size ? size : 1);

	must(h);
	if (size)
		memcpy(h, data, size);
	if (wire_check(h, size)) {
		must(h->size <= size && h->size % 8 == 0 && h->time_ns <= INT64_MAX);
		read_record(h);
	}
	free(h);
	return 0;
}
