// SPDX-License-Identifier: Apache-2.0
/*
 * lock-convoy [MILLISECONDS] [CONVOYS] - threads that queue for locks which go from hand to hand:
 * each turn is a few microseconds of work, a futex wake-up and a switch. Three threads a convoy.
 */
#include "crew.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define IN_CONVOY 3

static _Atomic uint32_t turn[CREW_MAX / IN_CONVOY];

named static void critical_section(uint64_t *state)
{
	keep_frame();
	for (int i = 0; i < 300; i++)
		(void)target_random(state);
}

named static void wait_for_turn(_Atomic uint32_t *lock, uint32_t me)
{
	struct timespec a_while = {.tv_nsec = 20 * 1000 * 1000};

	for (uint32_t now = *lock; now % IN_CONVOY != me && crew_goes_on(); now = *lock)
		(void)syscall(SYS_futex, lock, FUTEX_WAIT_PRIVATE, now, &a_while, NULL, 0);
}

named static void hand_over(_Atomic uint32_t *lock)
{
	atomic_fetch_add(lock, 1);
	(void)syscall(SYS_futex, lock, FUTEX_WAKE_PRIVATE, IN_CONVOY, NULL, NULL, 0);
}

named static void *convoy_member(void *arg)
{
	uint32_t number = (uint32_t)(uintptr_t)arg;
	uint64_t state = 31 * (number + 1ULL);

	while (crew_goes_on()) {
		wait_for_turn(&turn[number / IN_CONVOY], number % IN_CONVOY);
		critical_section(&state);
		hand_over(&turn[number / IN_CONVOY]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long ms = target_number(argc, argv, 1, 3000);
	unsigned long convoys = target_number(argc, argv, 2, 20);

	target_init(ms / 1000 + 10);
	target_pin_first_cpu();
	if (convoys > CREW_MAX / IN_CONVOY)
		convoys = CREW_MAX / IN_CONVOY;
	return crew_run(convoys * IN_CONVOY, ms, convoy_member);
}
