// SPDX-License-Identifier: Apache-2.0
/* dlopen_plugin.so - what dlopen_target loads. BUILD: -shared -fPIC */
#include "target.h"

void plugin_entry(void);

static volatile uint64_t sink;

named static void plugin_burn(void)
{
	keep_frame();
	for (unsigned int i = 0; i < 100000; i++)
		sink = (sink ^ i) * 2654435761U;
}

void plugin_entry(void)
{
	plugin_burn();
	sink++;
}
