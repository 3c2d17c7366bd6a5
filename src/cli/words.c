/* words.c - text for people: values as they would write them, lines that fit a terminal. */
#include "cli/command.h"

#include "lab/report/terminal.h"

#include <string.h>
#include <unistd.h>

#define COLUMNS 80

void rg_add_value(rg_str *ret, const json_t *value)
{
    size_t i;
    json_t *item;
    if (json_is_string(value)) {
        rg_str_add(ret, json_string_value(value));
    } else if (json_is_number(value)) {
        rg_str_printf(ret, "%.12g", json_number_value(value));
    } else if (json_is_array(value)) {
        json_array_foreach (value, i, item) {
            rg_str_add(ret, i ? ", " : "[");
            rg_add_value(ret, item);
        }
        rg_str_add(ret, i ? "]" : "[]");
    } else {
        char *text = rg_json_canonical(value);
        rg_str_add(ret, text);
        rg_free(text);
    }
}

void rg_print_wrapped(FILE *out, const char *first, const char *text)
{
    rg_str lines = {0};
    terminal_add_wrapped(&lines, text, terminal_width(first), COLUMNS);
    fprintf(out, "%s%s", first, rg_str_text(&lines));
    rg_str_free(&lines);
}

void rg_print_checks(const json_t *report)
{
    size_t i;
    json_t *check;
    int width = 9;
    bool colour = rg_colour_wanted(STDOUT_FILENO);
    json_array_foreach (json_object_get(report, "checks"), i, check) {
        int own = (int)strlen(rg_json_text(check, "name", ""));
        width = own > width ? own : width;
    }
    json_array_foreach (json_object_get(report, "checks"), i, check) {
        bool pass = strcmp(rg_json_text(check, "status", ""), "pass") == 0;
        printf("%s%s%s  %-*s %s\n", colour ? (pass ? "\033[32m" : "\033[31m") : "",
               pass ? "pass" : "FAIL", colour ? "\033[0m" : "", width,
               rg_json_text(check, "name", ""), rg_json_text(check, "detail", ""));
    }
}
