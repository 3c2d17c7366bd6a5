/* compare_pairs.c - which runs of two arms belong together, and which have no partner.
 *
 * A pair has one data set, seed and fold.  Two arms whose keys never meet were run with seeds
 * of their own: their runs are then taken as unpaired, which is said. */
#include "lab/report/compare_pairs.h"
#include "lab/report/compare.h"

#include <stdio.h>

enum { NAMED = 8, WARNED = 10 };

/* The runs that one arm of a claim has and the other lacks. */
typedef struct alone {
    size_t count;
    rg_str names; /* of the first ones */
} alone;

static void name_run(alone *a, const rg_results *r, const rg_result *row)
{
    if (a->count++ >= NAMED)
        return;
    rg_str_add(&a->names, a->count > 1 ? "; " : "");
    const char *comma = "";
    if (r->has_seeds) {
        rg_str_printf(&a->names, "seed %.60s", rg_result_seed(r, row));
        comma = ", ";
    }
    if (r->folds.len > 1) {
        rg_str_printf(&a->names, "%sfold %.60s", comma, r->folds.at[row->fold]);
        comma = ", ";
    }
    if (r->sets.len > 1)
        rg_str_printf(&a->names, "%s%.60s", comma, r->sets.at[row->set]);
}

/* Both lists are in order of their keys.  `left`, `right` may be NULL. */
static size_t count_common(const rg_results *r, size_t a, size_t b, alone *left, alone *right)
{
    const rg_result_arm *x = &r->arms.at[a], *y = &r->arms.at[b];
    size_t common = 0, i = 0, k = 0;
    while (i < x->rows.len || k < y->rows.len) {
        int order = i == x->rows.len   ? 1
                    : k == y->rows.len ? -1
                                       : rg_result_order(&x->rows.at[i], &y->rows.at[k]);
        if (order < 0 && left)
            name_run(left, r, &x->rows.at[i]);
        if (order > 0 && right)
            name_run(right, r, &y->rows.at[k]);
        common += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    return common;
}

/* ---- Arms whose seeds meet no other's */

/* Which arms are compared, and with no arm that has a run of the same key; by arm. */
static bool *find_lonely(const rg_results *r, const rg_claim *claims, size_t n)
{
    bool *lonely = RG_ARENA_ARRAY(r->arena, bool, r->arms.len + 1);
    for (size_t i = 0; i < n; i++)
        lonely[claims[i].a] = lonely[claims[i].b] = true;
    for (size_t i = 0; i < n; i++)
        if (count_common(r, claims[i].a, claims[i].b, NULL, NULL) > 0)
            lonely[claims[i].a] = lonely[claims[i].b] = false;
    return lonely;
}

void rg_result_unpair(rg_results *r, const rg_claim *claims, size_t n)
{
    rg_str names = {0};
    size_t found = 0;
    if (r->unpaired)
        return;
    const bool *lonely = find_lonely(r, claims, n);
    for (size_t arm = 0; arm < r->arms.len; arm++) {
        if (!lonely[arm] || r->arms.at[arm].rows.len < 2)
            continue;
        r->arms.at[arm].unpaired = true;
        if (found++ < NAMED)
            rg_str_printf(&names, "%s%.60s", found > 1 ? ", " : "", r->arms.at[arm].name);
    }
    if (found)
        rg_json_say(r->warnings,
                    "No run of %s%s has a partner (the same %sseed) in the arm that it is "
                    "compared with: the runs are taken as unpaired.",
                    rg_str_text(&names), found > NAMED ? ", ..." : "",
                    r->sets.len > 1 ? "data set and " : "");
    rg_str_free(&names);
}

/* ---- Warnings */

static void warn_alone(rg_results *r, const rg_result_arm *has, const rg_result_arm *lacks,
                       const alone *what, size_t common)
{
    if (what->count)
        rg_json_say(r->warnings,
                    "%s lacks %zu %s that %s has (%s%s): they are compared on the %zu that "
                    "both have.",
                    lacks->name, what->count, what->count == 1 ? "run" : "runs", has->name,
                    rg_str_text(&what->names), what->count > NAMED ? "; ..." : "", common);
}

static void check_claim(rg_results *r, const rg_claim *claim)
{
    const rg_result_arm *a = &r->arms.at[claim->a], *b = &r->arms.at[claim->b];
    if (a->unpaired || b->unpaired)
        return;
    alone left = {0}, right = {0};
    size_t common = count_common(r, claim->a, claim->b, &left, &right);
    warn_alone(r, a, b, &left, common);
    warn_alone(r, b, a, &right, common);
    rg_str_free(&left.names);
    rg_str_free(&right.names);
}

void rg_result_check_pairs(rg_results *r, const rg_claim *claims, size_t n)
{
    size_t before = json_array_size(r->warnings);
    for (size_t i = 0; i < n && json_array_size(r->warnings) - before < WARNED; i++)
        check_claim(r, &claims[i]);
}
