/* attention.c - scaled dot-product attention, and the layer of several heads around it.
 *
 * Queries of H heads share the keys and values of G <= H groups (Ainslie et al. 2023): the
 * heads of a group stand on an axis of their own beside the batch, (B, G, H/G, T, D), so that
 * one dot serves all of them and keys are never copied. */
#include "engine/nn/internal.h"

#include <math.h>

/* ---- Who may look where: BOOL, or no value for everybody everywhere */

/* (T, S): the last query sees all keys, the one before it all but the last, ... */
static rg_val causal_mask(rg_graph *graph, int64_t queries, int64_t keys)
{
    rg_shape shape = rg_shape_of(queries, keys);
    rg_val newest = rg_add(rg_iota(graph, shape, 0, RG_I32),
                           rg_const(graph, (double)(keys - queries + 1), RG_I32));
    return rg_lt(rg_iota(graph, shape, 1, RG_I32), newest);
}

/* (B, H, T, S), or what broadcasts to it, as (B, G, H/G, T, S). */
static rg_val grouped_mask(rg_val mask, int64_t groups, int64_t shared)
{
    rg_shape shape = rg_val_shape(mask), full = {.rank = 4, .dim = {1, 1, 1, 1}};
    if (shape.rank > 4) {
        rg_graph_fail(mask.graph, "give it at most (B, H, T, S)",
                      "an attention mask of rank %d", shape.rank);
        return mask;
    }
    for (int i = 0; i < shape.rank; i++)
        full.dim[i + 4 - shape.rank] = shape.dim[i];
    bool alike = full.dim[1] == 1; /* for all heads */
    return rg_reshape(mask, rg_shape_of(full.dim[0], alike ? 1 : groups, alike ? 1 : shared,
                                        full.dim[2], full.dim[3]));
}

static rg_val both(rg_val a, rg_val b)
{
    return a.id ? rg_select(a, b, rg_const(a.graph, 0, RG_BOOL)) : b;
}

/* Over the last axis, of what may be looked at; where there is nothing, the weights are zero.
 */
static rg_val masked_softmax(rg_val logits, rg_val mask)
{
    int rank = rg_val_shape(logits).rank;
    if (!mask.id || rank < 1) /* a scalar comes of an earlier mistake */
        return rg_softmax(logits);
    uint32_t last = RG_AXIS(rank - 1);
    rg_val z = rg_select(mask, logits, rg_number(logits, -1e30));
    z = rg_exp(rg_sub(z, rg_stop_grad(rg_amax(z, last, true))));
    z = rg_select(mask, z, rg_number(z, 0));
    return rg_div(z, rg_at_least(rg_sum(z, last, true), 1e-30));
}

/* ---- Attention */

typedef struct heads { /* queries (B, H, T, D); keys (B, G, S, D), values (B, G, S, E) */
    rg_val query, key, value, mask;
    bool causal;
} heads;

static bool heads_fit(const heads *h)
{
    rg_shape q = rg_val_shape(h->query), k = rg_val_shape(h->key), v = rg_val_shape(h->value);
    bool fits = q.rank == 4 && k.rank == 4 && v.rank == 4 && q.dim[0] == k.dim[0] &&
                q.dim[3] == k.dim[3] && k.dim[1] > 0 && q.dim[1] % k.dim[1] == 0;
    for (int i = 0; fits && i < 3; i++)
        fits = k.dim[i] == v.dim[i];
    if (fits)
        return true;
    char text[3][160];
    rg_shape_text(text[0], q);
    rg_shape_text(text[1], k);
    rg_shape_text(text[2], v);
    rg_graph_fail(
        h->query.graph,
        "give it queries (B, H, T, D), keys (B, G, S, D) and values (B, G, S, E) with "
        "G dividing H",
        "attention of queries %s, keys %s and values %s", text[0], text[1], text[2]);
    return false;
}

/* x: (B, G, H/G, T, N) times y, (B, G, ...), over x's last axis and the given one of y. */
static rg_val by_group(rg_val x, rg_val y, int contract_y)
{
    rg_dot_axes axes = {.n_batch = 2,
                        .batch_x = {0, 1},
                        .batch_y = {0, 1},
                        .n_contract = 1,
                        .contract_x = {4},
                        .contract_y = {contract_y}};
    return rg_dot(x, y, &axes);
}

/* softmax(Q K^T / sqrt(D)) with the queries as (B, G, H/G, T, D): (B, G, H/G, T, S). */
static rg_val weights_of(const heads *h)
{
    rg_shape q = rg_val_shape(h->query), k = rg_val_shape(h->key);
    int64_t groups = k.dim[1], shared = q.dim[1] / groups;
    rg_val scale = rg_number(h->query, 1 / sqrt((double)q.dim[3]));
    rg_val grouped = rg_reshape(rg_mul(h->query, scale),
                                rg_shape_of(q.dim[0], groups, shared, q.dim[2], q.dim[3]));
    rg_val mask = h->mask;
    if (mask.id)
        mask = grouped_mask(mask, groups, shared);
    if (h->causal)
        mask = both(mask, causal_mask(h->query.graph, q.dim[2], k.dim[2]));
    return masked_softmax(by_group(grouped, h->key, 3), mask);
}

static rg_val mixed(const heads *h, rg_val weights)
{
    rg_shape q = rg_val_shape(h->query), v = rg_val_shape(h->value);
    return rg_reshape(by_group(weights, h->value, 2),
                      rg_shape_of(q.dim[0], q.dim[1], q.dim[2], v.dim[3]));
}

static rg_val attend(const heads *h)
{
    return heads_fit(h) ? mixed(h, weights_of(h)) : h->query;
}

/* ---- The layer of several heads */

/* (B, T, H D) -> (B, H, T, D) */
static rg_val split(rg_val x, int64_t count)
{
    rg_shape shape = rg_val_shape(x);
    rg_val parts =
        rg_reshape(x, rg_shape_of(shape.dim[0], shape.dim[1], count, shape.dim[2] / count));
    return rg_permute(parts, (const int[]){0, 2, 1, 3});
}

static rg_val joined(rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    return rg_reshape(rg_permute(x, (const int[]){0, 2, 1, 3}),
                      rg_shape_of(shape.dim[0], shape.dim[2], shape.dim[1] * shape.dim[3]));
}

static bool spec_fits(rg_scope *scope, rg_val x, rg_val memory, const rg_attention *spec)
{
    rg_shape shape = rg_val_shape(x), other = rg_val_shape(memory);
    int64_t groups = spec->kv_heads ? spec->kv_heads : spec->heads;
    bool fits = shape.rank == 3 && other.rank == 3 && spec->heads > 0 && groups > 0 &&
                shape.dim[2] % spec->heads == 0 && spec->heads % groups == 0;
    char text[160];
    rg_shape_text(text, shape);
    if (!fits)
        rg_graph_fail(scope->graph,
                      "give it (B, T, C) with heads dividing C and kv_heads dividing heads",
                      "attention of %lld heads, %lld of keys, on a value of shape %s",
                      (long long)spec->heads, (long long)groups, text);
    return fits;
}

static rg_val multi_head(rg_scope *scope, rg_val x, rg_val memory, const rg_attention *spec)
{
    if (!spec_fits(scope, x, memory, spec))
        return x;
    int64_t groups = spec->kv_heads ? spec->kv_heads : spec->heads;
    int64_t width = rg_val_shape(x).dim[2], narrow = width / spec->heads * groups;
    rg_scope_enter(scope, "attention");
    heads h = {.query = split(rg_affine(scope, x, width, spec->no_bias), spec->heads),
               .mask = spec->mask,
               .causal = spec->causal};
    h.key = split(rg_affine(scope, memory, narrow, spec->no_bias), groups);
    h.value = split(rg_affine(scope, memory, narrow, spec->no_bias), groups);
    if (spec->rope > 0) {
        h.query = rg_rope(h.query, spec->rope);
        h.key = rg_rope(h.key, spec->rope);
    }
    if (heads_fit(&h)) {
        rg_val weights = rg_dropout(scope, weights_of(&h), spec->dropout);
        x = rg_affine(scope, joined(mixed(&h, weights)), width, spec->no_bias);
    }
    rg_scope_leave(scope);
    return x;
}

rg_val rg_attend_at(rg_place at, rg_val query, rg_val key, rg_val value, rg_val mask,
                    bool causal)
{
    heads h = {query, key, value, mask, causal};
    RG_PINNED(query.graph, at, attend(&h));
}

rg_val rg_multi_head_attention_at(rg_place at, rg_scope *scope, rg_val x, rg_val memory,
                                  const rg_attention *spec)
{
    RG_LAYER(scope->graph, at, spec, x, multi_head(scope, x, memory, spec));
}
