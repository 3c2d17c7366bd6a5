/* rerun_compare.c - two records of one training, bit for bit (see rerun.h). */
#include "lab/study/pruner.h"
#include "lab/study/rerun.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int64_t bits_of(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

bool rerun_same(double a, double b)
{
    return bits_of(a) == bits_of(b) || (isnan(a) && isnan(b));
}

/* Doubles in their order as whole numbers, without a gap. */
static int64_t place_of(double value)
{
    int64_t bits = bits_of(value);
    return bits < 0 ? INT64_MIN - bits : bits;
}

int64_t rerun_ulps(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : -1;
    int64_t x = place_of(a), y = place_of(b);
    uint64_t apart = x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
    return apart > INT64_MAX ? INT64_MAX : (int64_t)apart;
}

/* ---- One difference */

static json_t *say(json_t *differences, const char *what, const char *name)
{
    json_t *entry = json_pack("{s:s, s:s*}", "what", what, "name", name);
    json_array_append_new(differences, entry);
    return entry;
}

static void say_values(json_t *entry, double recorded, double again)
{
    int64_t ulps = rerun_ulps(recorded, again);
    json_object_set_new(entry, "recorded", rg_json_real(recorded));
    json_object_set_new(entry, "again", rg_json_real(again));
    json_object_set_new(entry, "ulps", ulps < 0 ? json_null() : json_integer(ulps));
}

static void say_texts(json_t *entry, const char *recorded, const char *again)
{
    json_object_set_new(entry, "recorded", recorded ? json_string(recorded) : json_null());
    json_object_set_new(entry, "again", again ? json_string(again) : json_null());
}

/* ---- Parts of a record */

/* A failure is the same whatever its words are: these may hold paths and addresses. */
static bool compare_failure(const rg_record *a, const rg_record *b, json_t *differences)
{
    if (a->failed == b->failed)
        return true;
    say_texts(say(differences, "failure", NULL), a->failed ? a->reason : NULL,
              b->failed ? b->reason : NULL);
    return false;
}

static size_t compare_predictions(const rg_record *a, const rg_record *b, json_t *differences)
{
    if (!a->predictions_sha && !b->predictions_sha)
        return 0;
    const char *recorded = a->predictions_sha ? a->predictions_sha : "";
    if (strcmp(recorded, b->predictions_sha ? b->predictions_sha : "") != 0)
        say_texts(say(differences, "predictions", NULL), a->predictions_sha,
                  b->predictions_sha);
    return 1;
}

static size_t compare_validation(const json_t *a, const json_t *b, json_t *differences)
{
    const char *metric;
    json_t *value;
    size_t count = 0;
    json_object_foreach ((json_t *)(uintptr_t)a, metric, value) {
        double recorded = rg_json_number(value, NAN);
        double again = rg_json_number(json_object_get(b, metric), NAN);
        if (!rerun_same(recorded, again) || !json_object_get(b, metric))
            say_values(say(differences, "validation", metric), recorded, again);
        count++;
    }
    json_object_foreach ((json_t *)(uintptr_t)b, metric, value) {
        if (!json_object_get(a, metric))
            say_values(say(differences, "validation", metric), NAN, rg_json_number(value, NAN));
    }
    return count;
}

/* ---- Curves */

static const rg_curve *curve_named(const rg_record *r, const char *name)
{
    for (size_t i = 0; i < r->n_curves; i++)
        if (strcmp(r->curves[i].name, name) == 0)
            return &r->curves[i];
    return NULL;
}

/* Where two curves part first: the index of the value, or their common length. */
static size_t parting(const rg_curve *a, const rg_curve *b)
{
    size_t i = 0, n = a->count < b->count ? a->count : b->count;
    while (i < n && a->step[i] == b->step[i] && rerun_same(a->value[i], b->value[i]))
        i++;
    return i;
}

typedef struct parted {
    const char *name; /* NULL: none parts */
    int64_t step;
    double recorded, again;
} parted;

static parted part_curve(const rg_curve *a, const rg_curve *b)
{
    size_t i = parting(a, b);
    const rg_curve *longer = i < a->count ? a : b;
    if (i >= longer->count)
        return (parted){NULL};
    return (parted){.name = a->name,
                    .step = longer->step[i],
                    .recorded = i < a->count ? a->value[i] : (double)NAN,
                    .again = i < b->count ? b->value[i] : (double)NAN};
}

/* Training goes one way: the earliest step is the one that explains the others. */
static void keep_earliest(parted *first, parted found)
{
    if (found.name && (!first->name || found.step < first->step))
        *first = found;
}

static size_t compare_curves(const rg_record *a, const rg_record *b, json_t *differences)
{
    static const rg_curve none = {.name = "", .count = 0};
    parted first = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < a->n_curves; i++) {
        const rg_curve *other = curve_named(b, a->curves[i].name);
        keep_earliest(&first, part_curve(&a->curves[i], other ? other : &none));
        count += a->curves[i].count;
    }
    for (size_t i = 0; i < b->n_curves; i++)
        if (!curve_named(a, b->curves[i].name)) {
            rg_curve absent = {.name = b->curves[i].name};
            keep_earliest(&first, part_curve(&absent, &b->curves[i]));
        }
    if (first.name) {
        json_t *entry = say(differences, "curve", first.name);
        json_object_set_new(entry, "step", json_integer(first.step));
        say_values(entry, first.recorded, first.again);
    }
    return count;
}

void rerun_compare(const rg_record *recorded, const rg_record *again, json_t *differences,
                   size_t *ret_compared)
{
    *ret_compared = 0;
    if (!compare_failure(recorded, again, differences))
        return;
    *ret_compared = compare_curves(recorded, again, differences) +
                    compare_validation(recorded->validation, again->validation, differences) +
                    compare_predictions(recorded, again, differences);
}

/* ---- Trials that were ended early */

static void release_json(void *json)
{
    json_decref(json);
}

static void cut_curve(rg_curve *c, int64_t step)
{
    size_t n = 0;
    while (n < c->count && c->step[n] <= step)
        n++;
    c->count = n;
}

static void last_value(const rg_record *r, const char *metric, json_t *validation)
{
    const rg_curve *c = rg_validation_curve(r, metric);
    if (c && c->count > 0)
        json_object_set_new(validation, metric, rg_json_real(c->value[c->count - 1]));
}

void rerun_cut(rg_record *again, int64_t step, const rg_study *study, rg_arena *arena)
{
    rg_curve *curves = RG_ARENA_ARRAY(arena, rg_curve, again->n_curves + 1);
    for (size_t i = 0; i < again->n_curves; i++) {
        curves[i] = again->curves[i];
        cut_curve(&curves[i], step);
    }
    again->curves = curves;
    again->validation = json_object();
    rg_arena_defer(arena, release_json, again->validation);
    last_value(again, study->metric, again->validation);
    for (size_t i = 0; i < study->n_also; i++)
        last_value(again, study->also[i], again->validation);
    again->failed = !pruner_is_result(again->validation, study->metric);
    again->reason = again->failed ? PRUNER_DIVERGED : NULL;
    if (again->failed)
        again->validation = NULL;
}
