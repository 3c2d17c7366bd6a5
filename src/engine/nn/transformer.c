/* transformer.c - the block of a transformer: attention, then a perceptron, each with a way
 * around it. */
#include "engine/nn/internal.h"

/* Gated: (act(x A) * (x B)) C; else act(x A) C. */
static rg_val feed_forward(rg_scope *scope, rg_val x, const rg_feed_forward_spec *spec)
{
    rg_shape shape = rg_val_shape(x);
    if (shape.rank < 1 || spec->hidden < 1) {
        rg_graph_fail(scope->graph, "give it (..., C) and a hidden width of at least 1",
                      "a feed-forward layer of rank %d and hidden width %lld", shape.rank,
                      (long long)spec->hidden);
        return x;
    }
    rg_scope_enter(scope, "feed_forward");
    rg_val y = rg_activate(rg_affine(scope, x, spec->hidden, spec->no_bias),
                           spec->activation ? spec->activation : "gelu");
    if (spec->gated)
        y = rg_mul(y, rg_affine(scope, x, spec->hidden, spec->no_bias));
    y = rg_dropout(scope, y, spec->dropout);
    y = rg_affine(scope, y, shape.dim[shape.rank - 1], spec->no_bias);
    rg_scope_leave(scope);
    return y;
}

static rg_val normed(rg_scope *scope, rg_val x, const rg_block *spec)
{
    return spec->rms_norm ? rg_rms_norm(scope, x) : rg_layer_norm(scope, x);
}

static rg_val block(rg_scope *scope, rg_val x, const rg_block *spec)
{
    rg_scope_enter(scope, "block");
    if (spec->post_norm) {
        rg_val seen = rg_multi_head_attention(scope, x, x, &spec->attention);
        x = normed(scope, rg_residual(scope, x, seen, spec->dropout), spec);
        rg_val thought = rg_feed_forward(scope, x, &spec->feed_forward);
        x = normed(scope, rg_residual(scope, x, thought, spec->dropout), spec);
    } else {
        rg_val before = normed(scope, x, spec);
        rg_val seen = rg_multi_head_attention(scope, before, before, &spec->attention);
        x = rg_residual(scope, x, seen, spec->dropout);
        rg_val thought = rg_feed_forward(scope, normed(scope, x, spec), &spec->feed_forward);
        x = rg_residual(scope, x, thought, spec->dropout);
    }
    rg_scope_leave(scope);
    return x;
}

rg_val rg_feed_forward_at(rg_place at, rg_scope *scope, rg_val x,
                          const rg_feed_forward_spec *spec)
{
    RG_LAYER(scope->graph, at, spec, x, feed_forward(scope, x, spec));
}

rg_val rg_transformer_block_at(rg_place at, rg_scope *scope, rg_val x, const rg_block *spec)
{
    RG_LAYER(scope->graph, at, spec, x, block(scope, x, spec));
}
