/* check_identifiers.c - columns that number the rows, and texts that are no categories. */
#include "lab/audit/audit.h"

enum { LEVELS_MAX = 1000 }; /* of the one-hot encoding */

static void report(audit *a, size_t column, const rg_codes *codes, const uint32_t *rows)
{
    const char *name = audit_column(a, column);
    bool text = rg_dataset_texts(a->data, column) != NULL;
    audit_order order = {0};
    if (!text && !codes->missing)
        order = audit_order_of(a, column, rows, codes->n);
    bool counts = order.ascending || order.descending;
    audit_find(
        a, RG_FINDING_WARNING, name,
        json_pack("{s:I, s:I}", "values", (json_int_t)codes->count, "rows",
                  (json_int_t)codes->n),
        "remove it: what is learned about a number of a row is of no use for another row",
        "'%s' looks like an identifier: %zu different %s in %zu rows%s", name, codes->count,
        text ? "texts" : "whole numbers", codes->n, counts ? ", in the order of the rows" : "");
}

static void report_levels(audit *a, size_t column, size_t levels)
{
    const char *name = audit_column(a, column);
    audit_find(a, RG_FINDING_WARNING, name, json_pack("{s:I}", "values", (json_int_t)levels),
               "remove it, or make numbers of it before the study",
               "'%s' has %zu different texts in train: more than the %d that can be encoded",
               name, levels, LEVELS_MAX);
}

static bool run(audit *a)
{
    size_t n;
    uint32_t *rows = audit_all_rows(a, &n);
    for (size_t c = 0; c < a->data->features; c++) {
        rg_codes codes = audit_encode(a, c, rows, n);
        bool identifies = audit_is_identifier(a, c, &codes) &&
                          !audit_name_has(audit_column(a, c), audit_time_words);
        if (identifies)
            report(a, c, &codes, rows);
        rg_codes_free(&codes);
        if (identifies || !rg_dataset_texts(a->data, c))
            continue;
        codes = audit_encode(a, c, a->some[0].at, a->some[0].n);
        if (codes.count > LEVELS_MAX)
            report_levels(a, c, codes.count);
        rg_codes_free(&codes);
    }
    rg_free(rows);
    return true;
}

const audit_check audit_check_identifiers = {.name = "identifiers", .run = run};
