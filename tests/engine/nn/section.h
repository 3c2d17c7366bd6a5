/* section.h - the section "train" of a recorded case, and its numbers in a plan. */
#ifndef RIGOR_TESTS_ENGINE_NN_SECTION_H
#define RIGOR_TESTS_ENGINE_NN_SECTION_H

#include "support.h"

#include "rigor/train.h"

/* The section "train" with the defaults and the numbers of a recorded case. */
static inline json_t *train_section(const json_t *item)
{
    json_t *values = rg_param_defaults(rg_train_params);
    for (const rg_param *p = rg_train_params; p->name; p++) {
        json_t *given = json_object_get(item, p->name);
        if (given)
            json_object_set(values, p->name, given);
    }
    return values;
}

static inline void set_hyper_parameters(rg_plan *plan, const rg_conf *conf,
                                        const json_t *values)
{
    const rg_conf_input *inputs;
    size_t n = rg_conf_inputs(conf, &inputs);
    for (size_t i = 0; i < n; i++)
        *(float *)rg_plan_buffer(plan, inputs[i].input) =
            (float)json_number_value(json_object_get(values, inputs[i].name));
}

#endif
