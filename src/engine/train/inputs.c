/* inputs.c - what a plan that trains nothing yet can be run with: initial weights, random data.
 */
#include "engine/train/program.h"

void rg_fill_normal(float *value, int64_t n, const char *name)
{
    rg_rng rng = rg_rng_open(1, "plan/%s", name);
    for (int64_t i = 0; i < n; i++)
        value[i] = (float)rg_rng_normal(&rng);
}

void rg_fill_labels(int32_t *label, int64_t n, size_t classes)
{
    for (int64_t i = 0; i < n; i++)
        label[i] = (int32_t)((size_t)i % classes);
}

static void fill_weights(rg_plan *plan, const rg_scope *scope)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(scope, &weights);
    for (size_t i = 0; i < n; i++)
        rg_init_fill(&weights[i].init, 1, weights[i].name,
                     rg_plan_buffer(plan, weights[i].input),
                     (size_t)rg_val_count(weights[i].input));
}

static void fill_numbers(rg_plan *plan, const rg_conf *conf, const json_t *values)
{
    const rg_conf_input *inputs;
    size_t n = rg_conf_inputs(conf, &inputs);
    for (size_t i = 0; i < n; i++)
        *(float *)rg_plan_buffer(plan, inputs[i].input) =
            (float)rg_json_number(json_object_get(values, inputs[i].name), 0);
}

void rg_fill_network(rg_plan *plan, const network *net, const json_t *config)
{
    fill_weights(plan, net->scope);
    fill_numbers(plan, net->model, json_object_get(config, "model"));
    fill_numbers(plan, net->train, json_object_get(config, "train"));
}
