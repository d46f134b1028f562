/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the subcommands; each lives in its cmd_<name>.c and is nothing but a struct command.
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "opt.h"

extern const struct command cmd_doctor, cmd_record, cmd_agent, cmd_ls, cmd_import, cmd_show,
	cmd_diff, cmd_mark, cmd_incidents, cmd_blame, cmd_spool, cmd_symptom;

#endif
