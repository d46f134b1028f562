// SPDX-License-Identifier: Apache-2.0
#include "unit/tap.h"

#include "base/text.h"
#include "proc/label.h"

struct row {
	const char *want;
	const char *exe;
	const char *cmdline; /* arguments separated by '|' here */
	const char *comm;
};

static const struct row rows[] = {
	/* programs */
	{"postgres", "/usr/lib/postgresql/15/bin/postgres", "postgres: checkpointer ", "postgres"},
	{"nginx", "/usr/sbin/nginx", "nginx: worker process", "nginx"},
	{"sshd", "/usr/sbin/sshd", "sshd: root@pts/0", "sshd"},
	{"php-fpm8.2", "/usr/sbin/php-fpm8.2", "php-fpm: pool www", "php-fpm8.2"},
	{"gcc-12", "/usr/bin/gcc-12", "gcc-12|-c|x.c", "gcc-12"},
	{"app", "/srv/app (deleted)", "./app", "app"},
	{"a b", "/srv/a b", "/srv/a b|c", "a b"},
	{"memfd:runc_cloned", "/memfd:runc_cloned:/proc/self/exe (deleted)", "", "runc"},
	{"runc", "/memfd:runc_cloned:/proc/self/exe (deleted)", "/usr/bin/runc|init", "runc"},
	{"agent", "/memfd:sealed-91173221a7ea (deleted)", "agent: worker 7", "exe"},
	{"memfd:x", "/memfd:x (deleted)", "-x", "x"},
	{"runc", "/", "runc|init", "runc:[2:INIT]"},
	{"runc:[2:INIT]", "/", "", "runc:[2:INIT]"},
	{"[unknown]", "/", "", ""},
	{"x", "/", "", "x"},
	{"comm only", "", "", "comm only"},
	{"comm only", "", "argv|that|is|not|believed", "comm only"},
	{"[unknown]", "", "", ""},
	/* python */
	{"python3 server.py", "/usr/bin/python3.11", "python3|server.py", "python3"},
	{"python3 server.py", "/usr/bin/python3.11", "/usr/bin/python3|-u|/srv/server.py|--port|80",
	 "python3"},
	{"python3 server.py", "/usr/bin/python3.11", "python3|-W|ignore|-X|dev|-OO|server.py",
	 "python3"},
	{"python3 server.py", "/usr/bin/python3.11", "python3|-Wignore|-Xdev|server.py", "python3"},
	{"python3 server.py", "/usr/bin/python3.11", "python3|-uWignore|server.py", "python3"},
	{"python3 server.py", "/usr/bin/python3.11", "python3|-uW|ignore|server.py", "python3"},
	{"python3 server.py", "/usr/bin/python3.11",
	 "python3|--check-hash-based-pycs|always|server.py", "python3"},
	{"python3 server.py", "/usr/bin/python3.11", "python3|--|server.py", "python3"},
	{"python3 -m http.server", "/usr/bin/python3.11", "python3|-m|http.server|8000", "python3"},
	{"python3 -m http.server", "/usr/bin/python3.11", "python3|-Im|http.server", "python3"},
	{"python3 -m http.server", "/usr/bin/python3.11", "python3|-mhttp.server", "python3"},
	{"python3 -c", "/usr/bin/python3.11", "python3|-c|import os; os.x('secret')", "python3"},
	{"python3 -c", "/usr/bin/python3.11", "python3|-uc|code", "python3"},
	{"python3 -", "/usr/bin/python3.11", "python3|-", "python3"},
	{"python3", "/usr/bin/python3.11", "python3", "python3"},
	{"python3", "/usr/bin/python3.11", "-python3|-i", "python3"},
	{"python2 x", "/usr/bin/python2.7", "python|x", "python"},
	{"python3 gunicorn", "/usr/bin/python3.11",
	 "/usr/bin/python3|/usr/local/bin/gunicorn|app:app", "gunicorn"},
	{"python3 gunicorn", "/usr/bin/python3.11", "gunicorn: master [app]", "gunicorn"},
	{"python3 manage.py", "/opt/venv/bin/python3.9", "python|manage.py|runserver", "python"},
	{"python3 backup.py", "/usr/bin/python3.11", "", "backup.py"},
	{"python3", "/usr/bin/python3.11", "", "python3"},
	{"python3", "/usr/bin/python3.11", "", "python3.11"},
	{"pypy3 x.py", "/usr/bin/pypy3.9", "pypy3|x.py", "pypy3"},
	/* shells */
	{"bash backup.sh", "/usr/bin/bash", "/bin/bash|/opt/backup.sh|--full", "backup.sh"},
	{"bash backup.sh", "/usr/bin/bash", "bash|-e|-u|-o|pipefail|backup.sh", "bash"},
	{"bash backup.sh", "/usr/bin/bash", "bash|-euo|pipefail|backup.sh", "bash"},
	{"bash backup.sh", "/usr/bin/bash", "bash|--norc|--rcfile|/x/rc|+o|history|backup.sh",
	 "bash"},
	{"bash backup.sh", "/usr/bin/bash", "", "backup.sh"},
	{"bash", "/usr/bin/bash", "bash|/dev/fd/63", "bash"},
	{"bash", "/usr/bin/bash", "-bash", "bash"},
	{"bash", "/usr/bin/bash", "bash|-i", "bash"},
	{"bash -c make", "/usr/bin/bash", "bash|-lc|make -j8|name", "bash"},
	{"bash -c make", "/usr/bin/bash", "bash|-c|-e|make -j8", "bash"},
	{"dash -c pg_dump", "/usr/bin/dash", "sh|-c|PGPASSWORD=x pg_dump -Fc db | gzip", "sh"},
	{"dash -c pg_dump", "/usr/bin/dash",
	 "sh|-c|PGPASSWORD='x y' A=\"b\" exec /usr/bin/pg_dump -Fc", "sh"},
	{"dash -c run", "/usr/bin/dash", "sh|-c|  ( run; ls )", "sh"},
	{"dash -c", "/usr/bin/dash", "sh|-c|\"$SHELL\" -x", "sh"},
	{"dash -c", "/usr/bin/dash", "sh|-c|A=$(date) x", "sh"},
	{"dash -c", "/usr/bin/dash", "sh|-c|", "sh"},
	{"dash -c", "/usr/bin/dash", "sh|-c|i=0 while [ $i -lt 9 ]; do x; done", "sh"},
	{"dash -c", "/usr/bin/dash", "sh|-c", "sh"},
	{"zsh deploy", "/bin/zsh", "zsh|-f|./deploy", "zsh"},
	{"busybox ls", "/bin/busybox", "ls|-l", "ls"},
	{"busybox sh backup.sh", "/bin/busybox", "sh|/backup.sh", "sh"},
	{"busybox sh -c sleep", "/bin/busybox", "/bin/sh|-c|sleep 1", "sh"},
	{"busybox wget", "/bin/busybox", "busybox|wget|http://x", "busybox"},
	{"busybox sh", "/bin/busybox", "-sh", "sh"},
	{"busybox crond", "/bin/busybox", "", "crond"},
	/* java */
	{"java app.jar", "/usr/lib/jvm/java-17/bin/java", "java|-Xmx1g|-Dx=y|-jar|/opt/app.jar|arg",
	 "java"},
	{"java com.foo.Main", "/usr/lib/jvm/java-17/bin/java", "java|-Xmx1g|-cp|a:b|com.foo.Main|x",
	 "java"},
	{"java Main", "/usr/lib/jvm/java-17/bin/java", "java|Main", "java"},
	{"java Main.java", "/usr/lib/jvm/java-17/bin/java", "java|--source|17|Main.java", "java"},
	{"java mod/com.foo.Main", "/j/java", "java|-p|mods|-m|mod/com.foo.Main", "java"},
	{"java mod/com.foo.Main", "/j/java", "java|--module-path|mods|--module=mod/com.foo.Main",
	 "java"},
	{"java com.foo.Main", "/j/java",
	 "java|--add-opens|java.base/x=ALL|@opts|-agentlib:x|com.foo.Main", "java"},
	{"java", "/j/java", "java|-version", "java"},
	/* the rest */
	{"perl backup.pl", "/usr/bin/perl", "perl|-w|-I|lib|-MFoo=bar|backup.pl", "perl"},
	{"perl backup.pl", "/usr/bin/perl", "perl|-Ilib|-Tw|backup.pl", "perl"},
	{"perl5 x.pl", "/usr/bin/perl5.36.0", "perl|-i.bak|x.pl", "perl"},
	{"perl -e", "/usr/bin/perl", "perl|-lne|print", "perl"},
	{"perl -e", "/usr/bin/perl", "perl|-we|print|file", "perl"},
	{"ruby3 app.rb", "/usr/bin/ruby3.1", "ruby|-W0|-r|json|-Ilib|app.rb", "ruby"},
	{"ruby3 puma", "/usr/bin/ruby3.1", "puma 5.6.5 (tcp://0.0.0.0:3000) [shop]", "ruby"},
	{"ruby3 sidekiq", "/usr/bin/ruby3.1", "sidekiq 6.5.8 shop [3 of 5 busy]", "ruby"},
	{"node app.js", "/usr/bin/node", "node|--max-old-space-size=4096|-r|dotenv|/srv/app.js",
	 "node"},
	{"node app.js", "/usr/bin/node", "node|--require|x|--inspect|app.js", "node"},
	{"node --eval", "/usr/bin/node", "node|--eval|1+1", "node"},
	{"node -e", "/usr/bin/node", "node|-e|1+1", "node"},
	{"nodejs app.js", "/usr/bin/nodejs", "nodejs|app.js", "nodejs"},
	{"bun app.ts", "/usr/bin/bun", "bun|run|app.ts", "bun"},
	{"deno app.ts", "/usr/bin/deno", "deno|run|--allow-net|app.ts", "deno"},
	{"php8 artisan", "/usr/bin/php8.2", "php|-d|memory_limit=1G|artisan|queue:work", "php"},
	{"php8 x.php", "/usr/bin/php8.2", "php|-f|/srv/x.php", "php"},
	{"php8 -r", "/usr/bin/php8.2", "php|-r|code", "php"},
	{"php8 router.php", "/usr/bin/php8.2", "php|-S|0:80|router.php", "php"},
	{"R fit.R", "/usr/lib/R/bin/exec/R", "R|--no-echo|--no-restore|--file=/x/fit.R|--args|1",
	 "R"},
	{"R -e", "/usr/lib/R/bin/exec/R", "R|--no-echo|-e|1+1", "R"},
	{"Rscript fit.R", "/usr/bin/Rscript", "Rscript|--vanilla|fit.R", "Rscript"},
	{"lua5 x.lua", "/usr/bin/lua5.4", "lua|-l|json|x.lua", "lua"},
	{"tclsh8 x.tcl", "/usr/bin/tclsh8.6", "tclsh|x.tcl", "tclsh"},
	{"dotnet app.dll", "/usr/bin/dotnet", "dotnet|exec|--depsfile|d.json|app.dll", "dotnet"},
	{"mono app.exe", "/usr/bin/mono", "mono|--debug|app.exe", "mono"},
	{"postgres", "/lib64/ld-linux-x86-64.so.2", "ld.so|--library-path|/x|/y/postgres|-D|z",
	 "postgres"},
	{"python3 x.py", "/lib64/ld-linux-x86-64.so.2", "ld.so|--argv0|q|/y/python3.11|-u|x.py",
	 "ld"},
	{"ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2", "ld.so|--help", "ld.so"},
	{"python3 dir", "/usr/bin/python3", "python3|/srv/dir/", "python3"},
};

static const struct row kthreads[] = {
	{"[kworker]", "", "", "kworker/0:1H"},
	{"[kworker]", "", "", "kworker/u8:3-ev"},
	{"[kworker]", "", "", "kworker/R-rcu_g"},
	{"[ksoftirqd]", "", "", "ksoftirqd/12"},
	{"[rcu_sched]", "", "", "rcu_sched"},
	{"[rcu_preempt]", "", "", "rcu_preempt"},
	{"[rcuop]", "", "", "rcuop/3"},
	{"[jbd2]", "", "", "jbd2/sda1-8"},
	{"[migration]", "", "", "migration/1"},
	{"[kswapd]", "", "", "kswapd0"},
	{"[kcompactd]", "", "", "kcompactd1"},
	{"[scsi_eh]", "", "", "scsi_eh_12"},
	{"[vhost]", "", "", "vhost-12345"},
	{"[f2fs_gc]", "", "", "f2fs_gc-8:0"},
	{"[loop]", "", "", "loop7"},
	{"[kdamond]", "", "", "kdamond.0"},
	{"[xfsaild]", "", "", "xfsaild/dm-0"},
	{"[irq/nvme]", "", "", "irq/45-nvme0q1"},
	{"[irq/acpi]", "", "", "irq/9-acpi"},
	{"[irq/xhci_hcd]", "", "", "irq/24-xhci_hcd"},
	{"[irq/ACPI:Ged]", "", "", "irq/24-ACPI:Ged"},
	{"[irq/i915]", "", "", "irq/133-i915"},
	{"[irq/i2c_designware]", "", "", "irq/16-i2c_designware.0"},
	{"[irq/mlx5_comp]", "", "", "irq/40-mlx5_comp0@pci:0000:01"},
	{"[irq/ahci]", "", "", "irq/27-ahci[000"},
	{"[irq/aerdrv]", "", "", "irq/12-s-aerdrv"},
	{"[irq/iwlwifi]", "", "", "irq/132-iwlwifi:"},
	{"[irq/eth-TxRx]", "", "", "irq/30-eth0-TxRx-0"},
	{"[irq/AMD-Vi-Evt]", "", "", "irq/25-AMD-Vi0-Evt"},
	{"[irq/arm-smmu-v3-evtq]", "", "", "irq/50-arm-smmu-v3-evtq"},
	{"[irq]", "", "", "irq/50-"},
	{"[kworker]", "", "", "kworker/u8:2-events_unbound"},
	{"[kworker]", "", "", "kworker/u8:0-ext4-rsv-conversion"},
	{"[ext4-rsv-conver]", "", "", "ext4-rsv-conver"},
	{"[cpuhp]", "", "", "cpuhp/1"},
	{"[napi]", "", "", "napi/eth0-8193"},
	{"[md_raid1]", "", "", "md0_raid1"},
	{"[md_resync]", "", "", "md0_resync"},
	{"[md]", "", "", "md0"},
	{"[mdadm]", "", "", "mdadm"},
	{"[jbd2]", "", "", "jbd2/vda-8"},
	{"[jbd2]", "", "", "jbd2/dm-3-8"},
	{"[scsi_eh]", "", "", "scsi_eh_0"},
	{"[scsi_tmf]", "", "", "scsi_tmf_31"},
	{"[rcu_exp_par_gp]", "", "", "rcu_exp_par_gp_"},
	{"[rcu_exp_gp_kthr]", "", "", "rcu_exp_gp_kthr"},
	{"[rcu_tasks_rude]", "", "", "rcu_tasks_rude_"},
	{"[rcu_tasks_trace]", "", "", "rcu_tasks_trace"},
	{"[pool_workqueue]", "", "", "pool_workqueue_"},
	{"[rcub]", "", "", "rcub/1"},
	{"[kdmflush]", "", "", "kdmflush/253:0"},
	{"[kcryptd]", "", "", "kcryptd/253:0"},
	{"[dmcrypt_write]", "", "", "dmcrypt_write/2"},
	{"[xfs-buf]", "", "", "xfs-buf/vda1"},
	{"[card-crtc]", "", "", "card0-crtc1"},
	{"[gfx]", "", "", "gfx_0.0.0"},
	{"[f2fs_ckpt]", "", "", "f2fs_ckpt-254:4"},
	{"[kvm-nx-lpage-re]", "", "", "kvm-nx-lpage-re"},
	{"[nfsv4.1-svc]", "", "", "nfsv4.1-svc"},
	{"[nvidia-modeset]", "", "", "nvidia-modeset/"},
	{"[watchdogd]", "", "", "watchdogd"},
	{"[khugepaged]", "", "", "khugepaged"},
	{"[i915]", "", "", "i915"},
	{"[/]", "", "", "/0"},
	{"[-1]", "", "", "-1"},
	{"[md_raid1]", "", "", "md127_raid1"},
	{"[cfg80211]", "", "", "cfg80211"},
	{"[kthreadd]", "", "", "kthreadd"},
	{"[swapper]", "", "", "swapper/0"},
	{"[123]", "", "", "123"},
	{"[kernel]", "", "", ""},
};

static void check_row(const struct row *row, bool is_kthread)
{
	struct label_input in = {
		.exe = str_of(row->exe), .comm = str_of(row->comm), .is_kthread = is_kthread};
	char cmdline[1024];
	struct label label;
	size_t n = strlen(row->cmdline);

	for (size_t i = 0; i <= n; i++)
		cmdline[i] = row->cmdline[i] == '|' ? '\0' : row->cmdline[i];
	in.cmdline = (struct str){cmdline, n ? n + 1 : 0};
	label_make(&in, &label);
	is_str(label.text, row->want, "%s <- exe '%s' args '%s' comm '%s'", row->want, row->exe,
	       row->cmdline, row->comm);
}

static void test_bounds(void)
{
	char exe[600], cmdline[2000];
	struct label_input in = {.comm = STR_LIT("x")};
	struct label label;

	memset(exe, 'e', sizeof(exe));
	in.exe = (struct str){exe, sizeof(exe)};
	label_make(&in, &label);
	is_u64(label.len, LABEL_MAX, "a long name is cut");

	memset(exe, 'e', LABEL_MAX - 1);
	memcpy(exe + LABEL_MAX - 1, "\xc3\xa9", 2);
	in.exe = (struct str){exe, LABEL_MAX + 1};
	label_make(&in, &label);
	is_u64(label.len, LABEL_MAX - 1, "…but not inside a character");

	memset(cmdline, 0, sizeof(cmdline));
	in.exe = STR_LIT("/usr/bin/python3");
	in.cmdline = (struct str){cmdline, sizeof(cmdline)};
	label_make(&in, &label);
	ok(label.len >= 7 && !memcmp(label.text, "python3", 7), "a thousand empty arguments");

	in.exe = STR_LIT("/bin/\x1b[31m\n");
	in.cmdline = (struct str){"", 0};
	label_make(&in, &label);
	is_str(label.text, "\x1b[31m\n", "control characters stay raw");
}

/* Bytes drawn from what the rules look at; whatever comes out is a label within its bounds. */
static void test_random(void)
{
	static const char *const exes[] = {
		"python3.11", "bash", "java",	"busybox", "ld-linux-x86-64.so.2",
		"perl",	      "node", "R",	"php8.2",  "x",
		"",	      "/",    "/memfd:"};
	static const char alphabet[] = "-=+@/ :;'\"$c.mxWjar\0\0\0 (deleted)\xc3\xff";
	uint64_t rng = 42;
	bool all = true;

	for (int round = 0; round < 50000; round++) {
		size_t len = 0;
		char *cmdline;
		struct label_input in = {.comm = STR_LIT("comm"), .is_kthread = round % 17 == 0};
		struct label label;

		rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
		len = (rng >> 33) % 64;
		cmdline = malloc(len + 1); /* exact, so that the sanitizer sees a read past it */
		for (size_t i = 0; i < len; i++) {
			rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
			cmdline[i] = alphabet[(rng >> 33) % (sizeof(alphabet) - 1)];
		}
		cmdline[len] = 'x';
		in.cmdline = (struct str){cmdline, len};
		in.exe = round % 5 ? str_of(exes[(size_t)round % ARRAY_SIZE(exes)]) : in.cmdline;
		if (round % 7 == 0)
			in.comm = in.cmdline;
		label_make(&in, &label);
		all = all && label.len >= 1 && label.len <= LABEL_MAX &&
		      label.text[label.len] == '\0';
		free(cmdline);
	}
	ok(all, "50000 hostile command lines give labels within their bounds");
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i], false);
	for (size_t i = 0; i < ARRAY_SIZE(kthreads); i++)
		check_row(&kthreads[i], true);
	ok(label_is_loader(STR_LIT("/lib64/ld-linux-x86-64.so.2")), "glibc's loader is one");
	ok(label_is_loader(STR_LIT("/lib/ld-musl-aarch64.so.1 (deleted)")), "musl's loader is one");
	ok(!label_is_loader(STR_LIT("/usr/bin/ld")), "the linker is none");
	test_bounds();
	test_random();
	return tap_done();
}
