/* check_times.c - training rows that are later than test rows: the future tells the past.  The time
 * is the one that was named, or a column whose name says so and whose values are times. */
#include "lab/audit/audit.h"

#include "data/moment.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const audit_time_words[] = {"date",    "time",    "timestamp", "datetime",
                                        "created", "updated", "when",      NULL};
enum { TIMES_MIN = 20 };

typedef struct clock {
    const audit *a;
    const rg_key *key; /* NULL: of a column */
    size_t column;
} clock;

/* Seconds, numbers, or places in order; NaN where there is none. */
static double time_of(const clock *c, uint32_t row)
{
    if (c->key)
        return c->key->code[row];
    const char *const *text = rg_dataset_texts(c->a->data, c->column);
    double time = NAN;
    if (!text)
        return rg_dataset_number(c->a->data, row, c->column);
    if (text[row] && !rg_moment_parse(text[row], &time))
        return NAN;
    return time;
}

static bool is_time(const audit *a, size_t column)
{
    clock c = {a, NULL, column};
    rg_codes codes = audit_encode(a, column, a->some[0].at, a->some[0].n);
    bool good = codes.count >= TIMES_MIN;
    rg_codes_free(&codes);
    for (size_t i = 0; good && i < a->some[0].n; i++)
        good = !rg_dataset_texts(a->data, column) ||
               !rg_dataset_texts(a->data, column)[a->some[0].at[i]] ||
               !isnan(time_of(&c, a->some[0].at[i]));
    return good;
}

static double first_of_test(const audit *a, const clock *c)
{
    double first = INFINITY;
    for (size_t i = 0; i < a->part[2].n; i++)
        first = fmin(first, time_of(c, a->part[2].at[i]));
    return first;
}

static void look(audit *a, const clock *c, const char *name)
{
    double first = first_of_test(a, c);
    size_t late = 0;
    uint32_t some[AUDIT_EXAMPLES];
    for (size_t i = 0; i < a->part[0].n; i++) {
        uint32_t row = a->part[0].at[i];
        if (!(time_of(c, row) > first))
            continue;
        if (late < AUDIT_EXAMPLES)
            some[late] = row;
        late++;
    }
    if (!late)
        return;
    double share = (double)late / (double)a->part[0].n;
    json_t *evidence = json_pack("{s:I, s:f, s:b}", "count", (json_int_t)late, "share", share,
                                 "given", c->key != NULL);
    audit_add_rows(a, evidence, some, late < AUDIT_EXAMPLES ? late : AUDIT_EXAMPLES);
    char remedy[200];
    snprintf(
        remedy, sizeof(remedy),
        "if the future is to be predicted: split: {time: %.80s}, which cuts the past from it",
        name);
    audit_find(a, c->key ? RG_FINDING_DANGER : RG_FINDING_WARNING, name, evidence, remedy,
               "%zu row%s of train (%.3g %%) %s later by '%s' than the first row of test", late,
               late == 1 ? "" : "s", 100 * share, late == 1 ? "is" : "are", name);
}

static bool run(audit *a)
{
    const rg_key *given = &a->data->time;
    if (given->name)
        look(a, &(clock){a, given, 0}, given->name);
    for (size_t c = 0; c < a->data->features && a->data->table; c++) {
        const char *name = audit_column(a, c);
        bool known = given->name && !strcmp(name, given->name);
        if (!known && audit_name_has(name, audit_time_words) && is_time(a, c))
            look(a, &(clock){a, NULL, c}, name);
    }
    return true;
}

const audit_check audit_check_times = {.name = "times", .run = run};
