/* ours.c - time of a training step: perceptrons on random data with AdamW, through the training
 * loop as it is (shuffling, gathering of the batch, evaluation of one row per epoch included).
 * Prints {"workload", "who", "us"}, one line a workload: the median epoch's time per step. */
#include "rigor/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 100 /* an epoch */

typedef struct workload {
    const char *name;
    size_t inputs, hidden, batch, epochs;
} workload;

static const workload workloads[] = {
    {"MLP 64-64-64-10, batch 32", 64, 64, 32, 60},
    {"MLP 64-128-128-10, batch 64", 64, 128, 64, 40},
    {"MLP 784-256-256-10, batch 128", 784, 256, 128, 8},
};

typedef struct times {
    size_t n;
    double us[200]; /* per step */
    uint64_t last_ns;
} times;

static bool note_epoch(void *ctx, const rg_epoch *epoch)
{
    times *t = ctx;
    (void)epoch;
    uint64_t now = rg_clock_ns();
    t->us[t->n++] = (double)(now - t->last_ns) * 1e-3 / STEPS;
    t->last_ns = now;
    return true;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static rg_part random_part(rg_arena *arena, size_t rows, size_t features)
{
    rg_part part = {.rows = rows, .features = features, .classes = 10};
    rg_rng rng = rg_rng_open(1, "bench");
    float *x = RG_ARENA_ARRAY(arena, float, rows *features);
    int32_t *label = RG_ARENA_ARRAY(arena, int32_t, rows);
    for (size_t i = 0; i < rows * features; i++)
        x[i] = (float)rg_rng_normal(&rng);
    for (size_t i = 0; i < rows; i++)
        label[i] = (int32_t)rg_rng_below(&rng, 10);
    part.x = x;
    part.label = label;
    return part;
}

static bool measure(const workload *w, rg_arena *arena, double *ret_us, rg_err *err)
{
    json_t *given = json_pack("{s:{s:s, s:[I,I]}, s:{s:I, s:I}}", "model", "name", "mlp",
                              "hidden", (json_int_t)w->hidden, (json_int_t)w->hidden, "train",
                              "batch", (json_int_t)w->batch, "epochs", (json_int_t)w->epochs);
    const rg_model *model;
    json_t *config = rg_config_resolve(given, &model, err);
    json_decref(given);
    rg_part train = random_part(arena, STEPS * w->batch, w->inputs), val = train;
    val.rows = 1;
    const rg_metric *metric = rg_metric_find("nll");
    rg_program_spec spec = {.model = model,
                            .config = config,
                            .classes = 10,
                            .features = w->inputs,
                            .rows = train.rows,
                            .plan = {.threads = 1}};
    rg_program *program = config ? rg_program_compile(&spec, err) : NULL;
    times t = {.last_ns = rg_clock_ns()};
    rg_fit_spec fit = {.config = config,
                       .seed = 1,
                       .train = &train,
                       .val = &val,
                       .metrics = &metric,
                       .n_metrics = 1,
                       .on_epoch = note_epoch,
                       .ctx = &t};
    rg_fit_result result;
    bool done = program && rg_fit(program, &fit, &result, err);
    qsort(t.us, t.n, sizeof(*t.us), by_size);
    *ret_us = t.us[t.n / 2];
    rg_program_free(program);
    json_decref(config);
    return done;
}

int main(void)
{
    for (size_t i = 0; i < RG_COUNT(workloads); i++) {
        rg_err err = {0};
        double us = 0;
        rg_arena *arena = rg_arena_new();
        bool done = measure(&workloads[i], arena, &us, &err);
        rg_arena_free(arena);
        if (!done) {
            rg_err_print(&err);
            return (int)err.code;
        }
        printf("{\"workload\": \"%s\", \"who\": \"rigor\", \"us\": %.2f}\n", workloads[i].name,
               us);
        fflush(stdout);
    }
    return 0;
}
