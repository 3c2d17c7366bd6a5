/* check_constants.c - columns that tell nothing: empty, constant, mostly missing. */
#include "lab/audit/audit.h"

enum { NAMED = 20 };

typedef struct kind {
    rg_severity severity;
    const char *remedy, *one, *many;
    bool (*is)(const rg_codes *codes);
} kind;

static bool is_empty(const rg_codes *codes)
{
    return codes->count == 0;
}

static bool is_constant(const rg_codes *codes)
{
    return codes->count == 1 && codes->missing == 0;
}

static bool is_mostly_missing(const rg_codes *codes)
{
    return codes->count > 0 && 2 * codes->missing > codes->n;
}

static const kind kinds[] = {
    {RG_FINDING_WARNING, "remove them", "column has no value in the training part",
     "columns have no value in the training part", is_empty},
    {RG_FINDING_NOTE, "remove them, or ask why they never change",
     "column has one value in the whole training part",
     "columns have one value in the whole training part", is_constant},
    {RG_FINDING_NOTE, "remove them, or say what missing means in a column of its own",
     "column is missing in more than half of the training rows",
     "columns are missing in more than half of the training rows", is_mostly_missing},
};

static bool run(audit *a)
{
    json_t *names[RG_COUNT(kinds)];
    size_t count[RG_COUNT(kinds)] = {0};
    for (size_t k = 0; k < RG_COUNT(kinds); k++)
        names[k] = json_array();
    for (size_t c = 0; c < a->data->features; c++) {
        rg_codes codes = audit_encode(a, c, a->some[0].at, a->some[0].n);
        for (size_t k = 0; k < RG_COUNT(kinds); k++)
            if (kinds[k].is(&codes) && count[k]++ < NAMED)
                json_array_append_new(names[k], json_string(audit_column(a, c)));
        rg_codes_free(&codes);
    }
    for (size_t k = 0; k < RG_COUNT(kinds); k++) {
        const char *where = count[k] == 1 ? json_string_value(json_array_get(names[k], 0)) : "";
        if (count[k])
            audit_find(
                a, kinds[k].severity, where,
                json_pack("{s:I, s:O}", "count", (json_int_t)count[k], "columns", names[k]),
                kinds[k].remedy, "%zu %s", count[k],
                count[k] == 1 ? kinds[k].one : kinds[k].many);
        json_decref(names[k]);
    }
    return true;
}

const audit_check audit_check_constants = {.name = "constants", .run = run};
