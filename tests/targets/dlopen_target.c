// SPDX-License-Identifier: Apache-2.0
/*
 * dlopen_target SECONDS [FILE.so] - loads a shared object while it runs and burns in it:
 * main > run_plugin > plugin_entry > plugin_burn, the last two in dlopen_plugin.so. By default
 * the plugin beside the program.
 */
#include "target.h"

#include <dlfcn.h>
#include <limits.h>

named static void run_plugin(void (*entry)(void))
{
	for (;;)
		entry();
}

int main(int argc, char **argv)
{
	char path[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/dlopen_plugin.so"));
	void *plugin, *entry;
	void (*entry_fn)(void);

	target_init(target_number(argc, argv, 1, 10));
	if (n < 0)
		return 2;
	path[n] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash, "/dlopen_plugin.so", sizeof("/dlopen_plugin.so"));
	target_sleep(0.2); /* it is known, and perhaps sampled, before the plugin is there */
	plugin = dlopen(argc > 2 ? argv[2] : path, RTLD_NOW);
	entry = plugin ? dlsym(plugin, "plugin_entry") : NULL;
	if (!entry) {
		fprintf(stderr, "%s: %s\n", argv[0], dlerror());
		return 2;
	}
	memcpy(&entry_fn, &entry, sizeof(entry_fn));
	run_plugin(entry_fn);
}
