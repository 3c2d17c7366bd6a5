/* ours.c - time of a training step of a transformer language model (pre-norm, GELU, tied
 * embeddings, learned positions: GPT-2's) with AdamW, on random tokens.
 *
 *   transformer [THREADS]       prints {"workload", "who", "us"}, one line a workload
 *   transformer THREADS PATTERN only the workloads whose name holds PATTERN */
#include "rigor/nn.h"
#include "rigor/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct workload {
    const char *name;
    int64_t layers, width, heads, length, batch, words;
    int steps;
} workload;

static const workload workloads[] = {
    {"GPT 4 layers, 128 wide, T 64, batch 12", 4, 128, 4, 64, 12, 65, 40},
    {"GPT-2 124M, B 4 x T 64", 12, 768, 12, 64, 4, 50257, 3},
};

typedef struct model {
    const workload *w;
    rg_graph *graph;
    rg_scope *scope;
    rg_val tokens, targets, loss;
} model;

static rg_val weight(model *m, const char *name, rg_shape shape, rg_init_kind kind)
{
    rg_init init = {kind, 0.02 * sqrt((double)shape.dim[0]), shape.dim[0], 1};
    return rg_scope_weight(m->scope, name, shape, init);
}

static rg_val number(model *m, double value)
{
    return rg_const(m->graph, value, RG_F32);
}

/* x: (..., D) */
static rg_val layer_norm(model *m, rg_val x)
{
    rg_shape shape = rg_val_shape(x), width = rg_shape_of(m->w->width);
    uint32_t last = RG_AXIS(shape.rank - 1);
    rg_val share = number(m, 1 / (double)m->w->width);
    rg_scope_enter(m->scope, "norm");
    rg_val gain = weight(m, "gain", width, RG_INIT_ONES);
    rg_val bias = weight(m, "bias", width, RG_INIT_ZEROS);
    rg_scope_leave(m->scope);
    rg_val centred = rg_sub(x, rg_mul(rg_sum(x, last, true), share));
    rg_val variance = rg_mul(rg_sum(rg_mul(centred, centred), last, true), share);
    rg_val scale = rg_div(number(m, 1), rg_sqrt(rg_add(variance, number(m, 1e-5))));
    return rg_add(rg_mul(rg_mul(centred, scale), gain), bias);
}

static rg_val linear(model *m, rg_val x, int64_t from, int64_t to)
{
    rg_scope_enter(m->scope, "linear");
    rg_val w = weight(m, "weight", rg_shape_of(from, to), RG_INIT_KAIMING_NORMAL);
    rg_val b = weight(m, "bias", rg_shape_of(to), RG_INIT_ZEROS);
    rg_scope_leave(m->scope);
    return rg_add(rg_matmul(x, w), b);
}

/* (B T, 3 D), part i -> (B, H, T, D / H) */
static rg_val heads_of(const model *m, rg_val qkv, int64_t i)
{
    const workload *w = m->w;
    int64_t each = w->width / w->heads;
    rg_val part = rg_slice(qkv, (int64_t[]){0, i * w->width},
                           (int64_t[]){w->batch * w->length, (i + 1) * w->width}, NULL);
    rg_val split = rg_reshape(part, rg_shape_of(w->batch, w->length, w->heads, each));
    return rg_permute(split, (int[]){0, 2, 1, 3});
}

/* 0 where the key is not later than the query, else far below. */
static rg_val causal_mask(model *m)
{
    rg_shape square = rg_shape_of(m->w->length, m->w->length);
    rg_val query = rg_iota(m->graph, square, 0, RG_I32);
    rg_val key = rg_iota(m->graph, square, 1, RG_I32);
    return rg_select(rg_lt(query, key), number(m, -1e30), number(m, 0));
}

static rg_val attention(model *m, rg_val x)
{
    const workload *w = m->w;
    rg_scope_enter(m->scope, "attention");
    rg_val qkv = linear(m, x, w->width, 3 * w->width);
    rg_val q = heads_of(m, qkv, 0), k = heads_of(m, qkv, 1), v = heads_of(m, qkv, 2);
    const rg_dot_axes qk = {2, 1, {0, 1}, {0, 1}, {3}, {3}},
                      pv = {2, 1, {0, 1}, {0, 1}, {3}, {2}};
    rg_val scale = number(m, 1 / sqrt((double)w->width / (double)w->heads));
    rg_val scores = rg_add(rg_mul(rg_dot(q, k, &qk), scale), causal_mask(m));
    rg_val out = rg_permute(rg_dot(rg_softmax(scores), v, &pv), (int[]){0, 2, 1, 3});
    rg_val y = linear(m, rg_reshape(out, rg_shape_of(w->batch * w->length, w->width)), w->width,
                      w->width);
    rg_scope_leave(m->scope);
    return y;
}

static rg_val block(model *m, rg_val x)
{
    rg_scope_enter(m->scope, "block");
    x = rg_add(x, attention(m, layer_norm(m, x)));
    rg_val inner =
        rg_activate(linear(m, layer_norm(m, x), m->w->width, 4 * m->w->width), "gelu");
    x = rg_add(x, linear(m, inner, 4 * m->w->width, m->w->width));
    rg_scope_leave(m->scope);
    return x;
}

static void build_loss(model *m)
{
    const workload *w = m->w;
    int64_t count = w->batch * w->length;
    m->tokens = rg_input(m->graph, "tokens", RG_I32, rg_shape_of(count));
    m->targets = rg_input(m->graph, "targets", RG_I32, rg_shape_of(count));
    rg_val words = weight(m, "words", rg_shape_of(w->words, w->width), RG_INIT_KAIMING_NORMAL);
    rg_val places =
        weight(m, "places", rg_shape_of(w->length, w->width), RG_INIT_KAIMING_NORMAL);
    rg_val x =
        rg_reshape(rg_gather(words, m->tokens, 0), rg_shape_of(w->batch, w->length, w->width));
    x = rg_reshape(rg_add(x, places), rg_shape_of(count, w->width));
    for (int64_t i = 0; i < w->layers; i++)
        x = block(m, x);
    const rg_dot_axes tied = {0, 1, {0}, {0}, {1}, {1}};
    rg_val logits = rg_dot(layer_norm(m, x), words, &tied);
    rg_val losses = rg_cross_entropy(logits, m->targets, (rg_val){0});
    m->loss = rg_mul(rg_sum(losses, RG_ALL_AXES, false), number(m, 1 / (double)count));
}

/* ---- The step */

static const char *const decayed[] = {"all", "matrices", NULL};
static const rg_param train_params[] = {
    {.name = "decay_on",
     .kind = RG_PARAM_CHOICE,
     .structural = true,
     .choices = decayed,
     .fallback = "\"all\""},
    {.name = "weight_decay", .kind = RG_PARAM_NUMBER, .hi = 1, .fallback = "0.1"},
    {.name = "beta1", .kind = RG_PARAM_NUMBER, .hi = 1, .fallback = "0.9"},
    {.name = "beta2", .kind = RG_PARAM_NUMBER, .hi = 1, .fallback = "0.95"},
    {.name = "epsilon", .kind = RG_PARAM_NUMBER, .hi = 1, .fallback = "1e-8"},
    {0}};

typedef struct step {
    model m;
    json_t *values;
    rg_conf *conf;
    rg_optim *optim;
    rg_val lr, number;
    rg_plan *plan;
    double graph_ms, plan_ms;
} step;

static bool compile(step *s, int threads, rg_err *err)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(s->m.scope, &weights), slots;
    rg_val *x = RG_NEW_ARRAY(rg_val, n), *g = RG_NEW_ARRAY(rg_val, n);
    for (size_t i = 0; i < n; i++)
        x[i] = weights[i].input;
    rg_grad(s->m.loss, x, n, g);
    const rg_optimizer *rule = rg_optimizer_find("adamw");
    for (size_t i = 0; i < n; i++)
        g[i] = rule->update(s->optim, weights[i].name, x[i], g[i]);
    const rg_optim_tensor *slot;
    slots = rg_optim_slots(s->optim, &slot);
    rg_carry *carry = RG_NEW_ARRAY(rg_carry, n + slots);
    for (size_t i = 0; i < n; i++)
        carry[i] = (rg_carry){x[i], g[i]};
    for (size_t i = 0; i < slots; i++)
        carry[n + i] = (rg_carry){slot[i].input, slot[i].output};
    uint64_t begun = rg_clock_ns();
    s->plan = rg_plan_compile(s->m.graph, &s->m.loss, 1, carry, n + slots,
                              &(rg_plan_options){.threads = threads}, err);
    s->plan_ms = (double)(rg_clock_ns() - begun) * 1e-6;
    rg_free(x);
    rg_free(g);
    rg_free(carry);
    return s->plan != NULL;
}

static bool open_step(step *s, const workload *w, int threads, rg_err *err)
{
    uint64_t begun = rg_clock_ns();
    *s = (step){.m = {.w = w, .graph = rg_graph_new()},
                .values = rg_param_defaults(train_params)};
    s->m.scope = rg_scope_new(s->m.graph, true, w->words, NULL);
    s->conf = rg_conf_new(s->m.graph, "train", train_params, s->values);
    build_loss(&s->m);
    s->lr = rg_input(s->m.graph, "lr", RG_F32, RG_SCALAR);
    s->number = rg_input(s->m.graph, "step", RG_F32, RG_SCALAR);
    s->optim = rg_optim_new(s->m.graph, s->conf, s->lr, s->number);
    bool ok = compile(s, threads, err);
    s->graph_ms = (double)(rg_clock_ns() - begun) * 1e-6 - s->plan_ms;
    return ok;
}

static void close_step(step *s)
{
    rg_plan_free(s->plan);
    rg_optim_free(s->optim);
    rg_conf_free(s->conf);
    rg_scope_free(s->m.scope);
    rg_graph_free(s->m.graph);
    json_decref(s->values);
}

static void set(step *s, rg_val input, double value)
{
    *(float *)rg_plan_buffer(s->plan, input) = (float)value;
}

static void fill(step *s)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(s->m.scope, &weights);
    for (size_t i = 0; i < n; i++)
        rg_init_fill(&weights[i].init, 1, weights[i].name,
                     rg_plan_buffer(s->plan, weights[i].input),
                     (size_t)rg_val_count(weights[i].input));
    const rg_conf_input *inputs;
    n = rg_conf_inputs(s->conf, &inputs);
    for (size_t i = 0; i < n; i++)
        set(s, inputs[i].input, rg_json_number(json_object_get(s->values, inputs[i].name), 0));
    rg_rng rng = rg_rng_open(1, "tokens");
    rg_val token[] = {s->m.tokens, s->m.targets};
    for (size_t i = 0; i < RG_COUNT(token); i++)
        for (int64_t k = 0; k < rg_val_count(token[i]); k++)
            ((int32_t *)rg_plan_buffer(s->plan, token[i]))[k] =
                (int32_t)rg_rng_below(&rng, (uint64_t)s->m.w->words);
    const rg_optim_tensor *slot;
    n = rg_optim_slots(s->optim, &slot);
    for (size_t i = 0; i < n; i++)
        memset(rg_plan_buffer(s->plan, slot[i].input), 0,
               (size_t)rg_val_count(slot[i].input) * sizeof(float));
    set(s, s->lr, 3e-4);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(const workload *w, int threads, rg_err *err)
{
    step s;
    double us[100];
    bool ok = open_step(&s, w, threads, err);
    if (ok)
        fill(&s);
    for (int i = -1; ok && i < w->steps; i++) {
        set(&s, s.number, i + 2);
        uint64_t begun = rg_clock_ns();
        ok = rg_plan_run(s.plan, err);
        us[i < 0 ? 0 : i] = (double)(rg_clock_ns() - begun) * 1e-3;
    }
    if (ok) {
        qsort(us, (size_t)w->steps, sizeof(*us), by_size);
        fprintf(stderr, "%s: graph %.1f ms, plan %.1f ms, %zu MiB, loss %.4f\n", w->name,
                s.graph_ms, s.plan_ms, rg_plan_bytes(s.plan) >> 20,
                (double)*(float *)rg_plan_buffer(s.plan, s.m.loss));
        printf("{\"workload\": \"%s\", \"who\": \"rigor\", \"us\": %.2f}\n", w->name,
               us[w->steps / 2]);
        fflush(stdout);
    }
    close_step(&s);
    return ok;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    for (size_t i = 0; i < RG_COUNT(workloads); i++) {
        rg_err err = {0};
        if ((argc < 3 || strstr(workloads[i].name, argv[2])) &&
            !measure(&workloads[i], threads, &err)) {
            rg_err_print(&err);
            return (int)err.code;
        }
    }
    return 0;
}
