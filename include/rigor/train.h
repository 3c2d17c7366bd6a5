/* train.h - training: a configuration becomes a program, a program trains members.
 *
 * One training step is one graph: (parameters, optimiser state, batch indices, key,
 * hyper-parameters) -> (parameters', state', loss), with the data set resident.  Members of one
 * structure share the program and are trained one after another; everything that a member's
 * bits depend on is its own seed, configuration and data, never who else shares the program. */
#ifndef RIGOR_TRAIN_H
#define RIGOR_TRAIN_H

#include "rigor/data.h"
#include "rigor/model.h"
#include "rigor/plan.h"

/* The parameters of the section "train": optimizer, lr, batch, epochs, schedule, patience ...
 */
extern const rg_param rg_train_params[];

/* {"model": {"name": ..., ...}, "train": {...}} with every parameter filled in and checked:
 * unknown models and parameters, wrong types and values out of range are errors that name the
 * path and the nearest valid name.  New reference; NULL on failure. */
json_t *rg_config_resolve(const json_t *config, const rg_model **ret_model, rg_err *err);

/* Names of the parameters of "train" that a training by this configuration does not read: the
 * schedule's gamma where the rate is constant, the momentum of an optimiser that has none.  New
 * reference: a list, empty for a loss that does not fit the task. */
json_t *rg_train_unread(const json_t *config, rg_task task);

/* Whether a training by this configuration can do the task: an error, with its path, where
 * train.loss is for the other one. */
bool rg_train_fits(const json_t *config, rg_task task, rg_err *err);

/* ---- Programs ---------------------------------------------------------------------------- */
typedef struct rg_program_spec {
    const rg_model *model;
    const json_t *config; /* resolved */
    rg_task task;
    size_t classes;  /* 0 or 1 for a regression */
    size_t features; /* D */
    size_t rows;     /* of the training part */
    rg_plan_options plan;
} rg_program_spec;
typedef struct rg_program rg_program;
/* Members with equal keys can share a program.  rg_free. */
char *rg_program_key(const rg_program_spec *spec);
rg_program *rg_program_compile(const rg_program_spec *spec, rg_err *err);
void rg_program_free(rg_program *program);
size_t rg_program_parameters(const rg_program *program); /* trainable numbers */
size_t rg_program_bytes(const rg_program *program);      /* peak memory of the plans */

/* ---- Fitting ------------------------------------------------------------------------------
 * The order of the examples comes from (seed, epoch), initial weights from (seed, name),
 * dropout from (seed, step).  When the batch does not divide the rows, the last batch of an
 * epoch has fewer examples: every example counts once in every epoch. */
typedef struct rg_epoch {
    size_t epoch; /* from 1 */
    double train_loss;
    const double *score; /* of rg_fit_spec.metrics, on the validation part */
} rg_epoch;
typedef struct rg_fit_spec {
    const json_t *config; /* resolved; of the program's structure */
    uint64_t seed;
    const rg_part *train, *val;
    const rg_metric *const *metrics; /* metrics[0] chooses the epoch and stops early */
    size_t n_metrics;
    bool (*on_epoch)(void *ctx, const rg_epoch *epoch); /* false abandons; may be NULL */
    void *ctx;
} rg_fit_spec;
typedef struct rg_fit_result {
    size_t epoch;  /* the chosen one: the first with the best metrics[0] */
    size_t epochs; /* trained */
    size_t steps;
    double score[16]; /* of the chosen epoch, in the order of metrics */
} rg_fit_result;
#define RG_FIT_METRICS_MAX RG_COUNT(((rg_fit_result *)0)->score)
/* Afterwards the program holds the parameters of the chosen epoch.  A loss that is not finite
 * is an error which names the epoch and the first bad operation. */
bool rg_fit(rg_program *program, const rg_fit_spec *spec, rg_fit_result *ret, rg_err *err);
/* x: (rows, D) -> probabilities (rows, classes), or (rows) values in the target's own units,
 * with the parameters that the program holds. */
bool rg_predict(rg_program *program, const float *x, size_t rows, float *ret, rg_err *err);

/* ---- Checkpoints: the safetensors format (a JSON header and raw little-endian tensors). */
typedef struct rg_tensor {
    const char *name;
    rg_dtype dtype;
    rg_shape shape;
    void *data;
} rg_tensor;
typedef struct rg_tensors {
    size_t count;
    rg_tensor *at;
} rg_tensors;
bool rg_safetensors_write(const char *path, const rg_tensor *tensors, size_t n, rg_err *err);
/* Strict: every byte is accounted for, or an error says what is wrong with the file. */
bool rg_safetensors_parse(const char *data, size_t len, const char *where, rg_arena *arena,
                          rg_tensors *ret, rg_err *err);
bool rg_safetensors_read(const char *path, rg_arena *arena, rg_tensors *ret, rg_err *err);
/* The parameters that the program holds, by name. */
bool rg_checkpoint_write(rg_program *program, const char *path, rg_err *err);
bool rg_checkpoint_read(rg_program *program, const char *path, rg_err *err);

#endif
