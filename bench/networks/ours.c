/* ours.c - time of a training step of larger networks with AdamW: a transformer language model
 * (pre-norm, GELU, tied embeddings, learned positions: GPT-2's) on random tokens, and a convolutional
 * network on random images.
 *
 *   networks [THREADS]          prints {"workload", "who", "us"}, one line a workload
 *   networks THREADS PATTERN    only the workloads whose name holds PATTERN */
#include "rigor/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct model model;
typedef struct workload {
    const char *name;
    rg_val (*logits)(model *m);
    int64_t layers, width, heads, length, batch, classes;
    int steps;
    bool half; /* products of bf16 */
} workload;

struct model {
    const workload *w;
    rg_graph *graph;
    rg_scope *scope;
    rg_val input, targets, loss;
};

/* ---- Networks */

static rg_val gpt(model *m)
{
    const workload *w = m->w;
    rg_init init = {RG_INIT_NORMAL, 0.02, w->width, 1};
    rg_block block = {.attention = {.heads = w->heads, .causal = true},
                      .feed_forward = {.hidden = 4 * w->width}};
    const rg_dot_axes tied = {0, 1, {0}, {0}, {1}, {1}};
    m->input = rg_input(m->graph, "tokens", RG_I32, rg_shape_of(w->batch, w->length));
    rg_val words = rg_scope_weight(m->scope, "words", rg_shape_of(w->classes, w->width), init);
    rg_val x = rg_learned_positions(m->scope, rg_gather(words, m->input, 0), w->length);
    for (int64_t i = 0; i < w->layers; i++)
        x = rg_transformer_block(m->scope, x, &block);
    x = rg_reshape(rg_layer_norm(m->scope, x), rg_shape_of(w->batch * w->length, w->width));
    return rg_dot(x, words, &tied);
}

/* 3x3, the same height and width */
static rg_val convolve(model *m, rg_val x, int64_t width)
{
    const rg_conv_axes same = {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1};
    int64_t channels = rg_val_shape(x).dim[1];
    rg_init init = {RG_INIT_KAIMING_UNIFORM, sqrt(1.0 / 3), 9 * channels, width};
    rg_scope_enter(m->scope, "conv");
    rg_val w = rg_scope_weight(m->scope, "weight", rg_shape_of(width, channels, 3, 3), init);
    rg_val b = rg_scope_weight(m->scope, "bias", rg_shape_of(width, 1, 1), init);
    rg_scope_leave(m->scope);
    return rg_add(rg_conv(x, w, &same), b);
}

static rg_val conv_net(model *m)
{
    const workload *w = m->w;
    const rg_pool half = {.size = {2, 2}};
    m->input =
        rg_input(m->graph, "images", RG_F32, rg_shape_of(w->batch, 1, w->length, w->length));
    rg_val x = m->input;
    for (int64_t i = 0; i < w->layers; i++)
        x = rg_max_pool(rg_activate(convolve(m, x, w->width << i), "relu"), &half);
    return rg_linear(m->scope, rg_reshape(x, rg_shape_of(w->batch, rg_val_count(x) / w->batch)),
                     w->classes);
}

static const workload workloads[] = {
    {"conv net 16-32 channels 28x28, batch 64", conv_net, 2, 16, 0, 28, 64, 10, 60, false},
    {"GPT 4 layers, 128 wide, T 64, batch 12", gpt, 4, 128, 4, 64, 12, 65, 40, false},
    {"GPT 4 layers, bf16 products", gpt, 4, 128, 4, 64, 12, 65, 40, true},
    {"GPT-2 124M, B 4 x T 64", gpt, 12, 768, 12, 64, 4, 50257, 3, false},
    {"GPT-2 124M, bf16 products", gpt, 12, 768, 12, 64, 4, 50257, 3, true},
};

static void build_loss(model *m)
{
    rg_val logits = m->w->logits(m);
    int64_t count = rg_val_shape(logits).dim[0];
    m->targets = rg_input(m->graph, "targets", RG_I32, rg_shape_of(count));
    rg_val losses = rg_cross_entropy(logits, m->targets, (rg_val){0});
    rg_val share = rg_const(m->graph, 1 / (double)count, RG_F32);
    m->loss = rg_mul(rg_sum(losses, RG_ALL_AXES, false), share);
}

/* ---- The step */

/* The trainer's own table, with the settings of GPT-2. */
static json_t *settings(void)
{
    json_t *values = rg_param_defaults(rg_train_params);
    json_object_set_new(values, "weight_decay", json_real(0.1));
    json_object_set_new(values, "beta2", json_real(0.95));
    return values;
}

typedef struct step {
    model m;
    json_t *values;
    rg_conf *conf;
    rg_optim *optim;
    rg_val lr, number;
    rg_plan *plan;
    double graph_ms, plan_ms;
} step;

/* The loss and its gradients, as train.precision has them. */
static void lower_precision(step *s, rg_val *g, size_t n)
{
    rg_val *all = RG_NEW_ARRAY(rg_val, n + 1);
    all[0] = s->m.loss;
    memcpy(all + 1, g, sizeof(*g) * n);
    rg_cast_graph(all, n + 1, RG_F32, RG_BF16, NULL, 0, all);
    s->m.loss = all[0];
    memcpy(g, all + 1, sizeof(*g) * n);
    rg_free(all);
}

static bool compile(step *s, int threads, rg_err *err)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(s->m.scope, &weights), slots;
    rg_val *x = RG_NEW_ARRAY(rg_val, n), *g = RG_NEW_ARRAY(rg_val, n);
    for (size_t i = 0; i < n; i++)
        x[i] = weights[i].input;
    rg_grad(s->m.loss, x, n, g);
    if (s->m.w->half)
        lower_precision(s, g, n);
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
    *s = (step){.m = {.w = w, .graph = rg_graph_new()}, .values = settings()};
    s->m.scope = rg_scope_new(s->m.graph, true, w->classes, NULL);
    s->conf = rg_conf_new(s->m.graph, "train", rg_train_params, s->values);
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

static void fill_classes(step *s, rg_val x)
{
    rg_rng rng = rg_rng_open(1, "classes");
    for (int64_t k = 0; k < rg_val_count(x); k++)
        ((int32_t *)rg_plan_buffer(s->plan, x))[k] =
            (int32_t)rg_rng_below(&rng, (uint64_t)s->m.w->classes);
}

static void fill_normal(step *s, rg_val x)
{
    rg_rng rng = rg_rng_open(1, "normal");
    for (int64_t k = 0; k < rg_val_count(x); k++)
        ((float *)rg_plan_buffer(s->plan, x))[k] = (float)rg_rng_normal(&rng);
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
    fill_classes(s, s->m.targets);
    if (rg_val_dtype(s->m.input) == RG_I32)
        fill_classes(s, s->m.input);
    else
        fill_normal(s, s->m.input);
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
