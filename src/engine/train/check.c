/* check.c - what can go wrong in a model, found before it trains (rg_model_check).
 *
 * The forward pass, the loss and its derivatives stand in a graph of their own.  Looking at the
 * graph finds what nothing reads and what no gradient reaches (check_reach.c), and what values
 * can break an operation (engine/ir/range.h); running it once on data of unit variance shows
 * how signals and gradients fare at initialisation (check_signals.c), layer by layer: which
 * layer computes what, check_layers.c says. */
#include "engine/train/check.h"

#include "engine/ir/range.h"

#include <math.h>

/* ---- The graph. */

static void build(checking *c)
{
    const rg_program_spec *spec = c->spec;
    rg_network_open(&c->net, spec, true);
    rg_graph *graph = c->net.graph;
    const json_t *train = json_object_get(spec->config, "train");
    int64_t batch = (int64_t)rg_json_number(json_object_get(train, "batch"), 1);
    rg_dtype target = spec->task == RG_CLASSIFY ? RG_I32 : RG_F32;
    c->batch = batch < (int64_t)spec->rows ? batch : (int64_t)spec->rows;
    c->x = rg_input(graph, "data.x", RG_F32, rg_shape_of(c->batch, (int64_t)spec->features));
    c->y = rg_input(graph, "data.y", target, rg_shape_of(c->batch));
    c->out = rg_network_forward(&c->net, spec, c->x);
    c->forward = rg_graph_count(graph);
    rg_val losses = rg_network_losses(&c->net, spec, c->out, c->y);
    rg_val share = rg_const(graph, 1 / (double)c->batch, RG_F32);
    c->loss = rg_sum(rg_mul(losses, share), RG_ALL_AXES, false);
    if (c->net.scope->penalty.id)
        c->loss = rg_add(c->loss, c->net.scope->penalty);
    c->n_weights = rg_scope_weights(c->net.scope, &c->weight);
}

/* Whether evaluation, too, can be built, of the same weights. */
static bool evaluates(const checking *c, rg_err *err)
{
    network net;
    rg_network_open(&net, c->spec, false);
    rg_network_forward(&net, c->spec,
                       rg_input(net.graph, "data.x", RG_F32, rg_val_shape(c->x)));
    rg_network_compare(&c->net, &net);
    const rg_err *mistake = rg_graph_error(net.graph);
    bool ok = mistake->code == RG_OK ||
              rg_fail(err, mistake->code, mistake->where, mistake->remedy, "%s", mistake->what);
    rg_network_close(&net);
    return ok;
}

/* d(loss)/d(weights), (x) and (what each layer gives on). */
static void differentiate(checking *c)
{
    size_t n = c->n_weights + 1 + c->n_layers;
    rg_val *by = RG_ARENA_ARRAY(c->arena, rg_val, n);
    for (size_t i = 0; i < c->n_weights; i++)
        by[i] = c->weight[i].input;
    by[c->n_weights] = c->x;
    for (size_t i = 0; i < c->n_layers; i++)
        by[c->n_weights + 1 + i] = c->layer[i].output.id ? c->layer[i].output : c->x;
    c->gradient = RG_ARENA_ARRAY(c->arena, rg_val, n);
    c->n_gradients = n;
    rg_grad(c->loss, by, n, c->gradient);
}

/* ---- Findings. */

void check_say(checking *c, const char *check, bool warning, rg_place at, const char *remedy,
               const char *fmt, ...)
{
    va_list args;
    rg_str what = {.max = 600};
    va_start(args, fmt);
    rg_str_vprintf(&what, fmt, args);
    va_end(args);
    json_array_append_new(
        c->findings, json_pack("{s:s, s:s, s:s, s:i, s:s, s:s}", "check", check, "severity",
                               warning ? "warning" : "note", "file", at.file ? at.file : "",
                               "line", at.line, "what", rg_str_text(&what), "remedy", remedy));
    rg_str_free(&what);
}

static rg_range range_of(const rg_param *table, const char *name)
{
    const rg_param *param = rg_param_find(table, name);
    return (rg_range){param->lo, param->hi};
}

static size_t add_ranges(const rg_conf *conf, const rg_param *table, rg_given_range *ret)
{
    const rg_conf_input *inputs;
    size_t n = rg_conf_inputs(conf, &inputs);
    for (size_t i = 0; ret && i < n; i++)
        ret[i] = (rg_given_range){inputs[i].input, range_of(table, inputs[i].name)};
    return n;
}

/* Hyper-parameters lie within their table's range, everything else may be anything. */
static void check_values(checking *c)
{
    const rg_param *params = c->spec->model->params;
    size_t most = add_ranges(c->net.model, params, NULL) +
                  add_ranges(c->net.train, rg_train_params, NULL);
    rg_given_range *given = RG_ARENA_ARRAY(c->arena, rg_given_range, most + 1);
    size_t n = add_ranges(c->net.model, params, given);
    n += add_ranges(c->net.train, rg_train_params, given + n);
    rg_val *by = RG_ARENA_ARRAY(c->arena, rg_val, c->n_weights + 1);
    for (size_t i = 0; i < c->n_weights; i++)
        by[i] = c->weight[i].input;
    rg_range *range = rg_ranges_of(c->net.graph, given, n);
    rg_hazard *hazard;
    size_t found = rg_hazards_of(c->loss, by, c->n_weights, range, &hazard);
    for (size_t i = 0; i < found; i++)
        check_say(c, "values", true, hazard[i].at, hazard[i].remedy, "%s", hazard[i].what);
    rg_free(hazard);
    rg_free(range);
}

/* ---- The table of contents. */

static bool check_all(checking *c, rg_err *err)
{
    build(c);
    check_find_layers(c);
    if (rg_graph_error(c->net.graph)->code == RG_OK) {
        if (!evaluates(c, err))
            return false;
        differentiate(c);
        check_reach(c);
        check_values(c);
    }
    return check_signals(c, err); /* reports the graph's own error, if any */
}

json_t *rg_model_check(const rg_program_spec *spec, rg_err *err)
{
    if (!rg_program_spec_check(spec, err))
        return NULL;
    checking c = {.spec = spec,
                  .arena = rg_arena_new(),
                  .findings = json_array(),
                  .layers = json_array()};
    json_t *ret = NULL;
    if (check_all(&c, err))
        ret = json_pack("{s:s, s:O, s:O, s:I, s:f}", "model", spec->model->name, "findings",
                        c.findings, "layers", c.layers, "parameters",
                        (json_int_t)rg_json_sum(c.layers, "parameters"), "flops",
                        rg_json_sum(c.layers, "flops"));
    rg_network_close(&c.net);
    json_decref(c.findings);
    json_decref(c.layers);
    rg_arena_free(c.arena);
    return ret;
}
