/* cmd_launch.c - the launcher of programs as a process (docs/protocol.md); started by run. */
#include "cli/command.h"

#include "rigor/launch.h"

static const rg_option options[] = {{0}};

static int run(const rg_given *given, rg_err *err)
{
    (void)given;
    (void)err;
    return rg_launch_main();
}

const rg_command rg_command_launch = {
    .name = "launch",
    .arguments = "",
    .summary = "starts a program for each trial: jobs on standard input, messages on standard "
               "output",
    .text = "What stands between a study and a trainer of any language; rigor run starts it. "
            "docs/protocol.md says what it speaks.",
    .hidden = true,
    .options = options,
    .run = run,
};
