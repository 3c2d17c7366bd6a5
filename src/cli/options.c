/* options.c - command lines from tables: --name VALUE, --name=VALUE, -j4, -j 4, --. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static size_t count_options(const rg_option *table)
{
    size_t n = 0;
    while (table[n].name)
        n++;
    return n;
}

static bool unknown_option(const rg_command *command, const char *text, rg_err *err)
{
    const char *names[RG_OPTIONS_MAX];
    size_t n = count_options(command->options);
    char name[64], remedy[160];
    for (size_t i = 0; i < n; i++)
        names[i] = command->options[i].name;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "="), text);
    const char *near = rg_text_nearest(name, names, n);
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean --%s?", near);
    else
        snprintf(remedy, sizeof(remedy), "rigor help %s lists its options", command->name);
    return rg_fail(err, RG_INPUT, NULL, remedy, "rigor %s has no option --%s", command->name,
                   name);
}

static bool add_to_list(rg_given *given, size_t at, const char *value, rg_err *err)
{
    char *copy = rg_arena_strdup(given->arena, value), *rest = NULL;
    for (char *item = strtok_r(copy, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
        if (given->n_list[at] + 1 == RG_COUNT(given->list[at]))
            return rg_fail(err, RG_INPUT, NULL, "use fewer", "too many values for one option");
        while (*item == ' ')
            item++;
        given->list[at][given->n_list[at]++] = item;
    }
    return true;
}

static bool take_integer(const rg_command *command, size_t at, const char *value, int64_t *ret,
                         rg_err *err)
{
    const rg_bounds *bounds = command->bounds;
    char remedy[80] = "give a number";
    while (bounds && bounds->most && bounds->option != (int)at)
        bounds++;
    bool bounded = bounds && bounds->most;
    if (bounded)
        snprintf(remedy, sizeof(remedy), "give a whole number from %lld to %lld",
                 (long long)bounds->least, (long long)bounds->most);
    bool ok = rg_text_int(value, ret) && *ret >= (bounded ? bounds->least : 0) &&
              (!bounded || *ret <= bounds->most);
    return ok || rg_fail(err, RG_INPUT, NULL, remedy, "--%s cannot be '%s'",
                         command->options[at].name, value);
}

static bool take_value(const rg_command *command, size_t at, const char *value, rg_given *given,
                       rg_err *err)
{
    const rg_option *o = &command->options[at];
    bool ok = true;
    given->flag[at] = true;
    given->text[at] = value;
    if (o->kind == RG_OPTION_INT)
        return take_integer(command, at, value, &given->integer[at], err);
    if (o->kind == RG_OPTION_NUMBER)
        ok = rg_text_double(value, &given->number[at]);
    else if (o->kind == RG_OPTION_LIST)
        return add_to_list(given, at, value, err);
    return ok ||
           rg_fail(err, RG_INPUT, NULL, "give a number", "--%s cannot be '%s'", o->name, value);
}

/* Finds the option that `text` (behind its dashes) names and the value glued to it, if any. */
static const rg_option *match(const rg_command *command, const char *text, bool letter,
                              const char **ret_glued)
{
    for (const rg_option *o = command->options; o->name; o++) {
        if (letter) {
            if (o->letter != text[0])
                continue;
            *ret_glued = text[1] ? text + 1 + (text[1] == '=') : NULL;
            return o;
        }
        size_t n = strlen(o->name);
        if (strncmp(text, o->name, n) != 0 || (text[n] != '\0' && text[n] != '='))
            continue;
        *ret_glued = text[n] ? text + n + 1 : NULL;
        return o;
    }
    return NULL;
}

static bool take_option(const rg_command *command, int argc, char **argv, int *i,
                        rg_given *given, rg_err *err)
{
    bool letter = argv[*i][1] != '-';
    const char *text = argv[*i] + (letter ? 1 : 2), *value = NULL;
    if (strcmp(text, "help") == 0 || strcmp(text, "h") == 0)
        return given->help = true;
    const rg_option *o = match(command, text, letter, &value);
    if (!o)
        return unknown_option(command, text, err);
    size_t at = (size_t)(o - command->options);
    if (o->kind == RG_OPTION_FLAG) {
        given->flag[at] = true;
        return !value || rg_fail(err, RG_INPUT, NULL, NULL, "--%s takes no value", o->name);
    }
    if (!value && *i + 1 >= argc)
        return rg_fail(err, RG_INPUT, NULL, "write it behind the option",
                       "--%s needs a value: %s", o->name, o->value);
    return take_value(command, at, value ? value : argv[++*i], given, err);
}

static bool count_fits(const rg_command *command, const rg_given *given, rg_err *err)
{
    char remedy[200];
    if (given->help || (given->n_arguments >= command->min_arguments &&
                        given->n_arguments <= command->max_arguments))
        return true;
    snprintf(remedy, sizeof(remedy), "usage: rigor %s %s", command->name, command->arguments);
    return rg_fail(err, RG_INPUT, NULL, remedy, "too %s arguments for %s",
                   given->n_arguments < command->min_arguments ? "few" : "many", command->name);
}

bool rg_options_parse(const rg_command *command, int argc, char **argv, rg_given *given,
                      rg_err *err)
{
    bool only_arguments = false;
    for (int i = 0; i < argc; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_option(command, argc, argv, &i, given, err))
                return false;
        } else if (given->n_arguments < RG_ARGUMENTS_MAX) {
            if (!rg_utf8_valid(argv[i], strlen(argv[i])))
                return rg_fail(err, RG_INPUT, NULL, "use a terminal and file names in UTF-8",
                               "'%s' is not UTF-8 text", argv[i]);
            given->argument[given->n_arguments++] = argv[i];
        }
    }
    return count_fits(command, given, err);
}

/* Paragraphs are wrapped; those that begin with a space are examples and stand as they are. */
static void print_text(const char *text)
{
    for (const char *end; *text; text = end + strspn(end, "\n")) {
        end = strstr(text, "\n\n");
        end = end ? end : text + strlen(text);
        rg_str paragraph = {0};
        rg_str_add_n(&paragraph, text, (size_t)(end - text));
        if (*text == ' ')
            printf("%s\n", rg_str_text(&paragraph));
        else
            rg_print_wrapped(stdout, "", rg_str_text(&paragraph));
        rg_str_free(&paragraph);
        printf("%s", *end ? "\n" : "");
    }
}

static void print_option(const rg_option *o)
{
    char name[64], left[80];
    snprintf(name, sizeof(name), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
             o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
             o->value ? o->value : "");
    snprintf(left, sizeof(left), "  %-22s ", name);
    rg_print_wrapped(stdout, left, o->help);
}

void rg_command_help(const rg_command *command)
{
    printf("usage: rigor %s%s%s%s\n\n", command->name,
           command->options[0].name ? " [OPTIONS]" : "", *command->arguments ? " " : "",
           command->arguments);
    print_text(command->text);
    if (command->options[0].name)
        printf("\noptions:\n");
    for (const rg_option *o = command->options; o->name; o++)
        print_option(o);
}
