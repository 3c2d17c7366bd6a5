/* cmd_worker.c - the native trainer as a process (docs/protocol.md); started by run. */
#include "cli/command.h"

#include "rigor/worker.h"

static const rg_option options[] = {{0}};

static int run(const rg_given *given, rg_err *err)
{
    (void)err;
    return rg_worker_main((int)given->n_arguments, given->argument);
}

const rg_command rg_command_worker = {
    .name = "worker",
    .arguments = "[LIBRARY ...]",
    .summary = "trains: jobs on standard input, messages on standard output",
    .text = "The native trainer; rigor run starts it. docs/protocol.md says what it speaks.",
    .hidden = true,
    .options = options,
    .max_arguments = RG_ARGUMENTS_MAX,
    .run = run,
};
