/* nn.h - what networks are made of: configurations, scopes, layers, activations, losses,
 * initialisers, optimisers, learning-rate schedules.
 *
 * Everything here only adds nodes to a graph (graph.h); a mistake sticks to the graph with the
 * file and line of the model that made it and is reported when the plan is compiled, so that a
 * forward pass reads as its equations.  Shapes are given as (B, D): B examples, D features. */
#ifndef RIGOR_NN_H
#define RIGOR_NN_H

#include "rigor/graph.h"

/* ---- Configurations ----------------------------------------------------------------------
 * One section ("model", "train") of a member's configuration, read through its table of
 * parameters.  Structural parameters shape the graph and are read as plain values.  The others
 * are numbers in which the members of a cohort may differ: they are scalar float32 inputs of
 * the graph, named "section.name", and the trainer fills them in for each member. */
typedef struct rg_conf rg_conf;
/* values: every parameter of `table` (see rg_config_resolve); borrowed, as is the graph. */
rg_conf *rg_conf_new(rg_graph *graph, const char *section, const rg_param *table,
                     const json_t *values);
void rg_conf_free(rg_conf *conf);
int64_t rg_conf_int(const rg_conf *conf, const char *name);
bool rg_conf_bool(const rg_conf *conf, const char *name);
const char *rg_conf_str(const rg_conf *conf, const char *name);
size_t rg_conf_count(const rg_conf *conf, const char *name); /* length of a list */
int64_t rg_conf_int_at(const rg_conf *conf, const char *name, size_t i);
/* A number as a scalar of the graph.  One that is exactly zero for this member comes as the
 * constant 0, so that what it switches off costs nothing (rg_conf_off); zeros are therefore
 * part of the program's structure. */
rg_val rg_conf_val(const rg_conf *conf, const char *name);
bool rg_conf_off(const rg_conf *conf, const char *name); /* the number is exactly zero */
/* The inputs that rg_conf_val made so far, in order. */
typedef struct rg_conf_input {
    const char *name; /* "dropout" */
    rg_val input;
} rg_conf_input;
size_t rg_conf_inputs(const rg_conf *conf, const rg_conf_input **ret);
bool rg_conf_was_read(const rg_conf *conf, const char *name); /* by any of the above */

/* ---- Initialisers ------------------------------------------------------------------------
 * Draws are named by (seed, name of the weight): adding a layer changes no other layer's
 * values. */
typedef enum rg_init_kind {
    RG_INIT_ZEROS,
    RG_INIT_ONES,
    RG_INIT_KAIMING_UNIFORM, /* He et al. 2015: U(-b, b), b = gain sqrt(3 / fan_in) */
    RG_INIT_KAIMING_NORMAL,  /* He et al. 2015: N(0, gain^2 / fan_in) */
    RG_INIT_XAVIER_UNIFORM,  /* Glorot & Bengio 2010: b = gain sqrt(6 / (fan_in + fan_out)) */
    RG_INIT_XAVIER_NORMAL,   /* Glorot & Bengio 2010: N(0, 2 gain^2 / (fan_in + fan_out)) */
} rg_init_kind;
typedef struct rg_init {
    rg_init_kind kind;
    double gain; /* 0 means 1 */
    int64_t fan_in, fan_out;
} rg_init;
void rg_init_fill(const rg_init *init, uint64_t seed, const char *name, float *ret, size_t n);

/* ---- Scopes ------------------------------------------------------------------------------
 * What a forward pass is built in.  Weights are named by the path of layers that asks for them:
 * the second linear layer's bias is "linear1.bias", inside a first block "block0.linear1.bias".
 */
typedef struct rg_weight { /* a trainable tensor, float32 */
    const char *name;
    rg_val input;
    rg_init init;
} rg_weight;
typedef struct rg_scope {
    rg_graph *graph;
    bool training;       /* false: dropout is the identity */
    int64_t classes;     /* width of the output: classes of a classifier, 1 for a regression */
    rg_val key;          /* U32 (2), fresh for each step; training only */
    const rg_conf *conf; /* of the model; NULL outside one */
    /* the rest is the scope's own */
    struct rg_scope_state *state;
} rg_scope;
rg_scope *rg_scope_new(rg_graph *graph, bool training, int64_t classes, const rg_conf *conf);
void rg_scope_free(rg_scope *scope);
void rg_scope_enter(rg_scope *scope, const char *kind); /* "block": block0, block1, ... */
void rg_scope_leave(rg_scope *scope);
rg_val rg_scope_weight(rg_scope *scope, const char *name, rg_shape shape, rg_init init);
size_t rg_scope_weights(const rg_scope *scope,
                        const rg_weight **ret); /* in order of creation */

/* ---- Layers ------------------------------------------------------------------------------
 * As in graph.h, each is a macro that passes on where the model calls it. */
#define rg_linear(...) rg_linear_at(RG_HERE, __VA_ARGS__)
#define rg_dropout(...) rg_dropout_at(RG_HERE, __VA_ARGS__)
#define rg_activate(...) rg_activate_at(RG_HERE, __VA_ARGS__)
#define rg_cross_entropy(...) rg_cross_entropy_at(RG_HERE, __VA_ARGS__)
#define rg_squared_error(...) rg_squared_error_at(RG_HERE, __VA_ARGS__)
#define rg_softmax(...) rg_softmax_at(RG_HERE, __VA_ARGS__)

/* x: (..., D) -> (..., width): x W + b with W: (D, width), both drawn from
 * U(-1/sqrt(D), 1/sqrt(D)), which is Kaiming's for the leak sqrt(5) and PyTorch's default. */
rg_val rg_linear_at(rg_place at, rg_scope *scope, rg_val x, int64_t width);
/* Inverted dropout (Srivastava et al. 2014): while training each element is zeroed with
 * probability `rate` (scalar, in [0, 1)) and the others are scaled by 1 / (1 - rate); otherwise
 * x. */
rg_val rg_dropout_at(rg_place at, rg_scope *scope, rg_val x, rg_val rate);

/* ---- Activations: a table; element-wise. */
typedef struct rg_activation {
    const char *name, *title;
    rg_val (*apply)(rg_val x);
} rg_activation;
extern const rg_activation rg_activations[];    /* ends with name == NULL */
extern const char *const rg_activation_names[]; /* for parameter tables; NULL-terminated */
rg_val rg_activate_at(rg_place at, rg_val x,
                      const char *name); /* unknown names stick to the graph as an error */

/* ---- Losses, one value an example. */
/* logits: (B, C), labels: I32 (B) -> (B): -log softmax(logits)[label] by a shifted log-sum-exp.
 * smoothing (scalar, or no value for none): the target is (1 - s) one-hot + s / C (Szegedy et
 * al. 2016). */
rg_val rg_cross_entropy_at(rg_place at, rg_val logits, rg_val labels, rg_val smoothing);
rg_val rg_squared_error_at(rg_place at, rg_val prediction, rg_val target); /* (B), (B) -> (B) */
rg_val rg_softmax_at(rg_place at, rg_val logits); /* over the last axis */

/* ---- Optimisers: a table.  An update reads a parameter and its gradient and returns the new
 * parameter; what it remembers between steps it declares as state. */
typedef struct rg_optim { /* what all updates of one step share */
    rg_graph *graph;
    const rg_conf *conf; /* the section "train" */
    rg_val lr;           /* scalar: this step's rate after the schedule */
    rg_val step;         /* scalar: 1, 2, ... */
    struct rg_optim_state *state;
} rg_optim;
typedef struct rg_optimizer {
    const char *name, *title, *paper;
    rg_val (*update)(rg_optim *optim, const char *name, rg_val parameter, rg_val gradient);
} rg_optimizer;
extern const rg_optimizer rg_optimizers[];     /* ends with name == NULL */
extern const char *const rg_optimizer_names[]; /* NULL-terminated */
const rg_optimizer *rg_optimizer_find(const char *name);

typedef struct rg_optim_tensor { /* a state tensor: zero before the first step */
    rg_val input, output;
} rg_optim_tensor;
rg_optim *rg_optim_new(rg_graph *graph, const rg_conf *conf, rg_val lr, rg_val step);
void rg_optim_free(rg_optim *optim);
/* A state tensor in the shape of `like`, and its value after the step. */
rg_val rg_optim_slot(rg_optim *optim, const char *kind, const char *name, rg_val like);
void rg_optim_keep(rg_optim *optim, rg_val slot, rg_val next);
size_t rg_optim_slots(const rg_optim *optim, const rg_optim_tensor **ret);
/* Scales the n gradients in place so that their joint norm is at most `limit` (Pascanu et al.
 * 2013). */
void rg_clip_by_norm(rg_val *gradients, size_t n, rg_val limit);

/* ---- Learning-rate schedules: a table; computed on the host, once a step. */
typedef struct rg_schedule_at {
    double step, steps; /* this step from 0, and all of them */
    double epoch;       /* whole epochs before this step */
    double step_size;   /* schedule "step": epochs between two cuts */
    double gamma;       /* schedule "step": factor of a cut */
} rg_schedule_at;
typedef struct rg_schedule {
    const char *name, *title;
    double (*factor)(const rg_schedule_at *at); /* of the learning rate */
} rg_schedule;
extern const rg_schedule rg_schedules[];      /* ends with name == NULL */
extern const char *const rg_schedule_names[]; /* NULL-terminated */
const rg_schedule *rg_schedule_find(const char *name);
/* The factor with a linear warm-up over the first `warmup` steps; the schedule runs over the
 * rest. */
double rg_schedule_factor(const rg_schedule *schedule, const rg_schedule_at *at, double warmup);

#endif
