// SPDX-License-Identifier: Apache-2.0
#include "agent/selfstats.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/guard.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/text.h"
#include "model/loss.h"

#define DIGITS	 15
#define MAX_FILE (1 << 20)

static bool is_counter(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && !strcmp(name + n - 6, "_total");
}

static void begin(struct buf *b, const char *name, const char *help)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		 is_counter(name) ? "counter" : "gauge");
}

/* Labels are our own words: nothing in them needs an escape. */
static void row(struct buf *b, const char *name, const char *key, const char *label, double value)
{
	buf_addstr(b, name);
	if (key && label)
		buf_addf(b, "{%s=\"%s\"}", key, label);
	buf_addch(b, ' ');
	num_add_double(b, value, DIGITS);
	buf_addch(b, '\n');
}

static void single(struct buf *b, const char *name, double value, const char *help)
{
	begin(b, name, help);
	row(b, name, NULL, NULL, value);
}

static double seconds(uint64_t ns)
{
	return (double)ns / NSEC_PER_SEC;
}

static void add_sampling(const struct selfstats *s, struct buf *b)
{
	single(b, "culprit_sampling", s->sampling,
	       "1 while samples are taken, 0 while the agent is disabled.");
	single(b, "culprit_samples_total", (double)s->samples, "Samples that were taken.");
	single(b, "culprit_idle_ticks_total", (double)s->idle_ticks,
	       "Times that a CPU was found idle.");
	begin(b, "culprit_lost_total", "What was given up, by reason.");
	for (unsigned int i = 1; i < LOSS_CNT; i++)
		if (loss_name(i))
			row(b, "culprit_lost_total", "reason", loss_name(i), (double)s->lost[i]);
	single(b, "culprit_rate_hertz", s->rate_hz, "Samples per second and CPU, now.");
	single(b, "culprit_rate_changes_total", (double)s->rate_changes,
	       "Times that the rate was changed to keep to the CPU budget.");
	single(b, "culprit_cpus", s->cpus, "CPUs that are sampled.");
	single(b, "culprit_processes", (double)s->processes, "Processes that are known.");
	begin(b, "culprit_feature_off", "1 for what the boot-loop guard has switched off.");
	row(b, "culprit_feature_off", "feature", "kernel_stacks",
	    !!(s->features_off & GUARD_KERNEL_STACKS));
	row(b, "culprit_feature_off", "feature", "unwind_rules",
	    !!(s->features_off & GUARD_UNWIND_RULES));
}

static void add_cost(const struct selfstats *s, struct buf *b)
{
	single(b, "culprit_agent_cpu_seconds_total", seconds(s->cpu_ns),
	       "CPU time of the agent and its children.");
	single(b, "culprit_bpf_seconds_total", seconds(s->bpf_ns),
	       "CPU time of taking samples, in interrupts.");
	single(b, "culprit_cpu_usage_ratio", s->cpu_share,
	       "CPUs that the agent takes, lately, BPF programs included.");
	single(b, "culprit_cpu_budget_ratio", s->cpu_budget, "CPUs that it may take.");
	begin(b, "culprit_memory_bytes", "Memory that the agent takes.");
	row(b, "culprit_memory_bytes", "part", "resident", (double)s->resident_bytes);
	row(b, "culprit_memory_bytes", "part", "kernel", (double)s->kernel_bytes);
	single(b, "culprit_memory_budget_bytes", (double)s->memory_budget,
	       "Memory that it may take.");
	single(b, "culprit_memory_shrinks_total", (double)s->shrinks,
	       "Times that caches were emptied to keep to the memory budget.");
}

static void add_store(const struct selfstats *s, struct buf *b)
{
	single(b, "culprit_windows_stored_total", (double)s->windows_stored,
	       "Windows that are in the store.");
	single(b, "culprit_windows_given_up_total", (double)s->windows_given_up,
	       "Windows that the store did not take.");
	single(b, "culprit_windows_waiting", (double)s->windows_waiting,
	       "Windows that wait for the store to take them.");
	begin(b, "culprit_clock_steps_total", "Times that the wall clock was set.");
	row(b, "culprit_clock_steps_total", "direction", "forth", (double)s->clock_forth);
	row(b, "culprit_clock_steps_total", "direction", "back", (double)s->clock_back);
}

void selfstats_format(const struct selfstats *s, struct buf *b)
{
	add_sampling(s, b);
	add_cost(s, b);
	add_store(s, b);
	for (size_t i = 0; i < s->table_cnt; i++) {
		const struct selfstats_table *t = &s->tables[i];

		begin(b, t->name, t->help);
		for (size_t j = 0; j < t->cnt; j++)
			row(b, t->name, t->key, t->rows[j].label, t->rows[j].value);
	}
}

/* "name{labels} value" */
static bool split_line(struct str line, struct str *ret_name, double *ret_value)
{
	size_t n = line.len;

	if (!n || line.p[0] == '#')
		return false;
	while (n && line.p[n - 1] != ' ')
		n--;
	if (!n || num_parse_double((struct str){line.p + n, line.len - n}, ret_value))
		return false;
	*ret_name = (struct str){line.p, n - 1};
	return true;
}

static bool is_lost_sample(struct str name)
{
	static const char before[] = "culprit_lost_total{reason=\"", behind[] = "\"}";
	size_t n = sizeof(before) - 1, m = sizeof(behind) - 1;

	if (name.len <= n + m || memcmp(name.p, before, n))
		return false;
	name = (struct str){name.p + n, name.len - n - m};
	for (unsigned int i = 1; i < LOSS_CNT; i++)
		if (loss_name(i) && str_eq(name, str_of(loss_name(i))))
			return loss_class(i) == LOSS_CLASS_SAMPLE;
	return false;
}

/* `family` ends with the brace of its labels. */
static bool is_of(struct str name, struct str family)
{
	return name.len >= family.len && !memcmp(name.p, family.p, family.len);
}

static void take_line(struct selfstats_brief *s, struct str name, double value)
{
	const struct {
		const char *name;
		double *to;
	} wanted[] = {
		{"culprit_cpu_usage_ratio", &s->cpu_share},
		{"culprit_cpu_budget_ratio", &s->cpu_budget},
		{"culprit_memory_bytes{part=\"resident\"}", &s->resident_bytes},
		{"culprit_memory_bytes{part=\"kernel\"}", &s->kernel_bytes},
		{"culprit_memory_budget_bytes", &s->memory_budget},
		{"culprit_rate_hertz", &s->rate_hz},
		{"culprit_sampling", &s->sampling},
		{"culprit_processes", &s->processes},
		{"culprit_windows_stored_total", &s->windows_stored},
		{"culprit_samples_total", &s->samples},
		{"culprit_sandbox_runs_total", &s->parsed},
		{"culprit_sandbox_up", &s->parsers_up},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (str_eq(name, str_of(wanted[i].name)))
			*wanted[i].to = value;
	if (is_lost_sample(name))
		s->lost += value;
	if (is_of(name, STR_LIT("culprit_sandbox_failures_total{")))
		s->unparsed += value;
	if (is_of(name, STR_LIT("culprit_sandbox_deaths_total{")))
		s->parsers_deaths += value;
}

int selfstats_read(const char *path, int64_t now_ns, struct selfstats_brief *ret, struct err *err)
{
	struct selfstats_brief s = {.age_s = 0};
	struct str rest, line, name;
	struct stat st;
	struct buf text;
	size_t lines = 0;
	double value;
	int r;

	if (stat(path, &st))
		return err_set(err, errno, "%s: %s", path, strerror(errno));
	buf_init(&text, MAX_FILE);
	r = fs_read(path, &text, err);
	rest = buf_str(&text);
	while (!r && str_split(&rest, '\n', &line))
		if (split_line(line, &name, &value)) {
			take_line(&s, name, value);
			lines++;
		}
	buf_release(&text);
	if (!r && !lines)
		r = err_set(err, EINVAL, "%s: holds no metrics", path);
	if (r)
		return r;
	s.age_s =
		(double)now_ns / 1e9 - (double)st.st_mtim.tv_sec - (double)st.st_mtim.tv_nsec / 1e9;
	*ret = s;
	return 0;
}
