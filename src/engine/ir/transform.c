/* transform.c - what the transforms refuse, and what they look at. */
#include "engine/ir/transform.h"

static rg_graph *graph_of(rg_values x)
{
    for (size_t i = 0; x.at && i < x.n; i++)
        if (x.at[i].graph)
            return x.at[i].graph;
    return NULL;
}

static void mark_read(rg_graph *graph, rg_values x)
{
    for (size_t i = 0; x.at && i < x.n; i++)
        if (x.at[i].graph == graph)
            graph->node.at[x.at[i].id].read = true;
}

rg_graph *rg_transform_open(rg_place at, rg_values a, rg_values b)
{
    rg_graph *first = graph_of(a), *graph = first ? first : graph_of(b);
    if (!graph)
        return NULL;
    rg_graph_pin(graph, at);
    mark_read(graph, a);
    mark_read(graph, b);
    return graph;
}

void rg_transform_close(rg_graph *graph, bool success, size_t n, rg_val *ret)
{
    for (size_t i = 0; ret && i < n && !success; i++)
        ret[i] = graph ? rg_const(graph, 0, RG_F32) : (rg_val){0};
    if (graph)
        rg_graph_unpin(graph);
}

bool rg_values_room(rg_graph *graph, const char *transform, size_t n, const rg_val *ret)
{
    if (n && !ret)
        rg_graph_fail(graph, "pass an array with a place for each",
                      "%s: the list of its %zu results is NULL", transform, n);
    return rg_graph_error(graph)->code == RG_OK;
}

bool rg_values_exist(rg_graph *graph, const char *transform, rg_values x)
{
    if (x.n && !x.at)
        rg_graph_fail(graph, "pass as many values as the call says",
                      "%s: the list of %zu %ss is NULL", transform, x.n, x.what);
    for (size_t i = 0; x.at && i < x.n; i++)
        if (x.at[i].graph != graph || x.at[i].id == 0)
            rg_graph_fail(graph, "pass values made in this graph",
                          "%s: %s %zu is no value of this graph", transform, x.what, i + 1);
    return rg_graph_error(graph)->code == RG_OK;
}

bool rg_values_float(rg_graph *graph, const char *transform, rg_values x)
{
    if (!rg_values_exist(graph, transform, x))
        return false;
    for (size_t i = 0; i < x.n; i++)
        if (!rg_dtype_float(rg_val_dtype(x.at[i])))
            rg_graph_fail(graph, "only f32 and f64 have derivatives; convert with rg_cast",
                          "%s: %s %zu has type %s", transform, x.what, i + 1,
                          rg_dtype_name(rg_val_dtype(x.at[i])));
    return rg_graph_error(graph)->code == RG_OK;
}

static bool alike(rg_graph *graph, const char *transform, rg_values partner, rg_values x,
                  rg_dtype (*type_of)(rg_dtype))
{
    for (size_t i = 0; i < x.n; i++) {
        rg_val a = partner.at[i], b = x.at[i];
        rg_dtype type = type_of(rg_val_dtype(b));
        if (rg_val_dtype(a) == type && rg_shape_same(rg_val_shape(a), rg_val_shape(b)))
            continue;
        char given[160], wanted[160];
        rg_shape_text(given, rg_val_shape(a));
        rg_shape_text(wanted, rg_val_shape(b));
        rg_graph_fail(graph, "their shapes and types must be equal",
                      "%s: %s %zu has shape %s and type %s, its %s shape %s and type %s",
                      transform, partner.what, i + 1, given, rg_dtype_name(rg_val_dtype(a)),
                      x.what, wanted, rg_dtype_name(type));
    }
    return rg_graph_error(graph)->code == RG_OK;
}

static rg_dtype same_type(rg_dtype dtype)
{
    return dtype;
}

bool rg_values_alike(rg_graph *graph, const char *transform, rg_values partner, rg_values x)
{
    return alike(graph, transform, partner, x, same_type);
}

bool rg_values_tangent(rg_graph *graph, const char *transform, rg_values tangents, rg_values x)
{
    return alike(graph, transform, tangents, x, rg_dtype_tangent);
}

bool *rg_values_needed(const rg_graph *graph, rg_values y)
{
    bool *needed = RG_NEW_ARRAY(bool, rg_graph_count(graph) + 1);
    for (size_t j = 0; j < y.n; j++)
        needed[y.at[j].id] = true;
    rg_graph_spread(graph, needed);
    return needed;
}
