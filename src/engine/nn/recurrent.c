/* recurrent.c - recurrent layers: what depends on the inputs alone is one product a gate over
 * all steps; the loop adds what depends on the state.
 *
 * The rows of the weights are cut into gates once, outside the loop, so that a step and its
 * derivative consist of products and one element-wise pass, without copies. */
#include "engine/nn/internal.h"

#include <math.h>

#define GATES_MAX 4

typedef struct cell_kind {
    const char *name;
    int gates, carries; /* blocks of the weights' rows; 1: the state, 2: and a cell */
    int inner_bias;     /* the gate whose bias_hh belongs into the step; -1: none */
    void (*step)(rg_loop_body *body, void *context);
} cell_kind;

static rg_val sigmoid(rg_val x)
{
    return rg_activate(x, "sigmoid");
}

/* x: (..., D), weight: (W, D) -> (..., W) */
static rg_val project(rg_val x, rg_val weight)
{
    rg_dot_axes axes = {
        .n_contract = 1, .contract_x = {rg_val_shape(x).rank - 1}, .contract_y = {1}};
    return rg_dot(x, weight, &axes);
}

/* ---- One step of each.  scan[k], shared[k]: W_ih x + biases and W_hh of gate k. */
static rg_val gate(const rg_loop_body *b, int k)
{
    return rg_add(b->scan[k], project(b->carry[0], b->shared[k]));
}

static void rnn_step(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = b->out[0] = rg_tanh(gate(b, 0));
}

static void lstm_step(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val in = sigmoid(gate(b, 0)), forget = sigmoid(gate(b, 1));
    rg_val new = rg_tanh(gate(b, 2)), out = sigmoid(gate(b, 3));
    rg_val cell = rg_add(rg_mul(forget, b->carry[1]), rg_mul(in, new));
    b->next[1] = cell;
    b->next[0] = b->out[0] = rg_mul(out, rg_tanh(cell));
}

/* shared[3]: bias_hh of the gate n. */
static void gru_step(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val h = b->carry[0], one = rg_number(h, 1);
    rg_val reset = sigmoid(gate(b, 0)), keep = sigmoid(gate(b, 1));
    rg_val state = rg_add(project(h, b->shared[2]), b->shared[3]);
    rg_val new = rg_tanh(rg_add(b->scan[2], rg_mul(reset, state)));
    b->next[0] = b->out[0] = rg_add(rg_mul(rg_sub(one, keep), new), rg_mul(keep, h));
}

static const cell_kind rnn = {"rnn", 1, 1, -1, rnn_step};
static const cell_kind lstm = {"lstm", 4, 2, -1, lstm_step};
static const cell_kind gru = {"gru", 3, 1, 2, gru_step};

/* ---- The layer around it. */
typedef struct weights {
    rg_val ih, hh, bias_ih, bias_hh;
} weights;

static weights ask_for(rg_scope *scope, const cell_kind *kind, int64_t inputs, int64_t width)
{
    int64_t rows = kind->gates * width;
    /* As for a linear layer, but both weights are scaled by the width of the state. */
    rg_init init = {RG_INIT_KAIMING_UNIFORM, sqrt(1.0 / 3), width, rows};
    weights w;
    rg_scope_enter(scope, kind->name);
    w.ih = rg_scope_weight(scope, "weight_ih", rg_shape_of(rows, inputs), init);
    w.hh = rg_scope_weight(scope, "weight_hh", rg_shape_of(rows, width), init);
    w.bias_ih = rg_scope_weight(scope, "bias_ih", rg_shape_of(rows), init);
    w.bias_hh = rg_scope_weight(scope, "bias_hh", rg_shape_of(rows), init);
    rg_scope_leave(scope);
    return w;
}

/* The rows of gate k: (G width, ...) -> (width, ...) */
static rg_val rows_of(rg_val weight, int k, int64_t width)
{
    rg_shape shape = rg_val_shape(weight);
    int64_t from[2] = {k * width, 0}, to[2] = {(k + 1) * width, shape.dim[1]};
    return rg_slice(weight, from, to, NULL);
}

static rg_recurrence recurrent(rg_scope *scope, const cell_kind *kind, rg_val x, int64_t width)
{
    rg_shape shape = rg_val_shape(x);
    if (shape.rank != 3 || width < 1) {
        rg_graph_fail(scope->graph, "give it (B, T, D) and a width of at least 1",
                      "a recurrent layer of rank %d and width %lld", shape.rank,
                      (long long)width);
        return (rg_recurrence){x, x, x};
    }
    const int swap[] = {1, 0, 2}; /* (B, T, ...) <-> (T, B, ...) */
    weights w = ask_for(scope, kind, shape.dim[2], width);
    rg_val by_step = rg_permute(x, swap), scan[GATES_MAX], shared[GATES_MAX + 1];
    size_t shareds = (size_t)kind->gates;
    for (int k = 0; k < kind->gates; k++) {
        rg_val bias = rows_of(w.bias_ih, k, width), bias_hh = rows_of(w.bias_hh, k, width);
        shared[k] = rows_of(w.hh, k, width);
        if (k == kind->inner_bias)
            shared[shareds++] = bias_hh;
        else
            bias = rg_add(bias, bias_hh);
        scan[k] = rg_add(project(by_step, rows_of(w.ih, k, width)), bias);
    }
    rg_val zeros = rg_broadcast(rg_number(x, 0), rg_shape_of(shape.dim[0], width));
    rg_val ret[3] = {{0}};
    rg_loop(scope->graph,
            &(rg_loop_spec){.steps = shape.dim[1],
                            .carry = (const rg_val[]){zeros, zeros},
                            .carries = (size_t)kind->carries,
                            .scan = scan,
                            .scans = (size_t)kind->gates,
                            .shared = shared,
                            .shareds = shareds,
                            .outs = 1,
                            .body = kind->step},
            ret);
    return (rg_recurrence){.states = rg_permute(ret[kind->carries], swap),
                           .last = ret[0],
                           .cell = kind->carries > 1 ? ret[1] : (rg_val){0}};
}

#define LAYER(name) \
    rg_recurrence rg_##name##_at(rg_place at, rg_scope *scope, rg_val x, int64_t width) \
    { \
        rg_graph_pin(scope->graph, at); \
        rg_recurrence ret = recurrent(scope, &name, x, width); \
        rg_graph_unpin(scope->graph); \
        return ret; \
    }
LAYER(rnn)
LAYER(lstm)
LAYER(gru)
