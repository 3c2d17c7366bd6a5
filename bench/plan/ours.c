/* ours.c - the time from a graph to a plan: a training step of a transformer of 12 layers
 * (the blocks of GPT-2, Radford et al. 2019; narrow, since a plan's time does not depend on
 * the width but its memory does), forward, backward and AdamW, with and without machine code;
 * and the whole of it, from the first node of the graph on, which is to stay below 200 ms.
 * Prints {"workload", "who", "us"}: the fastest of some runs. */
#include "engine/cpu/program.h"
#include "engine/cpu/tile.h"
#include "rigor/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LAYERS 12
#define BATCH 4
#define LENGTH 64
#define WIDTH 96
#define HEADS 12
#define SYMBOLS 512
#define RUNS 5

typedef struct model {
    rg_graph *graph;
    rg_val weight[16 * LAYERS + 8];
    size_t weights;
} model;

static rg_val number(model *m, double value)
{
    return rg_const(m->graph, value, RG_F32);
}

static rg_val weight(model *m, rg_shape shape)
{
    char name[32];
    snprintf(name, sizeof(name), "w%zu", m->weights);
    return m->weight[m->weights++] = rg_input(m->graph, name, RG_F32, shape);
}

/* (..., K) -> (..., N) */
static rg_val linear(model *m, rg_val x, int64_t n)
{
    rg_shape shape = rg_val_shape(x);
    rg_val w = weight(m, rg_shape_of(shape.dim[shape.rank - 1], n));
    return rg_add(rg_matmul(x, w), weight(m, rg_shape_of(n)));
}

static rg_val mean(model *m, rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    rg_val share = number(m, 1.0 / (double)shape.dim[shape.rank - 1]);
    return rg_mul(rg_sum(x, RG_AXIS(shape.rank - 1), true), share);
}

static rg_val layer_norm(model *m, rg_val x)
{
    rg_shape shape = rg_val_shape(x), width = rg_shape_of(shape.dim[shape.rank - 1]);
    rg_val centred = rg_sub(x, mean(m, x));
    rg_val deviation = rg_sqrt(rg_add(mean(m, rg_mul(centred, centred)), number(m, 1e-5)));
    return rg_add(rg_mul(rg_div(centred, deviation), weight(m, width)), weight(m, width));
}

static rg_val softmax(rg_val x)
{
    uint32_t last = RG_AXIS(rg_val_shape(x).rank - 1);
    rg_val e = rg_exp(rg_sub(x, rg_stop_grad(rg_amax(x, last, true))));
    return rg_div(e, rg_sum(e, last, true));
}

/* (B, T, C) -> (B, H, T, C / H) */
static rg_val heads(rg_val x)
{
    static const int order[] = {0, 2, 1, 3};
    return rg_permute(rg_reshape(x, rg_shape_of(BATCH, LENGTH, HEADS, WIDTH / HEADS)), order);
}

static rg_val attention(model *m, rg_val x)
{
    static const int order[] = {0, 2, 1, 3};
    rg_val q = heads(linear(m, x, WIDTH)), k = heads(linear(m, x, WIDTH)),
           v = heads(linear(m, x, WIDTH));
    rg_dot_axes scores = {2, 1, {0, 1}, {0, 1}, {3}, {3}};
    rg_dot_axes mix = {2, 1, {0, 1}, {0, 1}, {3}, {2}};
    rg_val p = rg_dot(q, k, &scores);
    p = softmax(rg_mul(p, number(m, 1 / sqrt(WIDTH / (double)HEADS))));
    rg_val y = rg_permute(rg_dot(p, v, &mix), order);
    return linear(m, rg_reshape(y, rg_shape_of(BATCH, LENGTH, WIDTH)), WIDTH);
}

static rg_val gelu(model *m, rg_val x)
{
    rg_val half = rg_mul(x, number(m, 0.5));
    return rg_add(half, rg_mul(half, rg_erf(rg_mul(x, number(m, sqrt(0.5))))));
}

static rg_val loss_of(model *m)
{
    rg_val x = rg_input(m->graph, "x", RG_F32, rg_shape_of(BATCH, LENGTH, WIDTH));
    for (int layer = 0; layer < LAYERS; layer++) {
        x = rg_add(x, attention(m, layer_norm(m, x)));
        x = rg_add(x, linear(m, gelu(m, linear(m, layer_norm(m, x), 4 * WIDTH)), WIDTH));
    }
    rg_val target = rg_input(m->graph, "target", RG_F32, rg_shape_of(BATCH, LENGTH, SYMBOLS));
    rg_val p = softmax(linear(m, layer_norm(m, x), SYMBOLS));
    return rg_neg(rg_sum(rg_mul(target, rg_log(p)), RG_ALL_AXES, false));
}

static rg_val state(model *m, const char *kind, size_t i)
{
    char name[32];
    snprintf(name, sizeof(name), "%s%zu", kind, i);
    return rg_input(m->graph, name, RG_F32, rg_val_shape(m->weight[i]));
}

/* AdamW (Loshchilov & Hutter 2019) without the correction of the first steps. */
static void update(model *m, size_t i, rg_val g, rg_carry carry[3])
{
    rg_val p = m->weight[i], mean_g = state(m, "m", i), square = state(m, "v", i);
    rg_val next_m = rg_add(rg_mul(mean_g, number(m, .9)), rg_mul(g, number(m, .1)));
    rg_val next_v =
        rg_add(rg_mul(square, number(m, .999)), rg_mul(rg_mul(g, g), number(m, .001)));
    rg_val step = rg_div(next_m, rg_add(rg_sqrt(next_v), number(m, 1e-8)));
    rg_val next_p = rg_sub(rg_mul(p, number(m, .9999)), rg_mul(step, number(m, 1e-3)));
    carry[0] = (rg_carry){p, next_p};
    carry[1] = (rg_carry){mean_g, next_m};
    carry[2] = (rg_carry){square, next_v};
}

static model build(rg_carry *carry, rg_val *ret_loss)
{
    model m = {.graph = rg_graph_new()};
    rg_val gradient[RG_COUNT(m.weight)];
    *ret_loss = loss_of(&m);
    rg_grad(*ret_loss, m.weight, m.weights, gradient);
    for (size_t i = 0; i < m.weights; i++)
        update(&m, i, gradient[i], carry + 3 * i);
    return m;
}

/* The processor time of this thread: what else runs on the machine counts little. */
static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

typedef struct times {
    double build_us, plan_us; /* graph with derivatives and update; plan */
    size_t emitted;           /* loops of machine code */
} times;

static bool once(times *ret)
{
    static rg_carry carry[3 * (16 * LAYERS + 8)];
    rg_val loss;
    rg_err err = {0};
    rg_tile_count count = {0};
    double begun = now_us();
    model m = build(carry, &loss);
    double built = now_us();
    rg_plan *plan = rg_plan_compile(m.graph, &loss, 1, carry, 3 * m.weights, NULL, &err);
    *ret = (times){built - begun, now_us() - built, 0};
    for (size_t i = 0; plan && i < plan->program->kernels; i++)
        rg_tile_counts(plan->program->kernel[i], &count);
    ret->emitted = count.codes;
    if (!plan)
        rg_err_print(&err);
    bool planned = plan != NULL;
    rg_plan_free(plan);
    rg_graph_free(m.graph);
    return planned;
}

static void say(const char *workload, const char *how, double us)
{
    printf("{\"workload\": \"%s of a transformer of 12 layers%s\", \"who\": \"rigor\", "
           "\"us\": %.1f}\n",
           workload, how, us);
}

static bool measure(const char *emit)
{
    double plan = INFINITY, all = INFINITY;
    times t;
    setenv("RIGOR_EMIT", emit, 1);
    for (int run = 0; run < RUNS; run++) {
        if (!once(&t))
            return false;
        plan = fmin(plan, t.plan_us);
        all = fmin(all, t.build_us + t.plan_us);
    }
    const char *how = t.emitted ? "" : ", without machine code";
    fprintf(stderr, "%zu loops emitted\n", t.emitted);
    say("plan", how, plan);
    say("graph, gradients and plan", how, all);
    return true;
}

int main(void)
{
    return measure("off") && measure("on") ? 0 : 3;
}
