// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "agent/guard.h"
#include "agent/selfstats.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "model/loss.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

static const struct selfstats_row ends[] = {{"whole", 90}, {"truncated", 3}, {"broken", 7}};
static const struct selfstats_row runs[] = {{NULL, 12}};
static const struct selfstats_row failures[] = {{"crashed", 1}, {"refused", 3}};
static const struct selfstats_row deaths[] = {{"killed", 2}, {"stuck", 5}};
static const struct selfstats_row up[] = {{NULL, 1}};
static const struct selfstats_table tables[] = {
	{"culprit_unwind_total", "User stacks, by how they ended.", "result", ends, 3},
	{"culprit_sandbox_runs_total", "Files that were parsed.", NULL, runs, 1},
	{"culprit_sandbox_failures_total", "Those that got no answer.", "reason", failures, 2},
	{"culprit_sandbox_deaths_total", "Deaths.", "reason", deaths, 2},
	{"culprit_sandbox_up", "Whether it is there.", NULL, up, 1},
};

static const struct selfstats example = {
	.sampling = true,
	.samples = UINT64_C(1) << 40,
	.lost = {[LOSS_RING_FULL] = 5, [LOSS_LATE] = 2, [LOSS_NO_SYMBOL] = 1000},
	.cpu_ns = 1500 * NSEC_PER_SEC / 1000,
	.bpf_ns = NSEC_PER_SEC / 8,
	.cpu_share = 0.0031,
	.cpu_budget = 0.02,
	.resident_bytes = 40 << 20,
	.kernel_bytes = 2 << 20,
	.memory_budget = 96 << 20,
	.rate_hz = 97,
	.cpus = 2,
	.processes = 173,
	.windows_stored = 6,
	.features_off = GUARD_KERNEL_STACKS,
	.tables = tables,
	.table_cnt = 5,
};

static bool has(const struct buf *b, const char *line)
{
	return strstr(b->data, line) != NULL;
}

static void test_text(struct buf *b)
{
	size_t helps = 0, types = 0, rows = 0;
	struct str rest, line;

	selfstats_format(&example, b);
	is_i64(buf_error(b), 0, "written");
	ok(has(b, "\nculprit_samples_total 1099511627776\n"), "a large number has all its digits");
	ok(has(b, "\nculprit_agent_cpu_seconds_total 1.5\n"), "seconds");
	ok(has(b, "\nculprit_lost_total{reason=\"ring_full\"} 5\n"), "losses by reason");
	ok(has(b, "\nculprit_lost_total{reason=\"store_write\"} 0\n"), "also those that are none");
	ok(has(b, "\nculprit_unwind_total{result=\"broken\"} 7\n"), "a table");
	ok(has(b, "# TYPE culprit_unwind_total counter\n"), "is a counter by its name");
	ok(has(b, "\nculprit_sandbox_runs_total 12\n"), "a table without a label");
	ok(has(b, "culprit_feature_off{feature=\"kernel_stacks\"} 1\n"), "what is off");
	ok(has(b, "culprit_feature_off{feature=\"unwind_rules\"} 0\n"), "and what is not");
	rest = buf_str(b);
	while (str_split(&rest, '\n', &line)) {
		helps += line.len > 6 && !memcmp(line.p, "# HELP", 6);
		types += line.len > 6 && !memcmp(line.p, "# TYPE", 6);
		rows += line.len && line.p[0] != '#';
	}
	ok(helps == types && helps > 15 && rows > helps, "%zu families, %zu rows", helps, rows);
}

static void test_read(const struct buf *b)
{
	const char *path = tmpdir_at(SELFSTATS_FILE);
	int64_t now_ns = clock_wall_ns(&clock_system);
	struct selfstats_brief s = {.age_s = -1};
	struct err err = {{0}};

	is_i64(selfstats_read(path, now_ns, &s, &err), -ENOENT, "no file: %s", err.text);
	ok(!fs_write(path, buf_str(b), &err), "a file");
	is_i64(selfstats_read(path, now_ns + 5 * (int64_t)NSEC_PER_SEC, &s, &err), 0, "is read");
	ok(s.age_s > 4 && s.age_s < 10, "it is %.1f s old", s.age_s);
	is_near(s.cpu_share, 0.0031, 1e-9, "CPU");
	is_near(s.cpu_budget, 0.02, 1e-9, "of so much");
	is_near(s.resident_bytes + s.kernel_bytes, 42 << 20, 0, "memory");
	is_near(s.memory_budget, 96 << 20, 0, "of so much");
	is_near(s.lost, 7, 0, "samples lost, not symbols");
	is_near(s.rate_hz, 97, 0, "rate");
	is_near(s.samples, (double)example.samples, 0, "samples");
	ok(s.parsed == 12 && s.unparsed == 4 && s.parsers_up == 1 && s.parsers_deaths == 7,
	   "parsers");
	ok(!fs_write(path, STR_LIT("\n# only\nwords here\n"), &err), "a file without numbers");
	is_i64(selfstats_read(path, now_ns, &s, &err), -EINVAL, "is refused: %s", err.text);
	is_i64(selfstats_read(tmpdir, now_ns, &s, &err), -EISDIR, "as is a directory");
}

/* The format's own judge, which also knows how metrics should be called. */
static void test_promtool(const struct buf *b)
{
	char command[600];

	if (system("command -v promtool >/dev/null 2>&1")) { // NOLINT(cert-env33-c)
		tap_skip("needs promtool (Debian's package prometheus)");
		return;
	}
	if (fs_write(tmpdir_at("checked.prom"), buf_str(b), NULL))
		return;
	(void)snprintf(command, sizeof(command),
		       "promtool check metrics <%s 2>&1 | sed 's/^/# /'; "
		       "exit $(promtool check metrics <%s 2>&1 | wc -l)",
		       tmpdir_at("checked.prom"), tmpdir_at("checked.prom"));
	is_i64(system(command), 0, "promtool has nothing to say"); // NOLINT(cert-env33-c)
}

int main(void)
{
	struct buf b;

	tmpdir_make();
	buf_init(&b, 1 << 20);
	test_text(&b);
	test_read(&b);
	test_promtool(&b);
	buf_release(&b);
	tmpdir_remove();
	return tap_done();
}
