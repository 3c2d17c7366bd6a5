/* recurrent.c - recurrent layers: what depends on the inputs alone is one product over all
 * steps; the loop adds what depends on the state. */
#include "engine/nn/internal.h"

#include <math.h>

typedef struct cell_kind {
    const char *name;
    int gates, carries;  /* blocks of the weights' rows; 1: the state, 2: and a cell */
    bool bias_with_gate; /* bias_hh belongs to the step: a gate scales it */
    void (*step)(rg_loop_body *body, void *context);
} cell_kind;

static rg_val sigmoid(rg_val x)
{
    return rg_activate(x, "sigmoid");
}

/* x: (B, G width) -> (B, width), the block of one gate. */
static rg_val gate(rg_val x, int number, int64_t width)
{
    int64_t rows = rg_val_shape(x).dim[0], first = number * width;
    return rg_slice(x, (const int64_t[]){0, first}, (const int64_t[]){rows, first + width},
                    NULL);
}

/* x: (..., D), weight: (W, D) -> (..., W) */
static rg_val project(rg_val x, rg_val weight)
{
    rg_dot_axes axes = {
        .n_contract = 1, .contract_x = {rg_val_shape(x).rank - 1}, .contract_y = {1}};
    return rg_dot(x, weight, &axes);
}

/* ---- One step of each.  scan: W_ih x + biases; shared: weight_hh and, for a GRU, bias_hh. */
static void rnn_step(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val h = rg_tanh(rg_add(b->scan[0], project(b->carry[0], b->shared[0])));
    b->next[0] = b->out[0] = h;
}

static void lstm_step(rg_loop_body *b, void *context)
{
    (void)context;
    int64_t width = rg_val_shape(b->carry[0]).dim[1];
    rg_val all = rg_add(b->scan[0], project(b->carry[0], b->shared[0]));
    rg_val in = sigmoid(gate(all, 0, width)), forget = sigmoid(gate(all, 1, width));
    rg_val new = rg_tanh(gate(all, 2, width)), out = sigmoid(gate(all, 3, width));
    rg_val c = rg_add(rg_mul(forget, b->carry[1]), rg_mul(in, new));
    b->next[1] = c;
    b->next[0] = b->out[0] = rg_mul(out, rg_tanh(c));
}

static void gru_step(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val h = b->carry[0], one = rg_const(b->graph, 1, RG_F32);
    int64_t width = rg_val_shape(h).dim[1];
    rg_val state = rg_add(project(h, b->shared[0]), b->shared[1]);
    rg_val reset = sigmoid(rg_add(gate(b->scan[0], 0, width), gate(state, 0, width)));
    rg_val keep = sigmoid(rg_add(gate(b->scan[0], 1, width), gate(state, 1, width)));
    rg_val new =
        rg_tanh(rg_add(gate(b->scan[0], 2, width), rg_mul(reset, gate(state, 2, width))));
    b->next[0] = b->out[0] = rg_add(rg_mul(rg_sub(one, keep), new), rg_mul(keep, h));
}

static const cell_kind rnn = {"rnn", 1, 1, false, rnn_step};
static const cell_kind lstm = {"lstm", 4, 2, false, lstm_step};
static const cell_kind gru = {"gru", 3, 1, true, gru_step};

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
    rg_val bias = kind->bias_with_gate ? w.bias_ih : rg_add(w.bias_ih, w.bias_hh);
    rg_val scan = rg_add(project(rg_permute(x, swap), w.ih), bias);
    rg_val zeros =
        rg_broadcast(rg_const(scope->graph, 0, RG_F32), rg_shape_of(shape.dim[0], width));
    rg_val ret[3] = {{0}};
    rg_loop(scope->graph,
            &(rg_loop_spec){.steps = shape.dim[1],
                            .carry = (const rg_val[]){zeros, zeros},
                            .carries = (size_t)kind->carries,
                            .scan = &scan,
                            .scans = 1,
                            .shared = (const rg_val[]){w.hh, w.bias_hh},
                            .shareds = 2,
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
