/* table_looks.c - the looks of a study that added seeds: how the evidence grew. */
#include "lab/report/table.h"

#include "lab/report/format.h"

#include <math.h>

enum { CLAIMS_SHOWN = 6 };

static double real(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

static void look_row(json_t *table, const json_t *look, size_t n)
{
    const json_t *claims = json_object_get(look, "claims");
    format seeds = format_count(real(look, "seeds")), evidence[CLAIMS_SHOWN];
    const char *cells[CLAIMS_SHOWN + 2] = {seeds.text};
    for (size_t i = 0; i < n; i++) {
        double value = real(json_array_get(claims, i), "evidence");
        evidence[i] = format_number(value, value < 100 ? .05 * value : 1);
        cells[i + 1] = evidence[i].text;
    }
    table_row(table, cells);
}

json_t *table_looks(const json_t *facts)
{
    const json_t *looks = rg_json_path(facts, "sequential.looks");
    const json_t *claims = json_object_get(json_array_get(looks, 0), "claims");
    size_t n = json_array_size(claims), i;
    const char *columns[CLAIMS_SHOWN + 2] = {"seeds"};
    n = n < CLAIMS_SHOWN ? n : CLAIMS_SHOWN;
    for (i = 0; i < n; i++)
        columns[i + 1] = rg_json_text(json_array_get(claims, i), "claim", "?");
    double threshold = real(json_array_get(claims, 0), "threshold");
    rg_str title = {0};
    rg_str_printf(&title, "Evidence at each look (%s settles a claim)",
                  format_number(threshold, 0).text);
    json_t *table = table_new(rg_str_text(&title), "rrrrrrr", columns), *look;
    rg_str_free(&title);
    json_array_foreach (looks, i, look)
        look_row(table, look, n);
    return table_or_null(table);
}
