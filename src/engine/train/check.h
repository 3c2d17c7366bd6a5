/* check.h - what the files of the model check share (check.c is its table of contents). */
#ifndef RIGOR_ENGINE_TRAIN_CHECK_H
#define RIGOR_ENGINE_TRAIN_CHECK_H

#include "engine/ir/node.h"
#include "engine/train/program.h"
#include "rigor/inspect.h"

/* The weights of one scope, "block0.linear1", and what is computed with them before the next
 * layer's weights come in. */
typedef struct layer {
    const char *name;
    rg_place at;
    size_t first, weights; /* checking.weight[first .. first + weights) */
    rg_val output;         /* the last value of examples that it makes; no value: none */
    double parameters, flops;
} layer;

typedef struct checking {
    const rg_program_spec *spec;
    rg_arena *arena;
    network net;
    int64_t batch;
    rg_val x, y, out, loss; /* (B, D), (B), the model's output, a scalar: with penalties */
    size_t forward;         /* ids up to this one are the model's own */
    const rg_weight *weight;
    size_t n_weights;
    layer *layer;
    size_t n_layers;
    uint32_t *owner;  /* by id: the layer that computes it, from 1; 0: none */
    bool *needed;     /* by id: the loss depends on it */
    bool *of_output;  /* by id: the model's output depends on it */
    bool *of_data;    /* by id: it depends on x */
    bool *mixed;      /* by id: computed from a product of two signals, as attention's scores
                         are, and by no weighted product since */
    rg_val *gradient; /* of the weights, of x, of the layers' outputs */
    size_t n_gradients;
    json_t *findings, *layers;
} checking;

void check_say(checking *c, const char *check, bool warning, rg_place at, const char *remedy,
               const char *fmt, ...) RG_PRINTF(6, 7);

/* check_layers.c: which layer computes what; fills layer, owner and the marks
 * of values. */
void check_find_layers(checking *c);
/* check_reach.c: weights without a gradient, inputs and values that nothing reads. */
void check_reach(checking *c);
/* check_signals.c: activations and gradients at initialisation, stacks without normalisation;
 * fills layers.  False when the graph cannot be compiled or run. */
bool check_signals(checking *c, rg_err *err);

#endif
