/* fixtures.h - small data sets, configurations from text, and one call that trains a member. */
#ifndef RIGOR_TESTS_ENGINE_TRAIN_FIXTURES_H
#define RIGOR_TESTS_ENGINE_TRAIN_FIXTURES_H

#include "support.h"

#include "rigor/train.h"

#define assert_good(call, err) \
    do { \
        if (!(call)) \
            print_error("%s: %s\n", (err).where, (err).what); \
        assert_int_equal((err).code, RG_OK); \
    } while (0)

/* Two interleaved half circles with noise: no straight line parts them. */
static inline rg_part moons(rg_arena *arena, uint64_t seed, size_t rows)
{
    float *x = RG_ARENA_ARRAY(arena, float, rows * 2);
    int32_t *label = RG_ARENA_ARRAY(arena, int32_t, rows);
    int64_t *id = RG_ARENA_ARRAY(arena, int64_t, rows);
    rg_rng rng = rg_rng_open(seed, "moons");
    for (size_t i = 0; i < rows; i++) {
        double angle = M_PI * rg_rng_unit(&rng);
        label[i] = (int32_t)(i % 2);
        id[i] = (int64_t)i;
        x[2 * i] = (float)((i % 2 ? 1 - cos(angle) : cos(angle)) + 0.1 * rg_rng_normal(&rng));
        x[2 * i + 1] =
            (float)((i % 2 ? 0.5 - sin(angle) : sin(angle)) + 0.1 * rg_rng_normal(&rng));
    }
    return (rg_part){.task = RG_CLASSIFY,
                     .rows = rows,
                     .features = 2,
                     .classes = 2,
                     .x = x,
                     .label = label,
                     .id = id};
}

/* y = 300 + 40 sin(2 x0) + 20 x1 + noise: far from mean 0 and deviation 1. */
static inline rg_part wave(rg_arena *arena, uint64_t seed, size_t rows)
{
    float *x = RG_ARENA_ARRAY(arena, float, rows * 2), *y = RG_ARENA_ARRAY(arena, float, rows);
    int64_t *id = RG_ARENA_ARRAY(arena, int64_t, rows);
    rg_rng rng = rg_rng_open(seed, "wave");
    for (size_t i = 0; i < rows; i++) {
        x[2 * i] = (float)rg_rng_normal(&rng);
        x[2 * i + 1] = (float)rg_rng_normal(&rng);
        y[i] = (float)(300 + 40 * sin(2 * x[2 * i]) + 20 * x[2 * i + 1] + rg_rng_normal(&rng));
        id[i] = (int64_t)i;
    }
    return (rg_part){
        .task = RG_REGRESS, .rows = rows, .features = 2, .x = x, .target = y, .id = id};
}

static inline json_t *config(const char *text, const rg_model **ret_model)
{
    rg_err err = {0};
    json_t *given = rg_json_parse(text, strlen(text), "config", &err);
    assert_non_null(given);
    json_t *resolved = rg_config_resolve(given, ret_model, &err);
    assert_good(resolved != NULL, err);
    json_decref(given);
    return resolved;
}

static inline rg_program *program_with(const char *text, const rg_part *train,
                                       rg_plan_options plan)
{
    const rg_model *model;
    json_t *resolved = config(text, &model);
    rg_program_spec spec = {.model = model,
                            .config = resolved,
                            .task = train->task,
                            .classes = train->classes,
                            .features = train->features,
                            .rows = train->rows,
                            .plan = plan};
    rg_err err = {0};
    rg_program *made = rg_program_compile(&spec, &err);
    assert_good(made != NULL, err);
    json_decref(resolved);
    return made;
}

static inline rg_program *program(const char *text, const rg_part *train)
{
    return program_with(text, train, (rg_plan_options){0});
}

typedef struct curve { /* what a training reported, bit for bit */
    size_t epochs;
    double loss[400], score[400];
} curve;

static inline bool note_epoch(void *ctx, const rg_epoch *epoch)
{
    curve *c = ctx;
    assert_int_equal(epoch->epoch, c->epochs + 1);
    c->loss[c->epochs] = epoch->train_loss;
    c->score[c->epochs++] = epoch->score[0];
    return true;
}

static inline bool fit(rg_program *p, const char *text, uint64_t seed, const rg_part *train,
                       const rg_part *val, curve *ret_curve, rg_fit_result *ret, rg_err *err)
{
    const rg_model *model;
    json_t *resolved = config(text, &model);
    const rg_metric *metrics[2] = {
        rg_metric_find(train->task == RG_CLASSIFY ? "accuracy" : "rmse"),
        rg_metric_find(train->task == RG_CLASSIFY ? "nll" : "mae")};
    memset(ret_curve, 0, sizeof(*ret_curve));
    rg_fit_spec spec = {.config = resolved,
                        .seed = seed,
                        .train = train,
                        .val = val,
                        .metrics = metrics,
                        .n_metrics = 2,
                        .on_epoch = note_epoch,
                        .ctx = ret_curve};
    bool done = rg_fit(p, &spec, ret, err);
    json_decref(resolved);
    return done;
}

#endif
