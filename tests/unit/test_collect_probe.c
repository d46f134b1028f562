// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "unit/tap.h"

#include "collect/probe.h"

/* What an unprivileged process is told; run last, there is no way back. */
static void test_unprivileged(void)
{
	struct probe_feature f[PROBE_MAX];
	size_t n;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)) {
		tap_skip("privileges cannot be dropped here");
		return;
	}
	n = probe_run(f);
	ok(!probe_ok(f, n), "without privileges the agent could not run");
	for (size_t i = 0; i < n; i++)
		if (f[i].required && !f[i].works)
			ok(f[i].reason[0] && !strchr(f[i].reason, '\n'), "%s: %s", f[i].name,
			   f[i].reason);
}

int main(void)
{
	struct probe_feature f[PROBE_MAX];
	struct probe_feature some[] = {{.name = "a", .works = true, .required = true},
				       {.name = "b"}};
	size_t n = probe_run(f);

	ok(n >= 9 && n <= PROBE_MAX, "%zu features are looked at", n);
	for (size_t i = 0; i < n; i++) {
		ok(f[i].name && f[i].name[0], "%s%s: %s %s", f[i].name,
		   f[i].required ? " (required)" : "", f[i].works ? "works" : "fails", f[i].reason);
		ok(f[i].works || f[i].reason[0], "…what does not work says why");
	}
	if (geteuid())
		tap_skip("needs root");
	else
		ok(probe_ok(f, n), "with root all that is required works");

	ok(!probe_ok(f, 0), "nothing looked at, nothing proved");
	ok(probe_ok(some, 2), "what is not required may fail");
	some[1].required = true;
	ok(!probe_ok(some, 2), "what is required may not");
	if (!geteuid())
		test_unprivileged();
	return tap_done();
}
