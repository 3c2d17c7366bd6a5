/* loops.h - loops that several tests use, and the same written out step by step. */
#ifndef RIGOR_TESTS_ENGINE_IR_LOOPS_H
#define RIGOR_TESTS_ENGINE_IR_LOOPS_H

#include "engine/ir/loop.h"
#include "rigor/plan.h"
#include "support.h"

typedef void (*loop_body)(rg_loop_body *, void *);

/* Entry i of the first axis. */
static inline rg_val entry_of(rg_val x, int64_t i)
{
    rg_shape shape = rg_val_shape(x), rest = {.rank = shape.rank - 1};
    int64_t from[RG_RANK_MAX] = {i}, to[RG_RANK_MAX];
    memcpy(to, shape.dim, sizeof(to));
    to[0] = i + 1;
    memcpy(rest.dim, shape.dim + 1, sizeof(int64_t) * (size_t)rest.rank);
    return rg_reshape(rg_slice(x, from, to, NULL), rest);
}

static inline rg_val stack(const rg_val *x, size_t n)
{
    rg_val one[16];
    for (size_t i = 0; i < n; i++) {
        rg_shape shape = rg_val_shape(x[i]);
        memmove(shape.dim + 1, shape.dim, sizeof(int64_t) * (size_t)shape.rank);
        shape.dim[0] = 1;
        shape.rank++;
        one[i] = rg_reshape(x[i], shape);
    }
    return rg_concat(one, n, 0);
}

/* The same values as rg_loop gives, without a loop: the body is called once for each step, on
 * the graph outside.  1 to 16 steps, at most 4 of everything. */
static inline void unrolled(rg_graph *graph, const rg_loop_spec *spec, rg_val *ret)
{
    rg_val carry[4], next[4], out[4], scan[4], all[4][16];
    for (size_t i = 0; i < spec->carries; i++)
        carry[i] = spec->carry[i];
    for (int64_t t = 0; t < spec->steps; t++) {
        int64_t at = spec->reverse ? spec->steps - 1 - t : t;
        for (size_t i = 0; i < spec->scans; i++)
            scan[i] = entry_of(spec->scan[i], at);
        rg_loop_body body = {.graph = graph,
                             .carry = carry,
                             .scan = scan,
                             .shared = spec->shared,
                             .step = rg_const(graph, (double)at, RG_I32),
                             .next = next,
                             .out = out};
        spec->body(&body, spec->context);
        for (size_t i = 0; i < spec->outs; i++)
            all[i][at] = out[i];
        memcpy(carry, next, sizeof(carry));
    }
    for (size_t i = 0; i < spec->carries; i++)
        ret[i] = carry[i];
    for (size_t i = 0; i < spec->outs; i++)
        ret[spec->carries + i] = stack(all[i], (size_t)spec->steps);
}

/* ---- Bodies. */

/* Cumulative sums: the last one and all of them. */
static inline void sums(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = b->out[0] = rg_add(b->carry[0], b->scan[0]);
}

/* A gated cell with two carries that see each other. */
static inline void cell(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val h = b->carry[0], c = b->carry[1];
    rg_val gate = rg_tanh(rg_add(rg_matmul(h, b->shared[0]), b->scan[0]));
    b->next[1] = rg_add(rg_mul(gate, c), rg_sin(h));
    b->next[0] = rg_mul(rg_tanh(b->next[1]), gate);
    b->out[0] = rg_mul(b->next[0], b->next[0]);
    b->out[1] = c; /* a carry as it came in */
}

/* ---- Running. */
static inline rg_plan *compile(rg_graph *graph, const rg_val *outputs, size_t n, bool reference)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, outputs, n, NULL, 0,
                                    &(rg_plan_options){.reference = reference}, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static inline void run(rg_plan *plan)
{
    rg_err err = {0};
    if (!rg_plan_run(plan, &err))
        fail_msg("%s: %s", err.where, err.what);
}

static inline void fill(rg_plan *plan, rg_val x, rg_rng *rng)
{
    double *data = rg_plan_buffer(plan, x);
    for (int64_t i = 0; i < rg_val_count(x); i++)
        data[i] = rg_rng_normal(rng);
}

#endif
