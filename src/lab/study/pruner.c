/* pruner.c - the median rule over the curves of earlier trials (see pruner.h). */
#include "lab/study/pruner.h"

#include "lab/study/recorder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OTHERS_MIN 5 /* with fewer earlier trials a median says little */

typedef struct path { /* best score so far, at the steps at which it was reported */
    RG_VEC(int64_t) step;
    RG_VEC(double) best;
} path;

typedef struct pruner {
    path *of; /* one for each member */
} pruner;

static path *path_of(rg_work *work, size_t id)
{
    if (!work->pruner) {
        work->pruner = RG_NEW(pruner);
        work->pruner->of = RG_NEW_ARRAY(path, work->count);
    }
    return &work->pruner->of[id];
}

static double better_of(const rg_study *study, double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) ? b : a;
    return study->maximize ? fmax(a, b) : fmin(a, b);
}

static void extend(rg_work *work, path *p, int64_t step, double value)
{
    double before = p->best.len ? p->best.at[p->best.len - 1] : NAN;
    rg_vec_push(&p->step, step);
    rg_vec_push(&p->best, better_of(work->study, value, before));
}

/* The best by a step; NaN: the trial did not get so far. */
static double best_by(const path *p, int64_t step)
{
    if (!p->step.len || p->step.at[p->step.len - 1] < step)
        return NAN;
    size_t i = p->step.len;
    while (i > 0 && p->step.at[i - 1] > step)
        i--;
    return i ? p->best.at[i - 1] : NAN;
}

int rg_validation_rank(const char *name, const char *metric)
{
    if (strcmp(name, metric) == 0)
        return 1;
    return rg_text_starts(name, "val_") && strcmp(name + strlen("val_"), metric) == 0 ? 2 : 0;
}

const rg_curve *rg_validation_curve(const rg_record *record, const char *metric)
{
    const rg_curve *best = NULL;
    int rank = 0;
    for (size_t i = 0; i < record->n_curves; i++) {
        int own = rg_validation_rank(record->curves[i].name, metric);
        best = own > rank ? &record->curves[i] : best;
        rank = own > rank ? own : rank;
    }
    return best;
}

/* The same of what is still being collected. */
static const curve *primary(const rg_collected *collected, const char *metric)
{
    const curve *best = NULL;
    int rank = 0;
    for (size_t i = 0; collected && i < collected->curves.len; i++) {
        int own = rg_validation_rank(collected->curves.at[i].name, metric);
        best = own > rank ? &collected->curves.at[i] : best;
        rank = own > rank ? own : rank;
    }
    return best;
}

/* What this message added. */
static bool take_new(rg_work *work, size_t id, path *p)
{
    const curve *c = primary(work->member[id].collected, work->study->metric);
    size_t before = p->step.len;
    if (c && c->step.len < before) /* begun again from the start */
        p->step.len = p->best.len = before = 0;
    for (size_t i = before; c && i < c->step.len; i++)
        extend(work, p, c->step.at[i], c->value.at[i]);
    return p->step.len > before;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts what it is given. */
static double median_of(double *value, size_t n)
{
    qsort(value, n, sizeof(*value), ascending);
    return n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}

static bool is_worse(const rg_study *study, double own, double median)
{
    return isnan(own) || (study->maximize ? own < median : own > median);
}

bool pruner_says(rg_work *work, size_t id)
{
    const rg_study *study = work->study;
    const rg_member *m = &work->member[id];
    path *own = path_of(work, id);
    if (!take_new(work, id, own))
        return false;
    int64_t step = own->step.at[own->step.len - 1];
    size_t n = 0, first = id - m->number;
    if (step <= study->prune_after || m->number < study->parallel + OTHERS_MIN - 1)
        return false;
    double *others = RG_NEW_ARRAY(double, m->number);
    for (size_t k = 0; k + study->parallel <= m->number; k++) {
        double best =
            work->member[first + k].failed ? NAN : best_by(path_of(work, first + k), step);
        if (!isnan(best))
            others[n++] = best;
    }
    bool worse = n >= OTHERS_MIN &&
                 is_worse(study, own->best.at[own->best.len - 1], median_of(others, n));
    rg_free(others);
    return worse;
}

/* ---- The result */

static void add_last(json_t *validation, const rg_collected *collected, const char *metric)
{
    const curve *c = primary(collected, metric);
    if (c && c->value.len)
        json_object_set_new(validation, metric, rg_json_real(c->value.at[c->value.len - 1]));
}

json_t *pruner_result(const rg_work *work, size_t id, const json_t *last)
{
    const rg_study *study = work->study;
    const rg_member *m = &work->member[id];
    const curve *c = primary(m->collected, study->metric);
    json_t *validation = json_object();
    add_last(validation, m->collected, study->metric);
    for (size_t i = 0; i < study->n_also; i++)
        add_last(validation, m->collected, study->also[i]);
    json_t *told = json_object_get(last, "resources");
    json_t *resources = json_is_object(told) ? json_copy(told) : json_object();
    json_object_set_new(resources, "pruned",
                        json_integer(c && c->step.len ? c->step.at[c->step.len - 1] : 0));
    return json_pack("{s:b, s:o, s:o}", "done", 1, "validation", validation, "resources",
                     resources);
}

bool pruner_is_result(const json_t *validation, const char *metric)
{
    return isfinite(rg_json_number(json_object_get(validation, metric), NAN));
}

/* ---- Going on */

void pruner_recall(rg_work *work, size_t id, const rg_record *record)
{
    path *p = path_of(work, id);
    const rg_curve *c = rg_validation_curve(record, work->study->metric);
    for (size_t i = 0; c && i < c->count; i++)
        extend(work, p, c->step[i], c->value[i]);
}

void pruner_close(rg_work *work)
{
    for (size_t i = 0; work->pruner && i < work->count; i++) {
        rg_vec_free(&work->pruner->of[i].step);
        rg_vec_free(&work->pruner->of[i].best);
    }
    if (work->pruner)
        rg_free(work->pruner->of);
    rg_free(work->pruner);
    work->pruner = NULL;
}
