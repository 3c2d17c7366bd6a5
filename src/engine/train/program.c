/* program.c - from a configuration to a compiled training step (step.c), and the memory of the
 * member that it trains. */
#include "engine/train/program.h"

#include "engine/ir/node.h"

#include <string.h>

size_t rg_outputs_of(const rg_program_spec *spec)
{
    return spec->task == RG_CLASSIFY ? spec->classes : 1;
}

/* ---- What makes two members' programs equal */

/* Structural values, and which of the graph's numbers are switched off (rg_conf_val). */
static json_t *structure_of(const rg_param *table, const json_t *values)
{
    json_t *ret = json_object();
    for (const rg_param *p = table; p->name; p++) {
        json_t *value = json_object_get(values, p->name);
        bool number = p->kind == RG_PARAM_NUMBER || p->kind == RG_PARAM_INT;
        if (p->structural)
            json_object_set(ret, p->name, value);
        else if (number && rg_json_number(value, 0) == 0 &&
                 !(table == rg_train_params && rg_loop_reads(p->name, NULL)))
            json_object_set_new(ret, p->name, json_integer(0));
    }
    return ret;
}

char *rg_program_key(const rg_program_spec *spec)
{
    const json_t *model = json_object_get(spec->config, "model");
    const json_t *train = json_object_get(spec->config, "train");
    json_t *key = json_pack(
        "{s:s, s:s, s:o, s:o, s:i, s:I, s:I, s:I, s:i, s:b}", "name", spec->model->name,
        "sha256", rg_json_text(model, "sha256", ""), "model",
        structure_of(spec->model->params, model), "train", structure_of(rg_train_params, train),
        "task", (int)spec->task, "outputs", (json_int_t)rg_outputs_of(spec), "features",
        (json_int_t)spec->features, "rows", (json_int_t)spec->rows, "threads",
        spec->plan.threads, "reference", (int)spec->plan.reference);
    char *text = rg_json_canonical(key);
    json_decref(key);
    return text;
}

/* ---- Networks */

void rg_network_open(network *net, const rg_program_spec *spec, bool training)
{
    net->graph = rg_graph_new();
    net->model = rg_conf_new(net->graph, "model", spec->model->params,
                             json_object_get(spec->config, "model"));
    net->train = rg_conf_new(net->graph, "train", rg_train_params,
                             json_object_get(spec->config, "train"));
    net->scope = rg_scope_new(net->graph, training, (int64_t)rg_outputs_of(spec), net->model);
}

void rg_network_close(network *net)
{
    rg_scope_free(net->scope);
    rg_conf_free(net->model);
    rg_conf_free(net->train);
    rg_graph_free(net->graph);
}

static bool is_weight(const network *net, uint32_t id)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(net->scope, &weights);
    for (size_t i = 0; i < n; i++)
        if (weights[i].input.id == id)
            return true;
    return false;
}

static bool is_setting(const network *net, uint32_t id)
{
    const rg_conf_input *inputs;
    size_t n = rg_conf_inputs(net->model, &inputs);
    for (size_t i = 0; i < n; i++)
        if (inputs[i].input.id == id)
            return true;
    return false;
}

/* Inputs with ids from `first` on: the trainer fills those that a scope or a configuration
 * made; others would stay zero. */
static void check_inputs(const network *net, uint32_t first)
{
    for (uint32_t id = first; id <= rg_graph_count(net->graph); id++) {
        const rg_node *node = rg_node_of(net->graph, id);
        if (node->op != RG_OP_input || is_weight(net, id) || is_setting(net, id))
            continue;
        rg_graph_at(net->graph, node->at.file, node->at.line);
        rg_graph_fail(
            net->graph,
            "take numbers from rg_conf_val, what is trained from rg_scope_weight, what "
            "is kept from rg_scope_buffer, and what never changes from rg_const_array",
            "nothing fills the model's own input '%s'", node->attr.name);
    }
}

/* What the trainer cannot train as it is. */
static void check_weights(const network *net)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(net->scope, &weights);
    for (size_t i = 0; i < n; i++) {
        const rg_node *node = rg_node_of(net->graph, weights[i].input.id);
        if (node->dtype == RG_F32)
            continue;
        rg_graph_at(net->graph, node->at.file, node->at.line);
        rg_graph_fail(net->graph,
                      "leave the scope's dtype as it is: train.precision chooses what products "
                      "are computed in",
                      "the weight %s is of type %s, and weights are trained in f32",
                      weights[i].name, rg_dtype_name(node->dtype));
    }
}

/* Where mistakes lie that no line of the model has been named for. */
static const char *file_of(const rg_program_spec *spec)
{
    return rg_json_text(json_object_get(spec->config, "model"), "file", spec->model->name);
}

rg_val rg_network_forward(network *net, const rg_program_spec *spec, rg_val x)
{
    rg_shape wanted = rg_shape_of(rg_val_shape(x).dim[0], (int64_t)rg_outputs_of(spec));
    uint32_t first = (uint32_t)rg_graph_count(net->graph) + 1;
    rg_graph_at(net->graph, file_of(spec), 0);
    rg_val out = spec->model->forward(net->scope, x, net->model);
    bool ours = out.graph == net->graph && out.id >= first;
    rg_place at = ours ? rg_node_of(net->graph, out.id)->at : net->graph->at;
    check_inputs(net, first);
    check_weights(net);
    if (out.graph == net->graph && rg_val_dtype(out) == RG_F32 &&
        rg_shape_same(rg_val_shape(out), wanted))
        return out;
    rg_graph_at(net->graph, at.file, at.line);
    rg_graph_fail(net->graph, "end with rg_linear(s, x, s->classes)",
                  "the forward pass of the model %s gives no value of shape (%lld, %lld) and "
                  "type f32",
                  spec->model->name, (long long)wanted.dim[0], (long long)wanted.dim[1]);
    return rg_broadcast(rg_const(net->graph, 0, RG_F32), wanted);
}

void rg_network_lower(network *net, rg_val *values, size_t n)
{
    if (!strcmp(rg_conf_str(net->train, "precision"), "bf16"))
        rg_cast_graph(values, n, RG_F32, RG_BF16, NULL, 0, values);
}

/* ---- Programs */

bool rg_train_fits(const json_t *config, rg_task task, rg_err *err)
{
    return rg_loss_check(&(rg_program_spec){.config = config, .task = task}, err);
}

bool rg_program_spec_check(const rg_program_spec *spec, rg_err *err)
{
    if (!(spec->model->tasks & RG_TASK_BIT(spec->task)))
        return rg_fail(err, RG_INPUT, "model.name", "choose a model for this task",
                       "the model %s cannot do %s", spec->model->name,
                       spec->task == RG_CLASSIFY ? "classification" : "regression");
    if (!rg_loss_check(spec, err))
        return false;
    if (spec->task == RG_CLASSIFY && spec->classes < 2)
        return rg_fail(err, RG_INPUT, "data", "check the target column",
                       "a classifier needs at least 2 classes, the data has %zu",
                       spec->classes);
    if (!spec->features || !spec->rows)
        return rg_fail(err, RG_INPUT, "data", "check the training part",
                       "nothing to train on: %zu rows of %zu features", spec->rows,
                       spec->features);
    return true;
}

static void count_numbers(rg_program *program)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(program->step.net.scope, &weights);
    for (size_t i = 0; i < n; i++) {
        size_t count = (size_t)rg_val_count(weights[i].input);
        program->numbers += count;
        program->parameters += weights[i].buffer ? 0 : count;
    }
}

size_t rg_accumulate_of(const rg_program_spec *spec)
{
    const json_t *train = json_object_get(spec->config, "train");
    return (size_t)rg_json_number(json_object_get(train, "accumulate"), 1);
}

static size_t batch_of(const rg_program_spec *spec)
{
    const json_t *train = json_object_get(spec->config, "train");
    size_t batch = (size_t)rg_json_number(json_object_get(train, "batch"), 1);
    return batch < spec->rows ? batch : spec->rows;
}

rg_program *rg_program_compile(const rg_program_spec *spec, rg_err *err)
{
    if (!rg_program_spec_check(spec, err))
        return NULL;
    rg_program *program = RG_NEW(rg_program);
    program->spec = *spec;
    program->spec.config = json_deep_copy(spec->config);
    program->key = rg_program_key(spec);
    program->batch = batch_of(spec);
    program->target_sd = 1;
    program->accumulate = rg_accumulate_of(spec);
    if (!rg_step_build(&program->step, &program->spec, program->batch, err)) {
        rg_program_free(program);
        return NULL;
    }
    count_numbers(program);
    program->held = RG_NEW_ARRAY(float, program->numbers);
    return program;
}

void rg_program_free(rg_program *program)
{
    if (!program)
        return;
    for (size_t i = 0; i < program->n_evaluators; i++)
        rg_evaluator_free(program->evaluators[i]);
    rg_step_free(&program->step);
    rg_free(program->held);
    rg_free(program->key);
    json_decref((json_t *)(uintptr_t)program->spec.config);
    rg_free(program);
}

size_t rg_program_parameters(const rg_program *program)
{
    return program->parameters;
}

size_t rg_program_bytes(const rg_program *program)
{
    size_t bytes = rg_plan_bytes(program->step.plan);
    for (size_t i = 0; i < program->n_evaluators; i++)
        bytes += rg_plan_bytes(program->evaluators[i]->plan);
    return bytes;
}

void rg_program_copy(rg_program *program, float *memory, direction where)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(program->step.net.scope, &weights);
    for (size_t i = 0; i < n; i++) {
        size_t count = (size_t)rg_val_count(weights[i].input);
        float *buffer = rg_plan_buffer(program->step.plan, weights[i].input);
        memcpy(where == FROM_PLAN ? memory : buffer, where == FROM_PLAN ? buffer : memory,
               count * sizeof(float));
        memory += count;
    }
}

float *rg_program_served(rg_program *program, size_t i)
{
    const rg_weight *weights;
    rg_scope_weights(program->step.net.scope, &weights);
    rg_val average = program->step.average[i];
    return rg_plan_buffer(program->step.plan, average.id ? average : weights[i].input);
}

void rg_program_hold(rg_program *program)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(program->step.net.scope, &weights);
    float *memory = program->held;
    for (size_t i = 0; i < n; i++) {
        size_t count = (size_t)rg_val_count(weights[i].input);
        memcpy(memory, rg_program_served(program, i), count * sizeof(float));
        memory += count;
    }
}
