// SPDX-License-Identifier: Apache-2.0
/* culprit - names the process behind a recurring incident. This file only picks the subcommand. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/jobs.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "commands.h"

#define CULPRIT_VERSION "0.1.0"

static const struct command *const commands[] = {
	&cmd_doctor, &cmd_record, &cmd_agent,	  &cmd_ls,	&cmd_import, &cmd_show,
	&cmd_diff,   &cmd_mark,	  &cmd_incidents, &cmd_symptom, &cmd_blame,  &cmd_spool,
};

static int print_overview(FILE *out, int status)
{
	(void)fputs("culprit names the process behind a recurring incident, and proves it with a "
		    "differential "
		    "flame graph.\n\n"
		    "  culprit doctor                                      does it work here?\n"
		    "  culprit agent --store /var/lib/culprit              record all the time\n"
		    "  culprit mark --store DIR slow-checkout 03:00..03:05 note a recurrence\n"
		    "  culprit blame --store DIR slow-checkout             who is it?\n\n"
		    "commands:\n",
		    out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		(void)fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	(void)fputs("\n'culprit COMMAND --help' has examples and options.\n"
		    "Exit status: 0 done; 1 a question was answered with no; 2 usage or failure.\n",
		    out);
	return status;
}

/* What the library says to operators. Debugging output is wanted only when CULPRIT_DEBUG is set. */
static void log_to_stderr(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const names[] = {
		[LOG_LEVEL_WARN] = "warning", [LOG_LEVEL_DEBUG] = "debug"};

	if (level > LOG_LEVEL_WARN && !getenv("CULPRIT_DEBUG"))
		return;
	(void)fprintf(stderr, "culprit: %s: ", names[level]);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
}

/* Output that could not be written (disk full, closed pipe) is a failure, whatever the command
 * thinks. */
static int flushed(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		(void)fprintf(stderr, "culprit: standard output: cannot write\n");
		return EXIT_FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	sandbox_serve(argc, argv, agent_jobs, AGENT_JOB_CNT);
	log_set_sink(log_to_stderr);
	(void)signal(SIGXFSZ, SIG_IGN); /* a full quota is an error to report */
	if (argc < 2)
		return print_overview(stderr, EXIT_FAILED);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return flushed(print_overview(stdout, EXIT_DONE));
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		puts("culprit " CULPRIT_VERSION);
		return flushed(EXIT_DONE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i]->name))
			return flushed(command_main(commands[i], argc - 2, argv + 2));
	(void)fprintf(stderr, "culprit: unknown command '%s' (see 'culprit --help')\n", argv[1]);
	return EXIT_FAILED;
}
