/* table_trainer.c - what a program that trained tells beside its scores: what it tried to open. */
#include "lab/report/table.h"

#include "lab/report/format.h"

#include <math.h>

const char *table_step(const json_t *facts)
{
    return json_object_get(facts, "trainer") ? "step" : "epoch";
}

json_t *table_tried(const json_t *facts)
{
    static const char *const columns[] = {"trial or run", "tried to open", "as", "by", NULL};
    json_t *table = table_new("Attempts on what is hidden", "llll", columns), *one;
    size_t i;
    json_array_foreach (rg_json_path(facts, "seal.tried"), i, one) {
        rg_str who = {0};
        rg_str_printf(&who, "%s %s/%.0f", rg_json_text(one, "stage", ""),
                      rg_json_text(one, "arm", ""),
                      rg_json_number(json_object_get(one, "number"), NAN));
        const char *cells[] = {rg_str_text(&who), rg_json_text(one, "path", ""),
                               rg_json_text(one, "as", ""), rg_json_text(one, "call", ""),
                               NULL};
        table_row(table, cells);
        rg_str_free(&who);
    }
    return table_or_null(table);
}
