/* audit.c - all checks in their order, and what they found, the worst first. */
#include "lab/audit/audit.h"

#include <string.h>

#define CELLS_MAX 4000000 /* cells that checks of columns look at */
#define ROWS_MIN 1000     /* of a part, whatever the number of columns */

const char *const audit_part_names[AUDIT_PARTS] = {"train", "val", "test"};

static const audit_check *const checks[] = {
    &audit_check_duplicates,  &audit_check_near,      &audit_check_texts,
    &audit_check_leakage,     &audit_check_groups,    &audit_check_times,
    &audit_check_identifiers, &audit_check_constants, &audit_check_classes,
    &audit_check_drift,       &audit_check_labels,
};

static const char *const severities[] = {"note", "warning", "danger"};

/* ---- Findings */

void audit_find(audit *a, rg_severity severity, const char *where, json_t *evidence,
                const char *remedy, const char *fmt, ...)
{
    rg_str what = {0};
    va_list args;
    va_start(args, fmt);
    rg_str_vprintf(&what, fmt, args);
    va_end(args);
    json_array_append_new(a->findings,
                          json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "check", a->check,
                                    "severity", severities[severity], "where", where, "what",
                                    rg_str_text(&what), "evidence",
                                    evidence ? evidence : json_object(), "remedy", remedy));
    rg_str_free(&what);
}

void audit_add_rows(const audit *a, json_t *evidence, const uint32_t *rows, size_t n)
{
    json_t *list = json_array(), *lines = json_array();
    const rg_table *table = a->data->table;
    for (size_t i = 0; i < n && i < AUDIT_EXAMPLES; i++) {
        json_array_append_new(list, json_integer(rows[i]));
        if (table && table->line)
            json_array_append_new(lines, json_integer((json_int_t)table->line[rows[i]]));
    }
    json_object_set_new(evidence, "rows", list);
    if (json_array_size(lines))
        json_object_set(evidence, "lines", lines);
    json_decref(lines);
}

const char *audit_column(const audit *a, size_t column)
{
    return rg_dataset_column_name(a->data, column, a->arena);
}

static size_t severity_of(const json_t *finding)
{
    const char *word = rg_json_text(finding, "severity", "");
    size_t s = 0;
    while (s + 1 < RG_COUNT(severities) && strcmp(word, severities[s]) != 0)
        s++;
    return s;
}

/* The worst first; those of one severity in the order of the checks. */
static json_t *sorted(const json_t *findings, json_t *counts)
{
    json_t *list = json_array(), *finding;
    for (size_t s = RG_COUNT(severities), i; s-- > 0;) {
        size_t before = json_array_size(list);
        json_array_foreach (findings, i, finding)
            if (severity_of(finding) == s)
                json_array_append(list, finding);
        json_object_set_new(counts, severities[s],
                            json_integer((json_int_t)(json_array_size(list) - before)));
    }
    return list;
}

/* ---- Rows */

/* At most `limit` of the rows, ascending. */
static audit_rows sample(audit *a, int part, size_t limit)
{
    audit_rows all = a->part[part];
    if (all.n <= limit)
        return all;
    uint32_t *list = RG_ARENA_ARRAY(a->arena, uint32_t, all.n);
    memcpy(list, all.at, all.n * sizeof(*list));
    rg_rng rng = rg_rng_open(a->options.seed, "audit/columns/%s", audit_part_names[part]);
    rg_rng_shuffle(&rng, list, all.n);
    audit_sort(list, limit);
    return (audit_rows){list, limit};
}

static size_t choose_rows(audit *a)
{
    size_t rows = a->data->rows, used = 0;
    double fit = (double)CELLS_MAX / (double)a->data->features / (double)rows;
    for (int p = 0; p < AUDIT_PARTS; p++) {
        size_t limit = (size_t)(fit * (double)a->part[p].n);
        a->some[p] = sample(a, p, limit > ROWS_MIN ? limit : ROWS_MIN);
        used += a->some[p].n;
    }
    return used;
}

/* ---- The whole */

static json_t *assemble(const audit *a, size_t columns_of, const json_t *names)
{
    const rg_dataset *data = a->data;
    const rg_split *split = a->split;
    json_t *counts = json_object(), *findings = sorted(a->findings, counts);
    json_t *about = json_pack("{s:s, s:I, s:I, s:s, s:I}", "name", data->name, "rows",
                              (json_int_t)data->rows, "features", (json_int_t)data->features,
                              "task", data->task == RG_CLASSIFY ? "classify" : "regress",
                              "classes", (json_int_t)data->classes);
    json_t *cut = json_pack("{s:I, s:I, s:I, s:I}", "train", (json_int_t)split->n_train, "val",
                            (json_int_t)split->n_val, "test", (json_int_t)split->n_test,
                            "left_out", (json_int_t)split->left_out);
    return json_pack("{s:s, s:o, s:o, s:O, s:I, s:I, s:o, s:o}", "format", "rigor-audit/1",
                     "data", about, "split", cut, "checks", names, "seed",
                     (json_int_t)a->options.seed, "columns_of", (json_int_t)columns_of,
                     "counts", counts, "findings", findings);
}

json_t *rg_audit(const rg_dataset *data, const rg_split *split, const rg_audit_options *options,
                 rg_err *err)
{
    audit a = {.data = data,
               .split = split,
               .options = *options,
               .part = {{split->train, split->n_train},
                        {split->val, split->n_val},
                        {split->test, split->n_test}},
               .arena = rg_arena_new(),
               .findings = json_array(),
               .err = err};
    a.twin = RG_ARENA_ARRAY(a.arena, bool, data->rows);
    size_t columns_of = choose_rows(&a);
    json_t *names = json_array(), *result = NULL;
    bool good = true;
    for (size_t i = 0; good && i < RG_COUNT(checks); i++) {
        if (options->quick && checks[i]->slow)
            continue;
        a.check = checks[i]->name;
        good = checks[i]->run(&a);
        json_array_append_new(names, json_string(a.check));
    }
    if (good)
        result = assemble(&a, columns_of, names);
    json_decref(names);
    json_decref(a.findings);
    rg_arena_free(a.arena);
    return result;
}
