/* program.h - a compiled structure: the plan of one training step, plans that evaluate with its
 * parameters, and the memory of the member that it holds. */
#ifndef RIGOR_ENGINE_TRAIN_PROGRAM_H
#define RIGOR_ENGINE_TRAIN_PROGRAM_H

#include "rigor/train.h"

/* A graph with one forward pass of the model in it. */
typedef struct network {
    rg_graph *graph;
    rg_conf *model, *train; /* the two sections of the configuration */
    rg_scope *scope;
} network;

typedef struct stepper { /* one training step */
    network net;
    rg_val x, y;           /* the data set: (N, D), (N) */
    rg_val index, weight;  /* the batch: rows (B), and their shares in the mean loss (B) */
    rg_val lr, step, loss; /* scalars; step counts updates from 1 */
    rg_val apply;          /* scalar: 1 when this batch completes an update; no value: always */
    rg_val *average;       /* of each weight its running mean, or no value */
    rg_optim *optim;
    size_t sums; /* so many of its slots, the first ones, add up the batches of an update */
    rg_plan *plan;
} stepper;

typedef struct evaluator { /* the model on a block of rows */
    network net;
    int64_t rows;
    rg_val x, out; /* (rows, D) -> probabilities (rows, C) or values (rows) */
    rg_plan *plan;
} evaluator;

/* Room for a part is found by its size; a study has two (validation and test). */
#define EVALUATORS 4
/* Larger parts are evaluated in blocks of this many rows. */
#define BLOCK_ROWS 512

struct rg_program {
    rg_program_spec spec; /* its configuration is owned */
    char *key;
    size_t batch;
    size_t accumulate; /* batches an update */
    stepper step;
    evaluator *evaluators[EVALUATORS];
    size_t n_evaluators;
    size_t parameters;            /* trainable numbers */
    size_t numbers;               /* of all weights, buffers included */
    float *held;                  /* the chosen weights, one behind the other */
    bool holds;                   /* `held` is valid */
    float target_mean, target_sd; /* regression: of the training part */
};

typedef enum direction { FROM_PLAN, TO_PLAN } direction;
/* Copies all weights between the step's buffers and `memory` (program->numbers numbers). */
void rg_program_copy(rg_program *program, float *memory, direction where);
/* Where the i-th weight stands as evaluation reads it: its running mean, or itself. */
float *rg_program_served(rg_program *program, size_t i);
void rg_program_hold(rg_program *program); /* the served weights into program->held */
/* Where evaluators read the weights: the step's buffers while training, or program->held. */
bool rg_program_evaluate(rg_program *program, bool held, const float *x, size_t rows,
                         float *ret, rg_err *err);
bool rg_step_build(stepper *step, const rg_program_spec *spec, size_t batch, rg_err *err);
void rg_step_free(stepper *step);
size_t rg_accumulate_of(const rg_program_spec *spec); /* batches an update */
/* Whether the model can do the task on data of this size. */
bool rg_program_spec_check(const rg_program_spec *spec, rg_err *err);
void rg_network_open(network *net, const rg_program_spec *spec, bool training);
void rg_network_close(network *net);
/* The model's output (B, outputs) for x (B, D); another shape is a mistake of the model, and so
 * is an input that it made itself. */
rg_val rg_network_forward(network *net, const rg_program_spec *spec, rg_val x);
/* The task's loss of each example: out is the model's output, y (B) labels or targets. */
rg_val rg_network_losses(network *net, const rg_program_spec *spec, rg_val out, rg_val y);
/* A mistake in the graph of `read`, a forward pass for evaluation, where it does not ask for
 * the weights that `trained` has, one after the other: evaluation reads them by their order. */
void rg_network_compare(const network *trained, network *read);
/* Whether train.loss fits the task (losses.c). */
bool rg_loss_check(const rg_program_spec *spec, rg_err *err);
extern const char *const rg_loss_names[]; /* NULL-terminated */
/* The values as train.precision wants them computed, in place. */
void rg_network_lower(network *net, rg_val *values, size_t n);
/* trained: the network whose weights it is to read. */
evaluator *rg_evaluator_new(const rg_program_spec *spec, const network *trained, int64_t rows,
                            rg_err *err);
void rg_evaluator_free(evaluator *eval);
/* Whether the loop reads this parameter of "train" under the schedule (NULL: any); such numbers
 * never reach the graph.  reads.c */
bool rg_loop_reads(const char *name, const char *schedule);
size_t rg_outputs_of(const rg_program_spec *spec); /* width of the model's output */

/* ---- inputs.c: what a plan that trains nothing yet can be run with. */
void rg_fill_normal(float *value, int64_t n, const char *name);
void rg_fill_labels(int32_t *label, int64_t n, size_t classes); /* 0, 1, ..., 0, 1, ... */
/* Initial weights and the numbers of the configuration. */
void rg_fill_network(rg_plan *plan, const network *net, const json_t *config);

#endif
