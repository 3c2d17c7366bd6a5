/* render_csv.c - one row for each claim, with all its numbers at full precision (RFC 4180). */
#include "rigor/report.h"

#include <string.h>

/* Columns in the order of docs/json.md; "interval.0" is the first of a pair. */
static const char *const columns[] = {
    "claim",
    "a",
    "b",
    "relation",
    "situation",
    "verdict",
    "meaningful",
    "n",
    "estimate",
    "interval.0",
    "interval.1",
    "mean_difference",
    "p",
    "p_corrected",
    "p_signflip",
    "p_wilcoxon",
    "p_permutation",
    "p_mann_whitney",
    "p_brunner_munzel",
    "tost_p",
    "effect_size",
    "p_superior",
    "p_superior_interval.0",
    "p_superior_interval.1",
    "hodges_lehmann",
    "mde",
    "seeds_needed",
    "posterior.below",
    "posterior.inside",
    "posterior.above",
    "anytime.evidence",
    "anytime.threshold",
    "anytime.interval.0",
    "anytime.interval.1",
    "few",
    "sentence",
};

static void add_text(rg_str *ret, const char *text)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    rg_str_add(ret, quoted ? "\"" : "");
    for (; *text; text++)
        rg_str_printf(ret, *text == '"' ? "\"\"" : "%c", *text);
    rg_str_add(ret, quoted ? "\"" : "");
}

/* "interval.0" is also a path: the last part may be an index. */
static const json_t *value_at(const json_t *claim, const char *path)
{
    size_t len = strlen(path);
    if (!rg_text_ends(path, ".0") && !rg_text_ends(path, ".1"))
        return rg_json_path(claim, path);
    char array[64] = "";
    memcpy(array, path, len - 2);
    return json_array_get(rg_json_path(claim, array), (size_t)(path[len - 1] - '0'));
}

/* What does not exist is an empty cell. */
static void add_cell(rg_str *ret, const json_t *value)
{
    if (json_is_string(value))
        add_text(ret, json_string_value(value));
    else if (json_is_integer(value))
        rg_str_printf(ret, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        rg_str_printf(ret, "%.17g", json_real_value(value));
    else if (json_is_boolean(value))
        rg_str_add(ret, json_is_true(value) ? "true" : "false");
}

static bool render(const json_t *facts, bool colour, rg_str *ret, rg_err *err)
{
    (void)colour;
    (void)err;
    size_t row;
    json_t *claim;
    for (size_t i = 0; i < RG_COUNT(columns); i++) {
        rg_str_add(ret, i ? "," : "");
        rg_str_add(ret, columns[i]);
    }
    rg_str_add(ret, "\n");
    json_array_foreach (json_object_get(facts, "claims"), row, claim) {
        for (size_t i = 0; i < RG_COUNT(columns); i++) {
            rg_str_add(ret, i ? "," : "");
            add_cell(ret, value_at(claim, columns[i]));
        }
        rg_str_add(ret, "\n");
    }
    return true;
}

const rg_rendering rg_rendering_csv = {
    .name = "csv",
    .extension = "csv",
    .help = "one row for each claim, for spreadsheets",
    .render = render,
};
