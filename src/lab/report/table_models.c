/* table_models.c - fixed models on one test set, each pair compared. */
#include "lab/report/table.h"

#include "lab/report/format.h"

#include <math.h>
#include <string.h>

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

/* A column of pairs; what decides tells which of them are about the metric. */
typedef struct pair_column {
    const char *title, *key;
    format (*format)(double value);
    const char *decides;
} pair_column;

static format share(double value)
{
    return format_number(value, 0);
}

static const pair_column columns_of[] = {
    {"only A right", "only_a", format_count, "mcnemar"},
    {"only B right", "only_b", format_count, "mcnemar"},
    {"p, McNemar", "p_mcnemar", format_p, "mcnemar"},
    {"AUC of A", "auc_a", share, "delong"},
    {"AUC of B", "auc_b", share, "delong"},
    {"p, DeLong", "p_delong", format_p, "delong"},
};
enum { PAIR_CELLS = RG_COUNT(columns_of) + 3 };

static bool is_shown(const pair_column *column, const json_t *facts)
{
    const json_t *first = json_array_get(json_object_get(facts, "claims"), 0);
    const json_t *methods = json_object_get(first, "methods");
    return !strcmp(rg_json_text(methods, "decides", ""), column->decides);
}

static void add_pair(json_t *table, const json_t *facts, const json_t *pair)
{
    const json_t *bootstrap = json_object_get(pair, "bootstrap");
    const json_t *interval = json_object_get(bootstrap, "interval");
    double half = format_half(interval);
    rg_str names = {0}, difference = {0};
    rg_str_printf(&names, "%s − %s", rg_json_text(pair, "a", "?"),
                  rg_json_text(pair, "b", "?"));
    rg_str_printf(&difference, "%s (%s)",
                  format_number(number(bootstrap, "estimate"), half).text,
                  format_interval(interval).text);
    const char *cells[PAIR_CELLS] = {rg_str_text(&names), rg_str_text(&difference)};
    format text[RG_COUNT(columns_of)];
    for (size_t i = 0, n = 2; i < RG_COUNT(columns_of); i++) {
        if (!is_shown(&columns_of[i], facts))
            continue;
        text[i] = columns_of[i].format(number(pair, columns_of[i].key));
        cells[n++] = text[i].text;
    }
    table_row(table, cells);
    rg_str_free(&names);
    rg_str_free(&difference);
}

json_t *table_model_pairs(const json_t *facts)
{
    const char *columns[PAIR_CELLS] = {"pair", "difference"};
    rg_str title = {0};
    for (size_t i = 0, n = 2; i < RG_COUNT(columns_of); i++)
        if (is_shown(&columns_of[i], facts))
            columns[n++] = columns_of[i].title;
    rg_str_printf(
        &title, "Pairs of models on %s examples",
        format_count(rg_json_number(rg_json_path(facts, "models.examples"), NAN)).text);
    json_t *table = table_new(rg_str_text(&title), "lrrrr", columns);
    rg_str_free(&title);
    size_t i;
    json_t *pair;
    json_array_foreach (rg_json_path(facts, "models.pairs"), i, pair)
        add_pair(table, facts, pair);
    return table_or_null(table);
}
