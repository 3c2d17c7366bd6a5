/* trainer_text.c - what a check of a study's program found, a line for each thing looked at. */
#include "cli/command.h"

#include <string.h>
#include <unistd.h>

static const struct {
    const char *status, *word, *colour;
} looks[] = {{"pass", "pass", "\033[32m"},
             {"fail", "FAIL", "\033[31m"},
             {"note", "note", "\033[33m"},
             {"skip", "skip", "\033[2m"}};

static void print_check(const json_t *check, bool colour, FILE *out)
{
    size_t k = 0;
    const char *status = rg_json_text(check, "status", ""), *remedy;
    while (k + 1 < RG_COUNT(looks) && strcmp(looks[k].status, status) != 0)
        k++;
    rg_str head = {0};
    rg_str_printf(&head, "  %s%s%s  %-12s ", colour ? looks[k].colour : "", looks[k].word,
                  colour ? "\033[0m" : "", rg_json_text(check, "name", ""));
    rg_print_wrapped(out, rg_str_text(&head), rg_json_text(check, "detail", ""));
    if ((remedy = rg_json_text(check, "remedy", NULL)) != NULL)
        rg_print_wrapped(out, "                     -> ", remedy);
    rg_str_free(&head);
}

void rg_trainer_print(const json_t *facts, FILE *out)
{
    size_t i;
    json_t *check;
    bool colour = rg_colour_wanted(fileno(out));
    if (!json_is_object(facts))
        return;
    fprintf(out, "trainer: arm %s, started %lld time%s\n", rg_json_text(facts, "arm", ""),
            (long long)json_integer_value(json_object_get(facts, "trainings")),
            json_integer_value(json_object_get(facts, "trainings")) == 1 ? "" : "s");
    json_array_foreach (json_object_get(facts, "checks"), i, check)
        print_check(check, colour, out);
}
