// SPDX-License-Identifier: Apache-2.0
/*
 * jit SECONDS - runs code that is in no file: a loop is written into anonymous executable memory,
 * and where it lies is told in /tmp/perf-PID.map, as compilers at run time do. main > run_compiled
 * > Hot::loop (the name in the map). SIGTERM removes the map too.
 */
#include "target.h"

#include <sys/mman.h>

#include "loop_code.h"

static char map_path[64];

static void clean_up(int sig)
{
	(void)sig;
	(void)unlink(map_path);
	_exit(0);
}

named static void run_compiled(void (*loop)(uint64_t n))
{
	for (;;) {
		loop(1000000);
		keep_frame();
	}
}

static bool write_map(const void *memory)
{
	FILE *map;
	bool ok;

	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(map_path, "wx");
	if (!map)
		return false;
	ok = fprintf(map, "%lx %zx Hot::loop\n", (unsigned long)(uintptr_t)memory,
		     sizeof(loop_code)) > 0;
	return !fclose(map) && ok;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = clean_up};
	void (*loop)(uint64_t n);
	void *memory;

	target_init(target_number(argc, argv, 1, 10));
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 2;
	memcpy(memory, loop_code, sizeof(loop_code));
	if (mprotect(memory, 4096, PROT_READ | PROT_EXEC) || !write_map(memory))
		return 2;
	(void)sigaction(SIGALRM, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	__builtin___clear_cache((char *)memory, (char *)memory + sizeof(loop_code));
	memcpy(&loop, &memory, sizeof(loop));
	run_compiled(loop);
}
