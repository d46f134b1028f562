// SPDX-License-Identifier: Apache-2.0
/* plugin.so - plugin_run > plugin_spin, for plugin_host. */
#include "hop.h"

hop uint64_t plugin_spin(uint64_t seed)
{
	return hop_busy(seed);
}

hop uint64_t plugin_run(uint64_t a)
{
	uint64_t r = plugin_spin(a);

	HOP_AFTER(r);
	return r + a;
}
