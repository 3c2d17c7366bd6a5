/* ours.c - time of one whole training of the size of the digits study's: 1,078 rows of 64
 * features, perceptron 64-64, batch 64 (17 steps an epoch), AdamW, 40 epochs, accuracy, NLL and
 * ECE on 359 validation rows after each.  Compiling is counted. */
#include "rigor/train.h"

#include <stdio.h>
#include <stdlib.h>

#define REPEATS 9

/* Ten noisy clusters. */
static rg_part clusters(rg_arena *arena, const char *name, size_t rows)
{
    enum { features = 64 };
    rg_part part = {.rows = rows, .features = features, .classes = 10};
    rg_rng centres = rg_rng_open(1, "centres"), noise = rg_rng_open(1, "%s", name);
    float centre[10][features], *x = RG_ARENA_ARRAY(arena, float, rows *features);
    int32_t *label = RG_ARENA_ARRAY(arena, int32_t, rows);
    for (size_t k = 0; k < RG_COUNT(centre); k++)
        for (size_t j = 0; j < features; j++)
            centre[k][j] = (float)rg_rng_normal(&centres);
    for (size_t i = 0; i < rows; i++) {
        label[i] = (int32_t)rg_rng_below(&noise, 10);
        for (size_t j = 0; j < features; j++)
            x[i * features + j] = centre[label[i]][j] + 2 * (float)rg_rng_normal(&noise);
    }
    part.x = x;
    part.label = label;
    return part;
}

static bool train_once(const rg_part *train, const rg_part *val, const json_t *given,
                       double *us, rg_err *err)
{
    const rg_model *model;
    const rg_metric *metrics[] = {rg_metric_find("accuracy"), rg_metric_find("nll"),
                                  rg_metric_find("ece")};
    uint64_t start = rg_clock_ns();
    json_t *config = rg_config_resolve(given, &model, err);
    rg_program_spec spec = {
        .model = model, .config = config, .classes = 10, .features = 64, .rows = train->rows};
    rg_program *program = config ? rg_program_compile(&spec, err) : NULL;
    rg_fit_spec fit = {.config = config,
                       .seed = 1,
                       .train = train,
                       .val = val,
                       .metrics = metrics,
                       .n_metrics = RG_COUNT(metrics)};
    rg_fit_result result;
    bool done = program && rg_fit(program, &fit, &result, err);
    *us = (double)(rg_clock_ns() - start) * 1e-3;
    rg_program_free(program);
    json_decref(config);
    return done;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    rg_err err = {0};
    rg_arena *arena = rg_arena_new();
    rg_part train = clusters(arena, "train", 1078), val = clusters(arena, "val", 359);
    json_t *given = json_pack("{s:{s:s}}", "model", "name", "mlp");
    double us[REPEATS];
    for (size_t i = 0; i < REPEATS; i++)
        if (!train_once(&train, &val, given, &us[i], &err)) {
            rg_err_print(&err);
            return (int)err.code;
        }
    qsort(us, REPEATS, sizeof(*us), by_size);
    printf("{\"workload\": \"training: 40 epochs of 17 steps, MLP 64-64-64-10\", "
           "\"who\": \"rigor\", \"us\": %.0f}\n",
           us[REPEATS / 2]);
    json_decref(given);
    rg_arena_free(arena);
    return 0;
}
