/* losses.c - losses, one value an example; the trainer takes the mean over the batch. */
#include "rigor/nn.h"

static rg_val shifted(rg_val logits, uint32_t axis)
{
    return rg_sub(logits, rg_stop_grad(rg_amax(logits, axis, true)));
}

static rg_val softmax(rg_val logits)
{
    uint32_t axis = RG_AXIS(rg_val_shape(logits).rank - 1);
    rg_val e = rg_exp(shifted(logits, axis));
    return rg_div(e, rg_sum(e, axis, true));
}

/* With z = logits - max: the loss is log sum exp(z) - z[label].  Smoothing moves the share s of
 * the target to all classes alike: log sum exp(z) - (1 - s) z[label] - s mean(z). */
static rg_val cross_entropy(rg_val logits, rg_val labels, rg_val smoothing)
{
    rg_graph *graph = logits.graph;
    rg_shape shape = rg_val_shape(logits);
    if (shape.rank != 2 || rg_val_shape(labels).rank != 1) {
        rg_graph_fail(graph, "give it logits (B, C) and labels (B)",
                      "cross-entropy of logits of rank %d and labels of rank %d", shape.rank,
                      rg_val_shape(labels).rank);
        return logits;
    }
    rg_val z = shifted(logits, RG_AXIS(1));
    rg_val column = rg_reshape(labels, rg_shape_of(shape.dim[0], 1));
    rg_val hit = rg_eq(rg_iota(graph, shape, 1, rg_val_dtype(labels)), column);
    rg_val picked = rg_sum(rg_select(hit, z, rg_const(graph, 0, RG_F32)), RG_AXIS(1), false);
    rg_val loss = rg_sub(rg_log(rg_sum(rg_exp(z), RG_AXIS(1), false)), picked);
    if (!smoothing.id)
        return loss;
    rg_val mean = rg_mul(rg_sum(z, RG_AXIS(1), false),
                         rg_const(graph, 1.0 / (double)shape.dim[1], RG_F32));
    return rg_add(loss, rg_mul(smoothing, rg_sub(picked, mean)));
}

rg_val rg_softmax_at(rg_place at, rg_val logits)
{
    rg_graph_pin(logits.graph, at);
    rg_val y = softmax(logits);
    rg_graph_unpin(logits.graph);
    return y;
}

rg_val rg_cross_entropy_at(rg_place at, rg_val logits, rg_val labels, rg_val smoothing)
{
    rg_graph_pin(logits.graph, at);
    rg_val y = cross_entropy(logits, labels, smoothing);
    rg_graph_unpin(logits.graph);
    return y;
}

rg_val rg_squared_error_at(rg_place at, rg_val prediction, rg_val target)
{
    rg_graph_pin(prediction.graph, at);
    rg_val difference = rg_sub(prediction, target);
    rg_val y = rg_mul(difference, difference);
    rg_graph_unpin(prediction.graph);
    return y;
}
