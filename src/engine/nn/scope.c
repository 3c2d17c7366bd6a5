/* scope.c - where a forward pass is built: names weights by the path of layers that ask for
 * them.
 *
 * Two passes over one model (training, evaluation) ask in the same order and get the same
 * names; that is how a plan for evaluation finds the parameters of the plan that trains. */
#include "engine/nn/internal.h"

#include <string.h>

typedef struct rg_scope_state {
    rg_arena *arena;       /* of names */
    rg_str path;           /* "block0.linear1." */
    RG_VEC(size_t) starts; /* length of the path before each enter */
    rg_map *counts;        /* "block0.linear" -> how many there are so far */
    RG_VEC(rg_weight) weights;
    uint32_t sites;
} scope_state;

rg_scope *rg_scope_new(rg_graph *graph, bool training, int64_t classes, const rg_conf *conf)
{
    rg_scope *scope = RG_NEW(rg_scope);
    *scope = (rg_scope){.graph = graph,
                        .training = training,
                        .classes = classes,
                        .conf = conf,
                        .state = RG_NEW(scope_state)};
    scope->state->arena = rg_arena_new();
    scope->state->counts = rg_map_new();
    if (training)
        scope->key = rg_input(graph, "key", RG_U32, rg_shape_of(2));
    return scope;
}

void rg_scope_free(rg_scope *scope)
{
    if (!scope)
        return;
    rg_arena_free(scope->state->arena);
    rg_map_free(scope->state->counts);
    rg_str_free(&scope->state->path);
    rg_vec_free(&scope->state->starts);
    rg_vec_free(&scope->state->weights);
    rg_free(scope->state);
    rg_free(scope);
}

/* How many of this kind the present path has had before. */
static size_t number_of(scope_state *state, const char *kind)
{
    rg_str key = {0};
    rg_str_printf(&key, "%s%s", rg_str_text(&state->path), kind);
    size_t number = (size_t)(uintptr_t)rg_map_get(state->counts, rg_str_text(&key));
    rg_map_set(state->counts, rg_str_text(&key), (void *)(uintptr_t)(number + 1));
    rg_str_free(&key);
    return number;
}

/* The name, or "" and a mistake in the graph: printed, NULL would be a name like any other. */
static const char *name_given(const rg_scope *scope, const char *name, const char *what)
{
    if (!name)
        rg_graph_fail(scope->graph, "give a text that is not NULL", "%s is NULL", what);
    return name ? name : "";
}

void rg_scope_enter_at(rg_place at, rg_scope *scope, const char *kind)
{
    scope_state *state = scope->state;
    rg_graph_note(scope->graph, at);
    kind = name_given(scope, kind, "the kind of the scope to enter");
    size_t number = number_of(state, kind);
    rg_vec_push(&state->starts, state->path.len);
    rg_str_printf(&state->path, "%s%zu.", kind, number);
}

void rg_scope_leave_at(rg_place at, rg_scope *scope)
{
    scope_state *state = scope->state;
    rg_graph_note(scope->graph, at);
    if (!state->starts.len) {
        rg_graph_fail(scope->graph, "", "rg_scope_leave without its rg_scope_enter");
        return;
    }
    state->path.len = state->starts.at[--state->starts.len];
    state->path.data[state->path.len] = '\0';
}

/* The graph of a loop's body has none of the scope's values. */
static void refuse_in_body(const rg_scope *scope, const rg_weight *weight)
{
    if (scope->graph->bodies_open)
        rg_graph_fail(scope->graph,
                      "layers make their weights outside of a loop: make it with "
                      "rg_scope_weight before rg_loop and pass it as shared",
                      "the %s %s is made in a loop's body",
                      weight->buffer ? "buffer" : "weight", weight->name);
}

static rg_val add_weight(rg_scope *scope, const char *name, rg_shape shape, rg_weight weight)
{
    scope_state *state = scope->state;
    name = name_given(scope, name, weight.buffer ? "the buffer's name" : "the weight's name");
    weight.name = rg_arena_printf(state->arena, "%s%s", rg_str_text(&state->path), name);
    refuse_in_body(scope, &weight);
    weight.input = rg_input(scope->graph, weight.name, scope->dtype, shape);
    if (rg_graph_error(scope->graph)->code == RG_OK)
        rg_init_check(scope->graph, &weight.init, weight.name, rg_shape_count(shape));
    rg_vec_push(&state->weights, weight);
    return weight.input;
}

/* Until rg_scope_keep a buffer stays as it is. */
static rg_val add_buffer(rg_scope *scope, const char *name, rg_shape shape, rg_init init)
{
    rg_val input = add_weight(scope, name, shape, (rg_weight){.init = init, .buffer = true});
    rg_scope_keep(scope, input, input);
    return input;
}

/* The latest: values of a graph with a mistake are all one. */
static rg_weight *buffer_of(const rg_scope *scope, rg_val buffer)
{
    rg_weight *weight = scope->state->weights.at;
    for (size_t i = scope->state->weights.len; i-- > 0;)
        if (weight[i].buffer && weight[i].input.id == buffer.id)
            return &weight[i];
    return NULL;
}

static bool is_ours(const rg_scope *scope, rg_val x, const char *what)
{
    if (x.graph != scope->graph)
        rg_graph_fail(scope->graph, "pass a value made in this graph",
                      "%s is no value of this graph", what);
    return x.graph == scope->graph;
}

static bool is_like(rg_val x, rg_dtype dtype, rg_shape shape)
{
    return rg_val_dtype(x) == dtype && rg_shape_same(rg_val_shape(x), shape);
}

static void keep(rg_scope *scope, rg_val buffer, rg_val next)
{
    rg_weight *kept = buffer_of(scope, buffer);
    char wanted[160], given[160];
    if (!is_ours(scope, buffer, "the buffer to keep") ||
        !is_ours(scope, next, "what a buffer is to become"))
        return;
    rg_shape_text(wanted, rg_val_shape(buffer));
    rg_shape_text(given, rg_val_shape(next));
    if (!kept)
        rg_graph_fail(scope->graph, "make it with rg_scope_buffer",
                      "only buffers can be kept: a value of shape %s is none", wanted);
    else if (!is_like(next, rg_val_dtype(buffer), rg_val_shape(buffer)))
        rg_graph_fail(scope->graph, "keep a value of the buffer's shape and type",
                      "the buffer %s of shape %s and type %s cannot become a value of shape %s "
                      "and type %s",
                      kept->name, wanted, rg_dtype_name(rg_val_dtype(buffer)), given,
                      rg_dtype_name(rg_val_dtype(next)));
    else
        kept->next = next;
}

rg_val rg_scope_weight_at(rg_place at, rg_scope *scope, const char *name, rg_shape shape,
                          rg_init init)
{
    RG_PINNED(scope->graph, at, add_weight(scope, name, shape, (rg_weight){.init = init}));
}

rg_val rg_scope_buffer_at(rg_place at, rg_scope *scope, const char *name, rg_shape shape,
                          rg_init init)
{
    RG_PINNED(scope->graph, at, add_buffer(scope, name, shape, init));
}

void rg_scope_keep_at(rg_place at, rg_scope *scope, rg_val buffer, rg_val next)
{
    rg_graph_pin(scope->graph, at);
    keep(scope, buffer, next);
    rg_graph_unpin(scope->graph);
}

size_t rg_scope_weights(const rg_scope *scope, const rg_weight **ret)
{
    *ret = scope->state->weights.at;
    return scope->state->weights.len;
}

uint32_t rg_scope_site(rg_scope *scope)
{
    return scope->state->sites++;
}

static void penalize(rg_scope *scope, rg_val penalty)
{
    char shape[160];
    if (!is_ours(scope, penalty, "the penalty"))
        return;
    if (is_like(penalty, scope->dtype, RG_SCALAR)) {
        scope->penalty = scope->penalty.id ? rg_add(scope->penalty, penalty) : penalty;
        return;
    }
    rg_shape_text(shape, rg_val_shape(penalty));
    rg_graph_fail(scope->graph, "sum it up: rg_sum(x, RG_ALL_AXES, false)",
                  "a penalty is a scalar of type %s, not a value of shape %s and type %s",
                  rg_dtype_name(scope->dtype), shape, rg_dtype_name(rg_val_dtype(penalty)));
}

void rg_scope_penalize_at(rg_place at, rg_scope *scope, rg_val penalty)
{
    rg_graph_pin(scope->graph, at);
    penalize(scope, penalty);
    rg_graph_unpin(scope->graph);
}

rg_val rg_scope_present(const rg_scope *scope, rg_val x)
{
    if (!scope->present.id)
        return (rg_val){0};
    long long rows = rg_val_shape(x).dim[0], examples = rg_val_shape(scope->present).dim[0];
    if (rows != examples)
        rg_graph_fail(scope->graph, "keep the batch as the first axis: (B, ...)",
                      "%lld rows in a batch of %lld examples: which are there cannot be told",
                      rows, examples);
    return rg_cast(rg_along(scope->present, rg_val_shape(x).rank, 0), rg_val_dtype(x));
}
