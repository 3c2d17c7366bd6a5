/* check_groups.c - things that occur in several rows and in several parts: a model that knows the
 * patient need not know the disease.  The group is the one that was named, or a column whose name
 * says so and whose values repeat. */
#include "lab/audit/audit.h"

#include <string.h>

static const char *const words[] = {
    "id",      "ids",      "patient", "user",   "subject", "customer",  "client",
    "person",  "session",  "device",  "group",  "family",  "household", "participant",
    "account", "hospital", "speaker", "author", "student", "scene",     NULL};
enum { GROUPS_MIN = 5 };
#define REPEATED 1.5 /* rows a group, at least, for a guess */

typedef struct grouping {
    const char *name;
    const uint32_t *code; /* of row rows[i] at i, or, without rows, of row i at i */
    const uint32_t *rows;
    size_t n, count;
    bool given;
} grouping;

static uint32_t row_of(const grouping *g, size_t i)
{
    return g->rows ? g->rows[i] : (uint32_t)i;
}

/* parts[row]: 0 to 2, or 3 for rows that are not looked at. */
static uint8_t *parts_by_row(const audit *a)
{
    uint8_t *part = rg_alloc(a->data->rows + 1);
    memset(part, AUDIT_PARTS, a->data->rows);
    for (int p = 0; p < AUDIT_PARTS; p++)
        for (size_t i = 0; i < a->part[p].n; i++)
            part[a->part[p].at[i]] = (uint8_t)p;
    return part;
}

static void report(audit *a, const grouping *g, size_t groups, size_t rows,
                   const uint32_t *some)
{
    json_t *evidence = json_pack("{s:I, s:I, s:b}", "groups", (json_int_t)groups, "test_rows",
                                 (json_int_t)rows, "given", g->given);
    audit_add_rows(a, evidence, some, rows < AUDIT_EXAMPLES ? rows : AUDIT_EXAMPLES);
    char remedy[200];
    snprintf(remedy, sizeof(remedy), "keep each in one part: split: {group: %.80s}%s", g->name,
             g->given ? "" : ", unless new rows will come from the same ones");
    audit_find(a, g->given ? RG_FINDING_DANGER : RG_FINDING_WARNING, g->name, evidence, remedy,
               "%zu value%s of '%s' %s in train and in test: %zu row%s of test belong%s to "
               "something that training has seen",
               groups, groups == 1 ? "" : "s", g->name, groups == 1 ? "is" : "are", rows,
               rows == 1 ? "" : "s", rows == 1 ? "s" : "");
}

static void look(audit *a, const grouping *g, const uint8_t *part)
{
    bool *seen = RG_NEW_ARRAY(bool, 2 * (g->count + 1)), *tested = seen + g->count + 1;
    size_t groups = 0, rows = 0;
    uint32_t some[AUDIT_EXAMPLES];
    for (size_t i = 0; i < g->n; i++)
        if (part[row_of(g, i)] == 0 && g->code[i] < g->count)
            seen[g->code[i]] = true;
    for (size_t i = 0; i < g->n; i++) {
        if (part[row_of(g, i)] != 2 || !seen[g->code[i]])
            continue;
        groups += !tested[g->code[i]];
        tested[g->code[i]] = true;
        if (rows < AUDIT_EXAMPLES)
            some[rows] = row_of(g, i);
        rows++;
    }
    rg_free(seen);
    if (rows)
        report(a, g, groups, rows, some);
}

static void guess(audit *a, size_t column, const uint32_t *rows, size_t n, const uint8_t *part)
{
    rg_codes codes = audit_encode(a, column, rows, n);
    double present = (double)(codes.n - codes.missing);
    bool whole = rg_dataset_texts(a->data, column) ||
                 (!codes.missing && audit_order_of(a, column, rows, n).whole);
    grouping g = {audit_column(a, column), codes.code, rows, n, codes.count, false};
    if (whole && codes.count >= GROUPS_MIN && present >= REPEATED * (double)codes.count)
        look(a, &g, part);
    rg_codes_free(&codes);
}

static bool run(audit *a)
{
    uint8_t *part = parts_by_row(a);
    const rg_key *keys[] = {&a->data->group, &a->data->query};
    for (size_t i = 0; i < RG_COUNT(keys); i++) {
        bool again =
            i && keys[0]->name && keys[1]->name && !strcmp(keys[0]->name, keys[1]->name);
        if (keys[i]->name && !again)
            look(a,
                 &(grouping){keys[i]->name, keys[i]->code, NULL, a->data->rows, keys[i]->count,
                             i == 0},
                 part);
    }
    size_t n;
    uint32_t *rows = audit_all_rows(a, &n);
    for (size_t c = 0; c < a->data->features && a->data->table; c++) {
        const char *name = audit_column(a, c), *given = a->data->group.name;
        if (audit_name_has(name, words) && !(given && !strcmp(name, given)))
            guess(a, c, rows, n, part);
    }
    rg_free(rows);
    rg_free(part);
    return true;
}

const audit_check audit_check_groups = {.name = "groups", .run = run};
