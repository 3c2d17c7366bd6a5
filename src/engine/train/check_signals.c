/* check_signals.c - how signals and gradients fare through a model at initialisation: one step
 * on data of unit variance, and how many layers follow one another without a normalisation. */
#include "engine/train/check.h"

#include <math.h>
#include <string.h>

/* Beyond these a model hardly begins to learn (Glorot & Bengio 2010 show the effect; the limits
 * are our own, wide enough that no usual initialisation comes near). */
#define SD_LEAST 0.01
#define SD_MOST 100.0
#define GRADIENT_LEAST 1e-3 /* of the last layer's */
#define GRADIENT_MOST 1e3
#define ZEROS_MOST 0.95 /* share of an activation */
#define STACK_MOST 8    /* layers in a row without normalisation or a shortcut */

typedef struct moments {
    double sd, norm;        /* standard deviation, square root of the sum of squares */
    double zeros, unusable; /* shares of zeros, of values that are not finite */
} moments;

static moments moments_of(const float *value, int64_t n)
{
    double mean = 0, square = 0, around = 0, zeros = 0, unusable = 0;
    for (int64_t i = 0; i < n; i++) {
        mean += (double)value[i] / (double)n;
        square += (double)value[i] * (double)value[i];
        zeros += value[i] == 0;
        unusable += !isfinite(value[i]);
    }
    for (int64_t i = 0; i < n; i++)
        around += ((double)value[i] - mean) * ((double)value[i] - mean);
    if (n == 0)
        return (moments){0};
    return (moments){sqrt(around / (double)n), sqrt(square), zeros / (double)n,
                     unusable / (double)n};
}

static moments moments_in(rg_plan *plan, rg_val v)
{
    return moments_of(rg_plan_buffer(plan, v), rg_val_count(v));
}

/* ---- Running the step. */

static void fill(checking *c, rg_plan *plan)
{
    rg_fill_network(plan, &c->net, c->spec->config);
    rg_fill_normal(rg_plan_buffer(plan, c->x), rg_val_count(c->x), "x");
    if (c->spec->task == RG_CLASSIFY)
        rg_fill_labels(rg_plan_buffer(plan, c->y), c->batch, c->spec->classes);
    else
        rg_fill_normal(rg_plan_buffer(plan, c->y), c->batch, "y");
}

static rg_plan *compile(checking *c, rg_err *err)
{
    size_t n = 0;
    rg_val *output = RG_ARENA_ARRAY(c->arena, rg_val, c->n_gradients + c->n_layers + 1);
    output[n++] = c->loss;
    for (size_t i = 0; i < c->n_gradients; i++)
        output[n++] = c->gradient[i];
    for (size_t i = 0; i < c->n_layers; i++)
        if (c->layer[i].output.id)
            output[n++] = c->layer[i].output;
    return rg_plan_compile(c->net.graph, output, n, NULL, 0, &c->spec->plan, err);
}

/* ---- Marks. */

typedef struct layer_signal {
    moments activation, gradient; /* of the loss by the activation */
} layer_signal;

typedef struct mark {
    const char *name; /* of the table */
    const char *what, *remedy;
} mark;
static const mark marks[] = {
    {"not finite", "activations are not finite: a share of %.3g behind %s",
     "look for a division by zero, a root or logarithm of what is not above 0, an exp of "
     "large values"},
    {"dead", "%.3g of the activations behind %s are zero",
     "look at the activation and at the initial bias"},
    {"exploding", "activations grow: standard deviation %.3g behind %s",
     "scale its initial weights by the fan-in (Kaiming, Xavier), or normalise"},
    {"vanishing", "activations fade: standard deviation %.3g behind %s",
     "scale its initial weights by the fan-in (Kaiming, Xavier), or normalise"},
    {"not finite", "the gradient is not finite on its way back: a share of %.3g at %s",
     "look for a root or power of 0, whose derivative is not finite"},
    {"exploding", "the gradient grows on its way back: %.3g times the last layer's at %s",
     "normalise, clip (train.clip), or add shortcuts"},
    {"vanishing", "the gradient fades on its way back: %.3g of the last layer's at %s",
     "add shortcuts, normalise, or take another activation"},
};

/* The mark that fits, and the figure that says so; NULL: none.  Where an earlier layer has more
 * (most: of this one and those before it), a small gradient is a side branch's, as that of
 * Mamba's time steps, and nothing has faded on the way back. */
static const mark *mark_of(const layer_signal *s, double most, double last, double *ret)
{
    const double sd = s->activation.sd, zeros = s->activation.zeros;
    const double ratio = last > 0 ? s->gradient.norm / last : 1;
    const struct {
        bool holds;
        double value;
    } tests[RG_COUNT(marks)] = {
        {s->activation.unusable > 0, s->activation.unusable},
        {zeros > ZEROS_MOST, zeros},
        {sd > SD_MOST, sd},
        {sd < SD_LEAST, sd},
        {s->gradient.unusable > 0, s->gradient.unusable},
        {ratio > GRADIENT_MOST, ratio},
        /* None at all is check_reach's to tell. */
        {ratio > 0 && most < GRADIENT_LEAST * last, ratio},
    };
    for (size_t i = 0; i < RG_COUNT(marks); i++)
        if (tests[i].holds) {
            *ret = tests[i].value;
            return &marks[i];
        }
    return NULL;
}

/* A model that draws a mark has it in many layers: the first is told, the table shows the rest.
 */
static void tell(checking *c, const layer *l, const mark *m, double value, bool *told)
{
    if (!told[m - marks])
        check_say(c, "signals", true, l->at, m->remedy, m->what, value, l->name); /* NOLINT */
    told[m - marks] = true;
}

static void add_layer(checking *c, const layer *l, const layer_signal *s, const mark *m)
{
    bool known = l->output.id != 0;
    json_array_append_new(
        c->layers,
        json_pack("{s:s, s:s, s:i, s:I, s:f, s:o, s:o, s:o, s:s?}", "layer", l->name, "file",
                  l->at.file ? l->at.file : "", "line", l->at.line, "parameters",
                  (json_int_t)l->parameters, "flops", l->flops, "activation_sd",
                  known ? rg_json_real(s->activation.sd) : json_null(), "activation_zeros",
                  known ? rg_json_real(s->activation.zeros) : json_null(), "gradient_norm",
                  known ? rg_json_real(s->gradient.norm) : json_null(), "mark",
                  m ? m->name : NULL));
}

static void judge(checking *c, rg_plan *plan)
{
    bool told[RG_COUNT(marks)] = {false};
    layer_signal *s = RG_ARENA_ARRAY(c->arena, layer_signal, c->n_layers + 1);
    double last = 0, most = 0;
    for (size_t i = 0; i < c->n_layers; i++) {
        if (!c->layer[i].output.id)
            continue;
        s[i].activation = moments_in(plan, c->layer[i].output);
        s[i].gradient = moments_in(plan, c->gradient[c->n_weights + 1 + i]);
        last = s[i].gradient.norm;
    }
    for (size_t i = 0; i < c->n_layers; i++) {
        double value = 0;
        const layer *l = &c->layer[i];
        most = fmax(most, s[i].gradient.norm);
        const mark *m = l->output.id ? mark_of(&s[i], most, last, &value) : NULL;
        if (m)
            tell(c, l, m, value, told);
        add_layer(c, l, &s[i], m);
    }
}

/* Weights whose gradient is zero on this data, though a path leads there. */
static void check_still(checking *c, rg_plan *plan)
{
    for (size_t i = 0; i < c->n_weights; i++) {
        double constant;
        if (!rg_node_constant(c->net.graph, c->gradient[i].id, &constant) &&
            rg_val_count(c->gradient[i]) > 0 && moments_in(plan, c->gradient[i]).norm == 0)
            check_say(
                c, "parameters", false, rg_node_of(c->net.graph, c->weight[i].input.id)->at,
                "fine where it is meant (a gate that starts shut); else look at what zeroes it",
                "at initialisation the gradient of %s is exactly zero", c->weight[i].name);
    }
}

/* ---- Stacks. */

static uint32_t behind(const rg_graph *graph, uint32_t id)
{
    const rg_node *node = rg_node_of(graph, id);
    while (node->op == RG_OP_broadcast || node->op == RG_OP_reshape) {
        id = node->in[0];
        node = rg_node_of(graph, id);
    }
    return id;
}

/* x / sqrt(...), x (...)^-1/2, x (1 / sqrt(...)) with a root of the examples themselves. */
static bool normalises(const checking *c, const rg_node *node)
{
    if (node->op != RG_OP_div && node->op != RG_OP_mul)
        return false;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t id = behind(c->net.graph, node->in[i]);
        const rg_node *by = rg_node_of(c->net.graph, id);
        if (by->op == RG_OP_div)
            by = rg_node_of(c->net.graph, behind(c->net.graph, by->in[1]));
        if (c->of_data[id] && (by->op == RG_OP_sqrt || by->op == RG_OP_pow))
            return true;
    }
    return false;
}

static bool is_layer(const checking *c, const rg_node *node)
{
    return (node->op == RG_OP_dot || node->op == RG_OP_conv) &&
           c->of_data[node->in[0]] != c->of_data[node->in[1]];
}

/* Layers in a row: along the longest way, but a sum of two signals is as deep as the shorter
 * one. */
static void check_stack(checking *c)
{
    uint32_t *depth = RG_ARENA_ARRAY(c->arena, uint32_t, c->forward + 1);
    for (uint32_t id = 1; id <= c->forward; id++) {
        const rg_node *node = rg_node_of(c->net.graph, id);
        bool sum = node->op == RG_OP_add && c->of_data[node->in[0]] && c->of_data[node->in[1]];
        for (uint32_t i = 0; c->of_data[id] && i < node->n_in; i++) {
            uint32_t from = depth[node->in[i]];
            if (i == 0 || (sum ? from < depth[id] : from > depth[id]))
                depth[id] = from;
        }
        if (normalises(c, node))
            depth[id] = 0;
        depth[id] += is_layer(c, node);
        if (is_layer(c, node) && depth[id] == STACK_MOST) {
            check_say(
                c, "stack", false, node->at,
                "normalise between layers (layer norm, RMS norm) or add shortcuts",
                "%d layers or more follow one another without a normalisation or a shortcut",
                STACK_MOST);
            return;
        }
    }
}

bool check_signals(checking *c, rg_err *err)
{
    rg_plan *plan = compile(c, err);
    if (!plan)
        return false;
    fill(c, plan);
    bool ok = rg_plan_run(plan, err);
    if (ok) {
        judge(c, plan);
        check_still(c, plan);
        check_stack(c);
    }
    rg_plan_free(plan);
    return ok;
}
