/* torch.h - reads tensors that tests/peers/record_*.py recorded, and runs small graphs. */
#ifndef RIGOR_TESTS_ENGINE_NN_TORCH_H
#define RIGOR_TESTS_ENGINE_NN_TORCH_H

#include "support.h"

#include "rigor/plan.h"

static json_t *torch_record;

/* The record of another script, named before this header is included. */
#ifndef TORCH_RECORD
#define TORCH_RECORD "torch.json"
#endif
/* Reads one of the recorded files of this folder; NULL on failure. */
static inline json_t *torch_read(const char *name)
{
    char path[1024], *text;
    size_t len;
    rg_err err = {0};
    snprintf(path, sizeof(path), RIGOR_SOURCE_DIR "/tests/engine/nn/%s", name);
    if (!rg_file_read(path, 1 << 24, &text, &len, &err))
        return NULL;
    json_t *record = rg_json_parse(text, len, name, &err);
    rg_free(text);
    return record;
}

static inline int torch_load(void **state)
{
    (void)state;
    torch_record = torch_read(TORCH_RECORD);
    return torch_record ? 0 : -1;
}

static inline int torch_unload(void **state)
{
    (void)state;
    json_decref(torch_record);
    return 0;
}

static inline void torch_copy(const json_t *list, float *ret)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        ret[i] = (float)json_number_value(json_array_get(list, i));
}

static inline void torch_copy_ints(const json_t *list, int32_t *ret)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        ret[i] = (int32_t)json_integer_value(json_array_get(list, i));
}

static inline void torch_equal(const float *value, const json_t *list, double tolerance)
{
    assert_true(json_array_size(list) > 0);
    for (size_t i = 0; i < json_array_size(list); i++)
        assert_close(value[i], json_number_value(json_array_get(list, i)), tolerance);
}

static inline rg_plan *compile(rg_graph *graph, const rg_val *outputs, size_t n,
                               const rg_carry *carries, size_t n_carries)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, outputs, n, carries, n_carries, NULL, &err);
    if (!plan)
        print_error("%s: %s\n", err.where, err.what);
    assert_non_null(plan);
    return plan;
}

static inline void run(rg_plan *plan)
{
    rg_err err = {0};
    if (!rg_plan_run(plan, &err))
        print_error("%s\n", err.what);
    assert_int_equal(err.code, RG_OK);
}

static inline void fill(rg_plan *plan, rg_val input, const json_t *list)
{
    torch_copy(list, rg_plan_buffer(plan, input));
}

#endif
