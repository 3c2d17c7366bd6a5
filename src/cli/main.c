/* main.c - finds the command, reads its options, runs it, says what went wrong. */
#include "cli/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const rg_command *find_command(const char *name)
{
    for (size_t i = 0; rg_commands[i]; i++)
        if (strcmp(rg_commands[i]->name, name) == 0)
            return rg_commands[i];
    return NULL;
}

static size_t visible_names(const char **names)
{
    size_t n = 0;
    for (size_t i = 0; rg_commands[i]; i++)
        if (!rg_commands[i]->hidden)
            names[n++] = rg_commands[i]->name;
    return n;
}

static void print_row(const rg_command *command)
{
    printf("  rigor %-8s %s\n", command->name, command->summary);
}

/* The five that a newcomer needs, by rank. */
static void print_first_commands(void)
{
    printf("Rigor %s: an ML research lab in one program.\n\n", RG_VERSION);
    for (int rank = 1; rank <= 5; rank++)
        for (size_t i = 0; rg_commands[i]; i++)
            if (rg_commands[i]->rank == rank)
                print_row(rg_commands[i]);
    rg_arena *arena = rg_arena_new();
    printf("\nStart with:    rigor run %s\n"
           "All commands:  rigor help\n"
           "One command:   rigor help run\n",
           rg_example_path("digits.yaml", arena));
    rg_arena_free(arena);
}

static void print_all_commands(void)
{
    printf("Rigor %s: an ML research lab in one program.\n\nusage: rigor COMMAND [OPTIONS]\n\n",
           RG_VERSION);
    for (size_t i = 0; rg_commands[i]; i++)
        if (!rg_commands[i]->hidden)
            print_row(rg_commands[i]);
    printf("\nrigor help COMMAND explains one; rigor --version names the version.\n"
           "Exit codes: 0 done, 1 the answer is no, 2 wrong usage or input,\n"
           "3 an internal fault, 128 + n ended by signal n.\n");
}

static int unknown_command(const char *name)
{
    const char *names[64];
    size_t n = visible_names(names);
    const char *near = rg_text_nearest(name, names, n);
    bool file = rg_text_ends(name, ".yaml") || rg_text_ends(name, ".yml");
    fprintf(stderr, "rigor: there is no command '%s'\n", name);
    if (file)
        fprintf(stderr, "  -> did you mean: rigor run %s\n", name);
    else if (near)
        fprintf(stderr, "  -> did you mean: rigor %s\n", near);
    else
        fprintf(stderr, "  -> rigor help lists the commands\n");
    return RG_INPUT;
}

static int help(const char *name)
{
    if (!name) {
        print_all_commands();
        return RG_OK;
    }
    const rg_command *command = find_command(name);
    if (!command)
        return unknown_command(name);
    rg_command_help(command);
    return RG_OK;
}

static bool json_wanted(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static void report_error(const rg_err *err, bool as_json)
{
    fflush(stdout); /* the answer stands in front of what is said about it */
    rg_err_print(err);
    if (as_json && err->code != RG_NO) /* an answer, whatever it is, has been printed */
        rg_print_json(json_pack("{s:{s:i, s:s, s:s, s:s}}", "error", "code", (int)err->code,
                                "where", err->where, "what", err->what, "remedy", err->remedy));
}

/* What was printed has to arrive: a full disk is an error.  A reader that has seen enough
 * (`| head`) is none; the shell is told what it expects then. */
static int flush_output(int code)
{
    if ((fflush(stdout) == 0 && !ferror(stdout)) || code != RG_OK)
        return code;
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR))
        return 128 + SIGPIPE;
    const rg_err err = {.what = "the output could not be written to the end",
                        .remedy = "free some disk space and run the same command again"};
    rg_err_print(&err);
    return RG_INTERNAL;
}

static int run_command(const rg_command *command, int argc, char **argv)
{
    rg_given *given = RG_NEW(rg_given);
    rg_err err = {0};
    given->arena = rg_arena_new();
    int code = RG_OK;
    if (!rg_options_parse(command, argc, argv, given, &err))
        code = rg_exit(&err);
    else if (given->help)
        rg_command_help(command);
    else
        code = command->run(given, &err);
    if (err.code != RG_OK) /* beside an answer that is no, the facts were printed already */
        report_error(&err, err.code != RG_NO && json_wanted(argc, argv));
    rg_arena_free(given->arena);
    rg_free(given);
    return code;
}

/* A study must not end with the terminal or the reader of its progress (SIGPIPE), nor at a
 * limit on the size of files (SIGXFSZ): both come back as errors of the write.  A descriptor
 * that is closed at the start would be given to the next file, which printing would then write
 * over. */
static void prepare_process(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static int answer(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : NULL;
    if (!first) {
        print_first_commands();
        return RG_OK;
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0 ||
        strcmp(first, "version") == 0) {
        printf("rigor %s\n", RG_VERSION);
        return RG_OK;
    }
    if (strcmp(first, "help") == 0 || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    const rg_command *command = find_command(first);
    return command ? run_command(command, argc - 2, argv + 2) : unknown_command(first);
}

int main(int argc, char **argv)
{
    prepare_process();
    return flush_output(answer(argc, argv));
}
