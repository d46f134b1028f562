// SPDX-License-Identifier: Apache-2.0
/*
 * throwing MODE [SECONDS] - C++ exceptions in flight, throwing_spin being busy:
 *
 *	destructor  in the destructor of a local object, while the stack above it is being undone
 *	catch       in the handler
 *	terminate   in the terminate handler, nobody having caught it
 *	loop        not at all: throws through ten frames for ever, so that samples hit the unwinder
 */
#include "hop.h"

#include <exception>

hop uint64_t throwing_spin(uint64_t seed)
{
	return hop_busy(seed);
}

namespace {

struct Busy {
	bool armed;
	~Busy();
};

__attribute__((noinline)) Busy::~Busy()
{
	if (armed)
		HOP_AFTER(throwing_spin(1));
}

} // namespace

hop uint64_t throwing_thrower(uint64_t depth)
{
	uint64_t r;

	if (!depth)
		throw 42;
	r = throwing_thrower(depth - 1);
	HOP_AFTER(r);
	return r + depth;
}

hop uint64_t throwing_guarded(bool armed)
{
	Busy busy = {armed};

	return throwing_thrower(10);
}

hop void throwing_terminate()
{
	HOP_AFTER(throwing_spin(2));
}

hop uint64_t throwing_catcher(bool armed, bool busy)
{
	try {
		HOP_AFTER(throwing_guarded(armed));
	} catch (int e) {
		if (busy)
			HOP_AFTER(throwing_spin((uint64_t)e));
		return (uint64_t)e;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	target_init(target_number(argc, argv, 2, 10));
	if (!strcmp(mode, "terminate")) {
		std::set_terminate(throwing_terminate);
		HOP_AFTER(throwing_guarded(false));
	}
	do
		HOP_AFTER(throwing_catcher(!strcmp(mode, "destructor"), !strcmp(mode, "catch")));
	while (!strcmp(mode, "loop"));
	return 2;
}
