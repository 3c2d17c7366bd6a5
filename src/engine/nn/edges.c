/* edges.c - convolution and attention on graphs given as lists of edges: entries are gathered
 * at the sources and added up at the targets.  Every node also hears itself. */
#include "engine/nn/internal.h"

/* x: (N, ...), edges (E) -> (N, ...): at each node the sum of what its sources send. */
static rg_val delivered(rg_val at_edges, rg_val like, const rg_edges *edges)
{
    return rg_scatter_add(rg_val_shape(like), edges->target, at_edges, 0);
}

static bool edges_fit(rg_scope *scope, rg_val x, const rg_edges *edges, int64_t width)
{
    rg_shape from = rg_val_shape(edges->source), to = rg_val_shape(edges->target);
    bool fits =
        rg_val_shape(x).rank == 2 && from.rank == 1 && rg_shape_same(from, to) && width > 0;
    if (!fits)
        rg_graph_fail(scope->graph,
                      "give it nodes (N, D), sources (E), targets (E) and a width of 1 up",
                      "a graph layer of rank %d, edges of rank %d and %d and width %lld",
                      rg_val_shape(x).rank, from.rank, to.rank, (long long)width);
    return fits;
}

static rg_init glorot(int64_t in, int64_t out)
{
    return (rg_init){RG_INIT_XAVIER_UNIFORM, 0, in, out};
}

/* 1 / sqrt(1 + number of sources) for each node: (N, 1). */
static rg_val root_degree(rg_val x, const rg_edges *edges)
{
    rg_val one = rg_number(x, 1);
    rg_val ones = rg_broadcast(one, rg_val_shape(edges->source));
    rg_shape nodes = rg_shape_of(rg_val_shape(x).dim[0]);
    rg_val degree = rg_add(rg_scatter_add(nodes, edges->target, ones, 0), one);
    return rg_reshape(rg_div(one, rg_sqrt(degree)), rg_shape_of(nodes.dim[0], 1));
}

/* D^-1/2 (A + I) D^-1/2 x W + b, as r (A + I) (r x W) with r = D^-1/2. */
static rg_val graph_convolution(rg_scope *scope, rg_val x, const rg_edges *edges, int64_t width)
{
    if (!edges_fit(scope, x, edges, width))
        return x;
    int64_t inputs = rg_val_shape(x).dim[1];
    rg_scope_enter(scope, "graph_convolution");
    rg_val weight =
        rg_scope_weight(scope, "weight", rg_shape_of(inputs, width), glorot(inputs, width));
    rg_val root = root_degree(x, edges);
    rg_val sent = rg_mul(rg_matmul(x, weight), root);
    rg_val heard = rg_add(delivered(rg_gather(sent, edges->source, 0), sent, edges), sent);
    rg_val y = rg_with_bias(scope, rg_mul(heard, root), 1);
    rg_scope_leave(scope);
    return y;
}

/* ---- Attention */

static rg_val leaky(rg_val x)
{
    rg_val above = rg_lt(rg_number(x, 0), x);
    return rg_mul(x, rg_select(above, rg_number(x, 1), rg_number(x, 0.2)));
}

/* a . h for each node and head: (N, H, F), a: (H, F) -> (N, H) */
static rg_val scores(rg_scope *scope, rg_val h, const char *name)
{
    rg_shape shape = rg_val_shape(h);
    rg_val a = rg_scope_weight(scope, name, rg_shape_of(shape.dim[1], shape.dim[2]),
                               glorot(shape.dim[2], 1));
    return rg_sum(rg_mul(h, a), RG_AXIS(2), false);
}

/* The edges, and one from each node to itself. */
static rg_edges with_loops(rg_val x, const rg_edges *edges)
{
    rg_shape nodes = rg_shape_of(rg_val_shape(x).dim[0]);
    rg_val self[] = {rg_iota(x.graph, nodes, 0, rg_val_dtype(edges->source)),
                     rg_iota(x.graph, nodes, 0, rg_val_dtype(edges->target))};
    return (rg_edges){rg_concat((rg_val[]){edges->source, self[0]}, 2, 0),
                      rg_concat((rg_val[]){edges->target, self[1]}, 2, 0)};
}

/* h: (N, H, F), s and t: (N, H) -> (N, H, F). */
static rg_val heard(rg_val h, rg_val s, rg_val t, const rg_edges *edges)
{
    rg_shape shape = rg_val_shape(h);
    rg_edges all = with_loops(h, edges);
    rg_val logit = leaky(rg_add(rg_gather(s, all.source, 0), rg_gather(t, all.target, 0)));
    rg_val weight = rg_segment_softmax(logit, all.target, shape.dim[0]); /* (E + N, H) */
    rg_shape each = rg_shape_of(rg_val_shape(logit).dim[0], shape.dim[1], 1);
    rg_val sent = rg_mul(rg_reshape(weight, each), rg_gather(h, all.source, 0));
    return delivered(sent, h, &all);
}

static rg_val graph_attention(rg_scope *scope, rg_val x, const rg_edges *edges, int64_t width,
                              int64_t heads)
{
    if (!edges_fit(scope, x, edges, heads > 0 ? width : 0))
        return x;
    rg_shape shape = rg_val_shape(x);
    rg_scope_enter(scope, "graph_attention");
    rg_val weight = rg_scope_weight(scope, "weight", rg_shape_of(shape.dim[1], heads * width),
                                    glorot(shape.dim[1], heads * width));
    rg_val h = rg_reshape(rg_matmul(x, weight), rg_shape_of(shape.dim[0], heads, width));
    rg_val s = scores(scope, h, "source"), t = scores(scope, h, "target");
    rg_val y = rg_reshape(heard(h, s, t, edges), rg_shape_of(shape.dim[0], heads * width));
    y = rg_with_bias(scope, y, 1);
    rg_scope_leave(scope);
    return y;
}

rg_val rg_graph_convolution_at(rg_place at, rg_scope *scope, rg_val x, const rg_edges *edges,
                               int64_t width)
{
    RG_LAYER(scope->graph, at, edges, x, graph_convolution(scope, x, edges, width));
}

rg_val rg_graph_attention_at(rg_place at, rg_scope *scope, rg_val x, const rg_edges *edges,
                             int64_t width, int64_t heads)
{
    RG_LAYER(scope->graph, at, edges, x, graph_attention(scope, x, edges, width, heads));
}
