// SPDX-License-Identifier: Apache-2.0
/*
 * plugin_host PLUGIN [SECONDS] - main > host_call > plugin_run > plugin_spin, the last two in a
 * file that is opened by dlopen().
 */
#include "hop.h"

#include <dlfcn.h>

hop uint64_t host_call(uint64_t (*fn)(uint64_t), uint64_t a)
{
	uint64_t r = fn(a);

	HOP_AFTER(r);
	return r + a;
}

int main(int argc, char **argv)
{
	void *handle = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	uint64_t (*fn)(uint64_t) = NULL;

	target_init(target_number(argc, argv, 2, 10));
	if (handle)
		*(void **)&fn = dlsym(handle, "plugin_run");
	if (!fn)
		return 2;
	HOP_AFTER(host_call(fn, 1));
	return 0;
}
