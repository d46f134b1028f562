// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "maps.bpf.h"

struct arena_map arena SEC(".maps");
struct spaces_map spaces SEC(".maps");
struct rings_map rings SEC(".maps");
struct cpu_map cpus SEC(".maps");
struct room_map rooms SEC(".maps");
struct pid_set pid_filter SEC(".maps");
struct cgroup_set cgroup_filter SEC(".maps");

const volatile __u32 ring_bytes = 65536;
const volatile __u32 ring_mask = 0;
const volatile __u32 space_mask = UNWIND_SPACE_PROBES - 1;
const volatile __u32 thread_bytes = 16384;
const volatile bool kernel_stacks = true;
const volatile bool filter_pids = false;
const volatile bool filter_cgroups = false;
const volatile bool unwind_rules = true;
const volatile bool copy_all_stacks = false;

volatile bool reader_sleeps = false;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
