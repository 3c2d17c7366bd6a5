/* table_record.c - the tables of what was run on what: the data and the environment. */
#include "lab/report/table.h"

#include "lab/report/format.h"

#include <math.h>
#include <string.h>

typedef enum cell { CELL_ANY, CELL_SECONDS, CELL_BYTES, CELL_NUMBER } cell;
typedef struct line { /* what a row shows: a dotted path into the facts */
    const char *label, *path;
    cell kind;
} line;

static void cell_text(rg_str *ret, const json_t *value, cell kind)
{
    double number = rg_json_number(value, NAN);
    if (kind == CELL_SECONDS)
        rg_str_add(ret, format_seconds(number).text);
    else if (kind == CELL_BYTES)
        rg_str_add(ret, format_bytes(number).text);
    else if (kind == CELL_NUMBER)
        rg_str_add(ret, format_number(number, 0).text);
    else
        format_json(ret, value);
}

static json_t *table_lines(const json_t *facts, const char *title, const line *lines, size_t n)
{
    json_t *table = table_new(title, "ll", CELLS("", ""));
    for (size_t i = 0; i < n; i++) {
        const json_t *value = rg_json_path(facts, lines[i].path);
        if (!value || json_is_null(value))
            continue;
        rg_str text = {0};
        cell_text(&text, value, lines[i].kind);
        if (text.len)
            table_row(table, CELLS(lines[i].label, rg_str_text(&text)));
        rg_str_free(&text);
    }
    return table_or_null(table);
}

json_t *table_data(const json_t *facts)
{
    static const line lines[] = {
        {"data", "data.name", CELL_ANY},
        {"title", "data.title", CELL_ANY},
        {"task", "data.task", CELL_ANY},
        {"rows", "data.rows", CELL_ANY},
        {"features", "data.features", CELL_ANY},
        {"classes", "data.classes", CELL_ANY},
        {"licence", "data.licence", CELL_ANY},
        {"origin", "data.origin", CELL_ANY},
        {"folds", "data.split.folds", CELL_ANY},
        {"training rows", "data.split.train", CELL_ANY},
        {"validation rows", "data.split.val", CELL_ANY},
        {"test rows", "data.split.test", CELL_ANY},
        {"stratified", "data.split.stratify", CELL_ANY},
        {"scaling", "data.scale", CELL_ANY},
        {"seed of the split", "data.split.seed", CELL_ANY},
        {"SHA-256 of the data", "data.hash", CELL_ANY},
        {"SHA-256 of the split", "data.split.hash", CELL_ANY},
        {"SHA-256 of the test labels", "seal.labels_sha256", CELL_ANY},
        {"times the labels were opened", "seal.openings", CELL_ANY},
    };
    return table_lines(facts, "Data and split", lines, RG_COUNT(lines));
}

json_t *table_environment(const json_t *facts)
{
    static const line lines[] = {
        {"wall time", "environment.wall_s", CELL_SECONDS},
        {"processor time", "environment.cpu_s", CELL_SECONDS},
        {"joules of the machine's processors", "environment.energy_j", CELL_NUMBER},
        {"peak memory", "environment.peak_bytes", CELL_BYTES},
        {"trials a second", "environment.trials_per_s", CELL_NUMBER},
        {"started", "environment.created", CELL_ANY},
        {"finished", "environment.finished", CELL_ANY},
        {"rigor", "environment.rigor", CELL_ANY},
        {"machine", "environment.machine", CELL_ANY},
        {"processor", "environment.cpu", CELL_ANY},
        {"kernel", "environment.kernel", CELL_ANY},
        {"compiler", "environment.compiler", CELL_ANY},
        {"libraries", "environment.libraries", CELL_ANY},
        {"git", "environment.git", CELL_ANY},
        {"sandbox of the trials", "environment.sandbox", CELL_ANY},
        {"ended from outside and started again", "environment.restarts", CELL_ANY},
        {"folder", "environment.path", CELL_ANY},
        {"fingerprint of the results", "fingerprint", CELL_ANY},
        {"head of the ledger", "ledger_head", CELL_ANY},
    };
    return table_lines(facts, "Costs and environment", lines, RG_COUNT(lines));
}

/* What one final run cost, in the mean of an arm's runs. */
json_t *table_costs(const json_t *facts)
{
    json_t *table =
        table_new("One final run, in the mean", "lrrrr",
                  CELLS("arm", "parameters", "steps", "wall time", "processor time"));
    size_t i;
    json_t *cost;
    json_array_foreach (rg_json_path(facts, "environment.costs"), i, cost) {
        double wall = rg_json_number(json_object_get(cost, "wall_s"), NAN);
        double cpu = rg_json_number(json_object_get(cost, "cpu_s"), NAN);
        double steps = rg_json_number(json_object_get(cost, "steps"), NAN);
        double parameters = rg_json_number(json_object_get(cost, "parameters"), NAN);
        if (isfinite(wall) || isfinite(parameters))
            table_row(table, CELLS(rg_json_text(cost, "arm", "?"),
                                   format_count(parameters).text, format_count(steps).text,
                                   format_seconds(wall).text, format_seconds(cpu).text));
    }
    return table_or_null(table);
}

/* ---- Confounds: those that are figures, and those that are of the environment */

static void add_all(json_t *ret, const json_t *sentences)
{
    size_t i;
    json_t *sentence;
    json_array_foreach (sentences, i, sentence)
        json_array_append(ret, sentence);
}

json_t *table_confounds(const json_t *facts, const json_t *claim)
{
    const char *name = rg_json_text(claim, "claim", "");
    json_t *ret = json_array(), *other;
    size_t i;
    add_all(ret, json_object_get(claim, "confounds"));
    json_array_foreach (rg_json_path(facts, "environment.confounds"), i, other)
        if (!strcmp(rg_json_text(other, "claim", ""), name))
            add_all(ret, json_object_get(other, "confounds"));
    return ret;
}
