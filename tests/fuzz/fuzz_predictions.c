/* fuzz_predictions.c - any bytes as predictions of numbers, of named classes and of classes that
 * are called by numbers.
 *
 * Beyond memory errors: a failure must say what is wrong; what was read is one row for each id,
 * finite, and probabilities where there are classes; every metric that is ready has a score
 * within its bounds, or none. */
#include "rigor/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

enum { ROWS = 4 };
static const int64_t ids[ROWS] = {10, 20, 30, 40}, groups[ROWS] = {1, 1, 2, 2};
static const int32_t labels[ROWS] = {0, 1, 1, 0};
static const float targets[ROWS] = {0, 2.5f, 1, 0};
static const char *const animals[] = {"cat", "dog"}, *const grades[] = {"1", "2", "3"};
static const rg_part truths[] = {
    {.task = RG_REGRESS, .rows = ROWS, .id = ids, .target = targets, .group = groups},
    {.rows = ROWS,
     .classes = 2,
     .id = ids,
     .label = labels,
     .group = groups,
     .class_name = animals},
    {.rows = ROWS, .classes = 3, .id = ids, .label = labels, .class_name = grades},
    {.rows = ROWS, .classes = 2, .id = ids, .label = labels},
};

static void sound(const rg_predictions *p, const rg_part *truth)
{
    size_t width = p->classes ? p->classes : 1;
    REQUIRE(p->rows == truth->rows && (p->classes == 0 || p->classes == truth->classes));
    REQUIRE(!p->hard || p->classes);
    REQUIRE(!memcmp(p->id, truth->id, sizeof(ids)));
    for (size_t i = 0; i < p->rows; i++) {
        double sum = 0;
        for (size_t k = 0; k < width; k++) {
            REQUIRE(isfinite(p->value[i * width + k]));
            sum += p->value[i * width + k];
        }
        REQUIRE(p->classes == 0 || fabs(sum - 1) < 2e-3);
    }
}

static void scored(const rg_predictions *p, const rg_part *truth)
{
    static const char *const names[] = {"ndcg@1", "ndcg@1000", "hit_rate@2"};
    for (const rg_metric *m = rg_metrics; m->name; m++) {
        if (!m->score)
            continue;
        double score = rg_metric_score(m, p, truth);
        REQUIRE(isnan(score) || isnan(m->worst) || m->task == RG_CLASSIFY ||
                (score >= m->worst && score <= 1));
    }
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        double score = rg_metric_score(rg_metric_find(names[i]), p, truth);
        REQUIRE(isnan(score) || (score >= 0 && score <= 1 + 1e-12));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < RG_COUNT(truths); i++) {
        rg_arena *arena = rg_arena_new();
        rg_err err = {0};
        rg_predictions p;
        if (rg_predictions_parse((const char *)data, size, "p.csv", &truths[i], arena, &p,
                                 &err)) {
            REQUIRE(err.code == RG_OK);
            sound(&p, &truths[i]);
            scored(&p, &truths[i]);
        } else {
            REQUIRE(err.code != RG_OK && *err.what && *err.where);
        }
        rg_arena_free(arena);
    }
    return 0;
}
