/* step.c - the training step as one graph.
 *
 * The batch is gathered from the resident data set by row numbers; its loss is the weighted sum
 * of the examples' losses, so that the last, shorter batch of an epoch runs through the same
 * plan with weight 0 on the places that it leaves empty.  Then: gradients, what is done to them
 * (sharpness, sums over batches, clipping), the update rule, running means. */
#include "engine/train/program.h"

/* ---- The loss */

static void build_loss(stepper *step, const rg_program_spec *spec, int64_t batch)
{
    rg_graph *graph = step->net.graph;
    int64_t rows = (int64_t)spec->rows, features = (int64_t)spec->features;
    rg_dtype target = spec->task == RG_CLASSIFY ? RG_I32 : RG_F32;
    step->x = rg_input(graph, "data.x", RG_F32, rg_shape_of(rows, features));
    step->y = rg_input(graph, "data.y", target, rg_shape_of(rows));
    step->index = rg_input(graph, "batch.index", RG_I32, rg_shape_of(batch));
    step->weight = rg_input(graph, "batch.weight", RG_F32, rg_shape_of(batch));
    rg_val x = rg_gather(step->x, step->index, 0);
    rg_val y = rg_gather(step->y, step->index, 0);
    step->net.scope->present = rg_cast(rg_lt(rg_const(graph, 0, RG_F32), step->weight), RG_F32);
    rg_val out = rg_network_forward(&step->net, spec, x);
    rg_val losses = rg_network_losses(&step->net, spec, out, y);
    step->loss = rg_sum(rg_mul(losses, step->weight), RG_ALL_AXES, false);
}

/* ---- Gradients */

typedef struct trained { /* the weights that gradients train */
    size_t n, *which;    /* their places among all weights */
    rg_val *input, *gradient;
} trained;

static trained trained_of(const rg_weight *weights, size_t n)
{
    trained t = {0, RG_NEW_ARRAY(size_t, n), RG_NEW_ARRAY(rg_val, n), RG_NEW_ARRAY(rg_val, n)};
    for (size_t i = 0; i < n; i++)
        if (!weights[i].buffer) {
            t.which[t.n] = i;
            t.input[t.n++] = weights[i].input;
        }
    return t;
}

static void trained_free(trained *t)
{
    rg_free(t->which);
    rg_free(t->input);
    rg_free(t->gradient);
}

/* The loss that is differentiated: with what layers ask for, as much of it as the batch is of
 * its update.  The reported loss is without. */
static rg_val objective(const stepper *step, bool whole)
{
    rg_val penalty = step->net.scope->penalty;
    if (!penalty.id)
        return step->loss;
    if (!whole)
        penalty = rg_mul(penalty, rg_sum(step->weight, RG_ALL_AXES, false));
    return rg_add(step->loss, penalty);
}

/* While batches add up an update, sums wait in slots; the last batch empties them. */
static void accumulate(stepper *step, const rg_weight *weights, trained *t)
{
    step->apply = rg_input(step->net.graph, "apply", RG_F32, RG_SCALAR);
    rg_val zero = rg_const(step->net.graph, 0, RG_F32), now = rg_lt(zero, step->apply);
    for (size_t i = 0; i < t->n; i++) {
        const char *name = weights[t->which[i]].name;
        rg_val slot = rg_optim_slot(step->optim, "gradient", name, t->gradient[i]);
        t->gradient[i] = rg_add(slot, t->gradient[i]);
        rg_optim_keep(step->optim, slot, rg_select(now, zero, t->gradient[i]));
    }
    step->sums = t->n;
}

static void differentiate(stepper *step, bool whole, trained *t)
{
    const rg_conf *train = step->net.train;
    rg_grad(objective(step, whole), t->input, t->n, t->gradient);
    if (!rg_conf_off(train, "sam"))
        rg_sharpness_aware(t->gradient, t->input, t->n, rg_conf_val(train, "sam"));
}

/* The loss, its gradients and the buffers' new values, in the precision that was asked for. */
static void lower_precision(stepper *step, trained *t, const rg_weight *weights, size_t n,
                            rg_val *next)
{
    RG_VEC(rg_val *) place = {0};
    rg_vec_push(&place, &step->loss);
    for (size_t i = 0; i < t->n; i++)
        rg_vec_push(&place, &t->gradient[i]);
    for (size_t i = 0; i < n; i++)
        if (weights[i].buffer)
            rg_vec_push(&place, &next[i]);
    rg_val *value = RG_NEW_ARRAY(rg_val, place.len);
    for (size_t i = 0; i < place.len; i++)
        value[i] = *place.at[i];
    rg_network_lower(&step->net, value, place.len);
    for (size_t i = 0; i < place.len; i++)
        *place.at[i] = value[i];
    rg_free(value);
    rg_vec_free(&place);
}

static void clip(const stepper *step, trained *t)
{
    const rg_conf *train = step->net.train;
    if (!rg_conf_off(train, "clip_value"))
        rg_clip_by_value(t->gradient, t->n, rg_conf_val(train, "clip_value"));
    if (!rg_conf_off(train, "clip"))
        rg_clip_by_norm(t->gradient, t->n, rg_conf_val(train, "clip"));
}

/* ---- What is kept */

/* next = decay mean + (1 - decay) weight with decay = min(given, (1 + t) / (10 + t)) in the
 * t-th update, so that the first, poor weights are forgotten soon (TensorFlow's rule; Polyak &
 * Juditsky 1992 for the idea). */
static void build_averages(stepper *step, const rg_weight *weights, const trained *t,
                           const rg_val *next)
{
    if (rg_conf_off(step->net.train, "ema"))
        return;
    rg_val given = rg_conf_val(step->net.train, "ema"), at = step->step;
    rg_val early = rg_div(rg_add(at, rg_const(at.graph, 1, RG_F32)),
                          rg_add(at, rg_const(at.graph, 10, RG_F32)));
    rg_val decay = rg_select(rg_lt(given, early), given, early);
    rg_val rest = rg_sub(rg_const(at.graph, 1, RG_F32), decay);
    for (size_t i = 0; i < t->n; i++) {
        size_t k = t->which[i];
        rg_val slot = rg_optim_slot(step->optim, "average", weights[k].name, t->input[i]);
        rg_optim_keep(step->optim, slot, rg_add(rg_mul(decay, slot), rg_mul(rest, next[k])));
        step->average[k] = slot;
    }
}

/* The new value of each weight into next[n]. */
static void build_update(stepper *step, const rg_program_spec *spec, const rg_weight *weights,
                         size_t n, rg_val *next)
{
    const json_t *train = json_object_get(spec->config, "train");
    step->lr = rg_input(step->net.graph, "lr", RG_F32, RG_SCALAR);
    step->step = rg_input(step->net.graph, "step", RG_F32, RG_SCALAR);
    step->optim = rg_optim_new(step->net.graph, step->net.train, step->lr, step->step);
    step->average = RG_NEW_ARRAY(rg_val, n);
    trained t = trained_of(weights, n);
    bool whole = rg_accumulate_of(spec) == 1;
    for (size_t i = 0; i < n; i++)
        next[i] = weights[i].next;
    differentiate(step, whole, &t);
    lower_precision(step, &t, weights, n, next);
    if (!whole)
        accumulate(step, weights, &t);
    clip(step, &t);
    const rg_optimizer *rule = rg_optimizer_find(rg_json_text(train, "optimizer", ""));
    for (size_t i = 0; i < t.n; i++)
        next[t.which[i]] =
            rule->update(step->optim, weights[t.which[i]].name, t.input[i], t.gradient[i]);
    build_averages(step, weights, &t, next);
    trained_free(&t);
}

/* What is kept from step to step; while batches add up, only buffers and sums move. */
static void build_carries(const stepper *step, const rg_weight *weights, size_t n,
                          const rg_val *next, rg_carry *ret)
{
    const rg_optim_tensor *slots;
    size_t n_slots = rg_optim_slots(step->optim, &slots);
    for (size_t i = 0; i < n; i++)
        ret[i] = (rg_carry){weights[i].input, next[i]};
    for (size_t i = 0; i < n_slots; i++)
        ret[n + i] = (rg_carry){slots[i].input, slots[i].output};
    if (!step->apply.id)
        return;
    rg_val now = rg_lt(rg_const(step->net.graph, 0, RG_F32), step->apply);
    for (size_t i = 0; i < n + n_slots; i++) {
        bool moves = i < n ? weights[i].buffer : i - n < step->sums;
        if (!moves)
            ret[i].output = rg_select(now, ret[i].output, ret[i].input);
    }
}

bool rg_step_build(stepper *step, const rg_program_spec *spec, size_t batch, rg_err *err)
{
    rg_network_open(&step->net, spec, true);
    build_loss(step, spec, (int64_t)batch);
    const rg_weight *weights;
    size_t n = rg_scope_weights(step->net.scope, &weights);
    rg_val *next = RG_NEW_ARRAY(rg_val, n);
    build_update(step, spec, weights, n, next);
    const rg_optim_tensor *slots;
    size_t n_slots = rg_optim_slots(step->optim, &slots);
    rg_carry *carries = RG_NEW_ARRAY(rg_carry, n + n_slots);
    build_carries(step, weights, n, next, carries);
    step->plan = rg_plan_compile(step->net.graph, &step->loss, 1, carries, n + n_slots,
                                 &spec->plan, err);
    rg_free(next);
    rg_free(carries);
    return step->plan != NULL;
}

void rg_step_free(stepper *step)
{
    rg_plan_free(step->plan);
    rg_optim_free(step->optim);
    rg_free(step->average);
    rg_network_close(&step->net);
}
