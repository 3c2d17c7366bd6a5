/* cmd_data.c - the data sets that ship: origin, licence, checksum. */
#include "cli/command.h"

#include "data/registry.h"
#include "rigor/data.h"

#include <stdio.h>
#include <string.h>

enum { JSON };
static const rg_option options[] = {[JSON] = RG_OPTION_JSON, {0}};

static json_t *source_json(const rg_data_source *s)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "name", s->name, "title",
                     s->title, "task", s->task == RG_CLASSIFY ? "classify" : "regress", "rows",
                     (json_int_t)s->rows, "licence", s->licence, "origin", s->origin, "file",
                     s->file, "sha256", s->sha256);
}

static void print_source(const json_t *s)
{
    bool classes = strcmp(rg_json_text(s, "task", ""), "classify") == 0;
    printf("%s: %s\n  rows     %lld, for %s\n", rg_json_text(s, "name", ""),
           rg_json_text(s, "title", ""),
           (long long)json_integer_value(json_object_get(s, "rows")),
           classes ? "classification" : "regression");
    rg_print_wrapped(stdout, "  licence  ", rg_json_text(s, "licence", ""));
    rg_print_wrapped(stdout, "  origin   ", rg_json_text(s, "origin", ""));
    rg_print_wrapped(stdout, "  sha256   ", rg_json_text(s, "sha256", ""));
}

static void no_such_data(const char *name, rg_arena *arena, rg_err *err)
{
    const char *near = rg_data_source_nearest(name);
    rg_fail(err, RG_INPUT, NULL,
            near ? rg_arena_printf(arena, "did you mean %s?", near)
                 : "rigor data lists them; a study can also name a file: data: {name: my.csv}",
            "there is no data set '%s'", name);
}

static int run(const rg_given *given, rg_err *err)
{
    const char *wanted = given->n_arguments ? given->argument[0] : NULL;
    json_t *sources = json_array(), *source;
    size_t i;
    for (const rg_data_source *s = rg_data_sources; s->name; s++)
        if (!wanted || strcmp(wanted, s->name) == 0)
            json_array_append_new(sources, source_json(s));
    if (wanted && json_array_size(sources) == 0)
        no_such_data(wanted, given->arena, err);
    else if (given->flag[JSON])
        rg_print_json(json_incref(sources));
    else
        json_array_foreach (sources, i, source)
            print_source(source);
    json_decref(sources);
    return rg_exit(err);
}

const rg_command rg_command_data = {
    .name = "data",
    .arguments = "[NAME]",
    .summary = "the data sets that are built in, with licence and checksum",
    .text = "A study can also name a file of its own: data: {name: my.csv, target: label}.\n\n"
            "  rigor data digits",
    .options = options,
    .max_arguments = 1,
    .run = run,
};
