/* table_models.c - fixed models on one test set, each pair compared. */
#include "lab/report/table.h"

#include "lab/report/format.h"

#include <math.h>
#include <string.h>

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

static void add_pair(json_t *table, const json_t *pair)
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
    table_row(table, CELLS(rg_str_text(&names), rg_str_text(&difference),
                           format_count(number(pair, "only_a")).text,
                           format_count(number(pair, "only_b")).text,
                           format_p(number(pair, "p_mcnemar")).text,
                           format_number(number(pair, "auc_a"), 0).text,
                           format_number(number(pair, "auc_b"), 0).text,
                           format_p(number(pair, "p_delong")).text));
    rg_str_free(&names);
    rg_str_free(&difference);
}

/* Right and wrong need labels or scores, areas under the curve need scores: columns stand in
 * that order, and those without numbers are cut off. */
json_t *table_model_pairs(const json_t *facts)
{
    const char *kind = rg_json_text(json_object_get(facts, "models"), "kind", "scores");
    const char *columns[] = {"pair",         "difference", "only A right",
                             "only B right", "p, McNemar", "AUC of A",
                             "AUC of B",     "p, DeLong",  NULL};
    columns[!strcmp(kind, "numbers") ? 2 : !strcmp(kind, "labels") ? 5 : 8] = NULL;
    rg_str title = {0};
    rg_str_printf(
        &title, "Pairs of models on %s examples",
        format_count(rg_json_number(rg_json_path(facts, "models.examples"), NAN)).text);
    json_t *table = table_new(rg_str_text(&title), "lrrrrrrr", columns);
    rg_str_free(&title);
    size_t i;
    json_t *pair;
    json_array_foreach (rg_json_path(facts, "models.pairs"), i, pair)
        add_pair(table, pair);
    return table_or_null(table);
}
