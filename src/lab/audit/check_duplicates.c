/* check_duplicates.c - rows with equal features: across parts, within one, with other labels. */
#include "lab/audit/audit.h"

#include "data/duplicates.h"

#include <math.h>

#define SHARE_OF_DANGER .01 /* of a part's rows, ... */
#define ROWS_OF_DANGER 3    /* ... and at least so many */
#define ROOM_PER_ROW 100 /* fewer possible rows than so many times the rows: twins by chance */

typedef struct twins {
    rg_twin *at;
    size_t n;
} twins;

/* Whether the columns have so few values that equal rows come about by chance. */
static bool few_possible(const audit *a)
{
    double room = 1;
    for (size_t c = 0; c < a->data->features && room < ROOM_PER_ROW * (double)a->data->rows;
         c++) {
        rg_codes codes = audit_encode(a, c, a->some[0].at, a->some[0].n);
        room *= (double)(codes.count + (codes.missing > 0));
        rg_codes_free(&codes);
    }
    return room < ROOM_PER_ROW * (double)a->data->rows;
}

/* ---- Across parts */

static json_t *pair_json(const rg_twin *first, const rg_twin *twin)
{
    return json_pack("{s:I, s:s, s:I, s:s}", "row", (json_int_t)twin->row, "part",
                     audit_part_names[twin->part], "equals", (json_int_t)first->row, "of",
                     audit_part_names[first->part]);
}

static void report_across(audit *a, int part, size_t count, const uint32_t *rows, json_t *pairs)
{
    double share = (double)count / (double)a->part[part].n;
    bool chance = few_possible(a), much = share >= SHARE_OF_DANGER && count >= ROWS_OF_DANGER;
    json_t *evidence = json_pack("{s:I, s:f, s:o}", "count", (json_int_t)count, "share", share,
                                 "pairs", pairs);
    audit_add_rows(a, evidence, rows, count < AUDIT_EXAMPLES ? count : AUDIT_EXAMPLES);
    audit_find(
        a,
        chance ? RG_FINDING_NOTE
        : much ? RG_FINDING_DANGER
               : RG_FINDING_WARNING,
        audit_part_names[part], evidence,
        "remove the repeated rows before the split, or keep what belongs together in one "
        "part: split: {group: COLUMN}",
        "%zu row%s of %s (%.3g %%) stand%s in an earlier part, too, with the same "
        "features%s",
        count, count == 1 ? "" : "s", audit_part_names[part], 100 * share,
        count == 1 ? "s" : "",
        chance ? "; the columns have so few values that this happens by chance" : "");
}

static void find_across(audit *a, const twins *t, int part)
{
    size_t count = 0, first = 0;
    uint32_t rows[AUDIT_EXAMPLES];
    json_t *pairs = json_array();
    for (size_t i = 0; i < t->n; i++) {
        first = t->at[i].set == t->at[first].set ? first : i;
        if (t->at[i].part != (uint32_t)part || t->at[first].part == (uint32_t)part)
            continue;
        a->twin[t->at[i].row] = true;
        if (count < AUDIT_EXAMPLES) {
            rows[count] = t->at[i].row;
            json_array_append_new(pairs, pair_json(&t->at[first], &t->at[i]));
        }
        count++;
    }
    if (count)
        report_across(a, part, count, rows, pairs);
    else
        json_decref(pairs);
}

/* ---- Within training */

static void find_within(audit *a, const twins *t)
{
    size_t count = 0;
    uint32_t rows[AUDIT_EXAMPLES];
    for (size_t i = 1; i < t->n; i++) {
        if (t->at[i].set != t->at[i - 1].set || t->at[i].part != 0)
            continue;
        if (count < AUDIT_EXAMPLES)
            rows[count] = t->at[i].row;
        count++;
    }
    if (!count)
        return;
    double share = (double)count / (double)a->part[0].n;
    json_t *evidence = json_pack("{s:I, s:f}", "count", (json_int_t)count, "share", share);
    audit_add_rows(a, evidence, rows, count < AUDIT_EXAMPLES ? count : AUDIT_EXAMPLES);
    audit_find(a, RG_FINDING_NOTE, "train", evidence,
               "nothing, if things really occur more than once; otherwise remove the repeats",
               "%zu row%s of train (%.3g %%) repeat%s another one of train", count,
               count == 1 ? "" : "s", 100 * share, count == 1 ? "s" : "");
}

/* ---- One row, two labels: of train alone, so that nothing is said of labels that are sealed */

static void find_contradictions(audit *a, const twins *t)
{
    size_t count = 0, shown = 0, first = 0, said = 0; /* said: the newest that was counted */
    uint32_t rows[AUDIT_EXAMPLES];
    for (size_t i = 1; i < t->n && a->data->task == RG_CLASSIFY; i++) {
        if (t->at[i].set != t->at[i - 1].set)
            first = i;
        bool same = a->data->label[t->at[i].row] == a->data->label[t->at[first].row];
        if (same || t->at[i].part != 0)
            continue;
        bool again = count > 0 && t->at[i].set == t->at[said].set;
        said = i;
        if (shown < AUDIT_EXAMPLES && !again)
            rows[shown++] = t->at[first].row;
        if (shown < AUDIT_EXAMPLES)
            rows[shown++] = t->at[i].row;
        count++;
    }
    if (!count)
        return;
    double share = (double)count / (double)a->part[0].n;
    json_t *evidence = json_pack("{s:I, s:f}", "count", (json_int_t)count, "share", share);
    audit_add_rows(a, evidence, rows, shown);
    audit_find(
        a, share >= SHARE_OF_DANGER ? RG_FINDING_WARNING : RG_FINDING_NOTE, "train", evidence,
        "look at these rows: a label is wrong, or a column that tells them apart is missing",
        "%zu row%s of train equal%s another one in every feature and ha%s another class", count,
        count == 1 ? "" : "s", count == 1 ? "s" : "", count == 1 ? "s" : "ve");
}

static bool run(audit *a)
{
    twins t = {0};
    if (!rg_duplicates_list(a->data, a->split, a->arena, &t.at, &t.n, a->err))
        return false;
    for (int p = 1; p < AUDIT_PARTS; p++)
        find_across(a, &t, p);
    find_within(a, &t);
    find_contradictions(a, &t);
    return true;
}

const audit_check audit_check_duplicates = {.name = "duplicates", .run = run};
