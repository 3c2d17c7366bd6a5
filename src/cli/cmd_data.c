/* cmd_data.c - the data sets that ship: origin, licence, checksum. */
#include "cli/command.h"

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
    printf("%s: %s\n  %lld rows, %s\n  licence  %s\n  origin   %s\n  sha256   %s\n",
           rg_json_text(s, "name", ""), rg_json_text(s, "title", ""),
           (long long)json_integer_value(json_object_get(s, "rows")),
           rg_json_text(s, "task", ""), rg_json_text(s, "licence", ""),
           rg_json_text(s, "origin", ""), rg_json_text(s, "sha256", ""));
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
        rg_fail(err, RG_INPUT, NULL,
                "rigor data lists them; a study can also name a file: data: {name: my.csv}",
                "there is no data set '%s'", wanted);
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
