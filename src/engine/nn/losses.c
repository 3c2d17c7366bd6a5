/* losses.c - losses, one value an example; the trainer takes the mean over the batch. */
#include "engine/nn/internal.h"

static rg_val shifted(rg_val logits, uint32_t axis)
{
    return rg_sub(logits, rg_stop_grad(rg_amax(logits, axis, true)));
}

static rg_val softmax(rg_val logits)
{
    int rank = rg_val_shape(logits).rank;
    if (rank < 1) {
        rg_graph_fail(logits.graph, "give it (..., C)", "softmax of a scalar");
        return logits;
    }
    uint32_t axis = RG_AXIS(rank - 1);
    rg_val e = rg_exp(shifted(logits, axis));
    return rg_div(e, rg_sum(e, axis, true));
}

/* ---- Of classes */

static bool classes_fit(rg_val logits, rg_val labels, const char *loss)
{
    rg_shape shape = rg_val_shape(logits);
    if (shape.rank == 2 && rg_val_shape(labels).rank == 1)
        return true;
    rg_graph_fail(logits.graph, "give it logits (B, C) and labels (B)",
                  "%s of logits of rank %d and labels of rank %d", loss, shape.rank,
                  rg_val_shape(labels).rank);
    return false;
}

/* The entry of each row at its label: (B, C), (B) -> (B). */
static rg_val picked(rg_val x, rg_val labels)
{
    rg_shape shape = rg_val_shape(x);
    rg_val column = rg_reshape(labels, rg_shape_of(shape.dim[0], 1));
    rg_val hit = rg_eq(rg_iota(x.graph, shape, 1, rg_val_dtype(labels)), column);
    return rg_sum(rg_select(hit, x, rg_number(x, 0)), RG_AXIS(1), false);
}

/* With z = logits - max: the loss is log sum exp(z) - z[label].  Smoothing moves the share s of
 * the target to all classes alike: log sum exp(z) - (1 - s) z[label] - s mean(z). */
static rg_val cross_entropy(rg_val logits, rg_val labels, rg_val smoothing)
{
    if (!classes_fit(logits, labels, "cross-entropy"))
        return logits;
    rg_val z = shifted(logits, RG_AXIS(1));
    rg_val at_label = picked(z, labels);
    rg_val loss = rg_sub(rg_log(rg_sum(rg_exp(z), RG_AXIS(1), false)), at_label);
    if (!smoothing.id)
        return loss;
    rg_val share = rg_number(z, 1.0 / (double)rg_val_shape(logits).dim[1]);
    rg_val mean = rg_mul(rg_sum(z, RG_AXIS(1), false), share);
    return rg_add(loss, rg_mul(smoothing, rg_sub(at_label, mean)));
}

/* (1 - p)^gamma (-log p) with p the probability of the label.  1 - p stays above 0, where powers below
 * 1 have no derivative: the loss there is 0 all the same. */
#define LEAST_MISS 1e-20
static rg_val focal(rg_val logits, rg_val labels, rg_val gamma)
{
    if (!classes_fit(logits, labels, "focal loss"))
        return logits;
    rg_val loss = cross_entropy(logits, labels, (rg_val){0});
    rg_val miss = rg_sub(rg_number(loss, 1), rg_exp(rg_neg(loss)));
    return rg_mul(rg_pow(rg_at_least(miss, LEAST_MISS), gamma), loss);
}

/* (B, 1) and (B) would broadcast to (B, B): every example against every other. */
static bool shapes_fit(rg_val prediction, rg_val target, const char *loss)
{
    if (rg_shape_same(rg_val_shape(prediction), rg_val_shape(target)))
        return true;
    char a[160], b[160];
    rg_shape_text(a, rg_val_shape(prediction));
    rg_shape_text(b, rg_val_shape(target));
    rg_graph_fail(prediction.graph, "give both one shape, with rg_reshape",
                  "%s of shapes %s and %s", loss, a, b);
    return false;
}

/* log(1 + exp(z)) - z t; softplus cannot overflow. */
static rg_val binary_cross_entropy(rg_val logits, rg_val targets)
{
    if (!shapes_fit(logits, targets, "binary cross-entropy"))
        return logits;
    return rg_sub(rg_activate(logits, "softplus"), rg_mul(logits, targets));
}

/* ---- Of numbers */

static rg_val squared(rg_val prediction, rg_val target)
{
    bool fits = shapes_fit(prediction, target, "squared error");
    return fits ? rg_square(rg_sub(prediction, target)) : prediction;
}

static rg_val size_of(rg_val x)
{
    return rg_max(x, rg_neg(x));
}

static rg_val absolute(rg_val prediction, rg_val target)
{
    bool fits = shapes_fit(prediction, target, "absolute error");
    return fits ? size_of(rg_sub(prediction, target)) : prediction;
}

static rg_val huber(rg_val prediction, rg_val target, rg_val delta)
{
    if (!shapes_fit(prediction, target, "Huber's loss"))
        return prediction;
    rg_val difference = rg_sub(prediction, target), half = rg_number(difference, 0.5);
    rg_val size = size_of(difference);
    rg_val far = rg_mul(delta, rg_sub(size, rg_mul(half, delta)));
    rg_val near = rg_mul(half, rg_square(difference));
    return rg_select(rg_lt(size, delta), near, far);
}

static rg_val gaussian(rg_val mean, rg_val log_variance, rg_val target)
{
    if (!shapes_fit(mean, log_variance, "Gaussian likelihood") ||
        !shapes_fit(mean, target, "Gaussian likelihood"))
        return mean;
    rg_val error = rg_square(rg_sub(target, mean));
    rg_val scaled = rg_mul(error, rg_exp(rg_neg(log_variance)));
    return rg_mul(rg_number(mean, 0.5), rg_add(log_variance, scaled));
}

/* ---- Of representations */

static bool rows_fit(rg_val a, rg_val b, const char *loss)
{
    if (rg_val_shape(a).rank == 2 && rg_shape_same(rg_val_shape(a), rg_val_shape(b)))
        return true;
    rg_graph_fail(a.graph, "give it representations (B, D) of one shape",
                  "%s of values of rank %d and %d", loss, rg_val_shape(a).rank,
                  rg_val_shape(b).rank);
    return false;
}

static rg_val unit_rows(rg_val x)
{
    rg_val square = rg_sum(rg_square(x), RG_AXIS(1), true);
    return rg_div(x, rg_sqrt(rg_at_least(square, 1e-16)));
}

static rg_val info_nce(rg_val query, rg_val key, rg_val temperature)
{
    if (!rows_fit(query, key, "InfoNCE"))
        return query;
    rg_dot_axes over_features = {.n_contract = 1, .contract_x = {1}, .contract_y = {1}};
    rg_val likeness = rg_dot(unit_rows(query), unit_rows(key), &over_features);
    rg_val own = rg_iota(query.graph, rg_shape_of(rg_val_shape(query).dim[0]), 0, RG_I32);
    return cross_entropy(rg_div(likeness, temperature), own, (rg_val){0});
}

/* |a - b + 1e-6|, as PyTorch: its derivative exists at a = b, and with the floor at 0 as well. */
static rg_val distance(rg_val a, rg_val b)
{
    rg_val apart = rg_add(rg_sub(a, b), rg_number(a, 1e-6));
    return rg_sqrt(rg_at_least(rg_sum(rg_square(apart), RG_AXIS(1), false), 1e-24));
}

static rg_val triplet(rg_val anchor, rg_val positive, rg_val negative, rg_val margin)
{
    if (!rows_fit(anchor, positive, "triplet loss") ||
        !rows_fit(anchor, negative, "triplet loss"))
        return anchor;
    rg_val gap = rg_sub(distance(anchor, positive), distance(anchor, negative));
    return rg_positive_part(rg_add(gap, margin));
}

/* ---- The names to call */

rg_val rg_softmax_at(rg_place at, rg_val logits)
{
    RG_PINNED(logits.graph, at, softmax(logits));
}

rg_val rg_cross_entropy_at(rg_place at, rg_val logits, rg_val labels, rg_val smoothing)
{
    RG_PINNED(logits.graph, at, cross_entropy(logits, labels, smoothing));
}

rg_val rg_focal_at(rg_place at, rg_val logits, rg_val labels, rg_val gamma)
{
    RG_PINNED(logits.graph, at, focal(logits, labels, gamma));
}

rg_val rg_binary_cross_entropy_at(rg_place at, rg_val logits, rg_val targets)
{
    RG_PINNED(logits.graph, at, binary_cross_entropy(logits, targets));
}

rg_val rg_weighted_at(rg_place at, rg_val losses, rg_val labels, rg_val class_weights)
{
    RG_PINNED(losses.graph, at, rg_mul(losses, rg_gather(class_weights, labels, 0)));
}

rg_val rg_squared_error_at(rg_place at, rg_val prediction, rg_val target)
{
    RG_PINNED(prediction.graph, at, squared(prediction, target));
}

rg_val rg_absolute_error_at(rg_place at, rg_val prediction, rg_val target)
{
    RG_PINNED(prediction.graph, at, absolute(prediction, target));
}

rg_val rg_huber_at(rg_place at, rg_val prediction, rg_val target, rg_val delta)
{
    RG_PINNED(prediction.graph, at, huber(prediction, target, delta));
}

rg_val rg_gaussian_nll_at(rg_place at, rg_val mean, rg_val log_variance, rg_val target)
{
    RG_PINNED(mean.graph, at, gaussian(mean, log_variance, target));
}

rg_val rg_info_nce_at(rg_place at, rg_val query, rg_val key, rg_val temperature)
{
    RG_PINNED(query.graph, at, info_nce(query, key, temperature));
}

rg_val rg_triplet_at(rg_place at, rg_val anchor, rg_val positive, rg_val negative,
                     rg_val margin)
{
    RG_PINNED(anchor.graph, at, triplet(anchor, positive, negative, margin));
}
