/* command.h - a command is one file, cmd_NAME.c, with one const table entry. */
#ifndef RIGOR_CLI_COMMAND_H
#define RIGOR_CLI_COMMAND_H

#include "rigor/base.h"
#include "rigor/report.h"
#include "rigor/store.h"
#include "rigor/study.h"

#include <stdio.h>

typedef enum rg_option_kind {
    RG_OPTION_FLAG,
    RG_OPTION_TEXT,
    RG_OPTION_INT,
    RG_OPTION_NUMBER,
    RG_OPTION_LIST
} rg_option_kind;

typedef struct rg_option {
    const char *name; /* "--json" is "json" */
    char letter;      /* 'j' for -j; 0: none */
    rg_option_kind kind;
    const char *value; /* what the help calls the value: "N"; NULL for flags */
    const char *help;
} rg_option;

/* Of a command's numbers; one that is not listed may be any from 0. */
typedef struct rg_bounds {
    int option;          /* its place in the table */
    int64_t least, most; /* most 0: the list's end */
} rg_bounds;

#define RG_OPTIONS_MAX 24
#define RG_ARGUMENTS_MAX 256

/* What was given, by the option's place in the table. */
typedef struct rg_given {
    bool flag[RG_OPTIONS_MAX]; /* also: whether it was given at all */
    const char *text[RG_OPTIONS_MAX];
    int64_t integer[RG_OPTIONS_MAX];
    double number[RG_OPTIONS_MAX];
    const char *list[RG_OPTIONS_MAX][32]; /* comma-separated or repeated; NULL-terminated */
    size_t n_list[RG_OPTIONS_MAX];
    const char *argument[RG_ARGUMENTS_MAX];
    size_t n_arguments;
    bool help;
    rg_arena *arena; /* of the command: freed when it returns */
} rg_given;

typedef struct rg_command {
    const char *name;
    const char *arguments; /* "STUDY [KEY=VALUE ...]" */
    const char *summary;   /* one line for the list */
    const char *text;      /* a paragraph and an example */
    int rank;    /* > 0: among the commands that a bare `rigor` shows, in this order */
    bool hidden; /* not for people */
    const rg_bounds *bounds;  /* NULL: none */
    const rg_option *options; /* ends with name == NULL */
    size_t min_arguments, max_arguments;
    /* Returns the exit code; on failure fills err, which the caller prints (as JSON with
     * --json). */
    int (*run)(const rg_given *given, rg_err *err);
} rg_command;
extern const rg_command *const rg_commands[];

/* Every command's --json; find it by name. */
#define RG_OPTION_JSON \
    { \
        "json", 0, RG_OPTION_FLAG, NULL, "print JSON (docs/json.md)" \
    }

bool rg_options_parse(const rg_command *command, int argc, char **argv, rg_given *given,
                      rg_err *err);
void rg_command_help(const rg_command *command);

/* ---- Shared by commands (shared.c) */
const rg_catalog *
rg_catalog_native(void); /* the models of the zoo and of files, the training loop's table */
const char *rg_studies_dir(void); /* RIGOR_STUDIES or "studies" */
/* The path of an example that ships: here, or where the program was installed. */
const char *rg_example_path(const char *name, rg_arena *arena);
/* This program as a worker of the study: {path, "worker" or "launch", a shared object for each
 * of its own models, NULL}; those are compiled where the cache does not hold them. */
bool rg_worker_command(const rg_study *study, rg_arena *arena, const char *const **ret,
                       rg_err *err);
enum { RG_JOBS_MAX = 1024 }; /* worker processes */
/* A study's folder from its name, its folder or its study file; an error names the nearest. */
bool rg_study_folder(const char *what, rg_arena *arena, const char **ret, rg_err *err);
/* The name of the only study here. */
bool rg_study_only(rg_arena *arena, const char **ret, rg_err *err);

/* A study that has begun: its folder, ledger, and the study as the ledger recorded it. */
typedef struct rg_opened {
    rg_arena *arena;
    const char *dir;
    rg_ledger *ledger;
    rg_study *study;
} rg_opened;
bool rg_study_open(const char *what, rg_ledger_mode mode, rg_opened *ret, rg_err *err);
void rg_study_close(rg_opened *opened);
rg_study *rg_study_of_ledger(rg_ledger *ledger, rg_err *err);

/* The study that the arguments name, with their overrides.  NULL when it has mistakes, which
 * are then printed, or when there is no such file, which err says (plan_text.c). */
rg_study *rg_study_of_arguments(const rg_given *given, bool exploratory, bool as_json,
                                rg_err *err);
void rg_plan_print(const rg_study *study, const json_t *plan, FILE *out);

/* A rendering by its name ("md" is markdown); NULL and an error that lists them. */
const rg_rendering *rg_rendering_named(const char *name, rg_err *err);

/* Says in facts["environment"]["path"] where the study lies now. */
void rg_facts_place(json_t *facts, const char *dir);

/* ---- Text for people (words.c) */
void rg_add_value(rg_str *ret, const json_t *value); /* relu, 0.001, [64, 64] */
/* Wrapped at 80 columns behind `first`, which no further line gets under. */
void rg_print_wrapped(FILE *out, const char *first, const char *text);

/* {"checks": [{"name", "status", "detail"}]}, a line each; what is not "pass" is "FAIL". */
void rg_print_checks(const json_t *report);
/* The same of a study's program (conformance.h), with remedies; nothing for NULL. */
void rg_trainer_print(const json_t *facts, FILE *out);
void rg_print_json(json_t *value); /* pretty, on stdout; steals the reference */
bool rg_colour_wanted(int fd);     /* a terminal, no NO_COLOR, TERM is not dumb */
int rg_exit(const rg_err *err);    /* the code of err as an exit code */

#endif
