/* costs.c - what a training step and an evaluation take, kernel by kernel (rigor/inspect.h). */
#include "engine/ir/node.h"
#include "engine/train/program.h"
#include "rigor/inspect.h"

#include <math.h>
#include <string.h>

#define RUNS_LEAST 2
#define RUNS_MOST 50

static const char *const part_names[] = {"train", "evaluate"};

/* The first rows are the batch; labels go round. */
static void fill_step(rg_program *program)
{
    stepper *step = &program->step;
    const rg_program_spec *spec = &program->spec;
    int64_t rows = (int64_t)spec->rows;
    int32_t *index = rg_plan_buffer(step->plan, step->index);
    float *weight = rg_plan_buffer(step->plan, step->weight);
    rg_fill_network(step->plan, &step->net, spec->config);
    rg_fill_normal(rg_plan_buffer(step->plan, step->x), rg_val_count(step->x), "x");
    if (spec->task == RG_CLASSIFY)
        rg_fill_labels(rg_plan_buffer(step->plan, step->y), rows, spec->classes);
    else
        rg_fill_normal(rg_plan_buffer(step->plan, step->y), rows, "y");
    for (size_t i = 0; i < program->batch; i++) {
        index[i] = (int32_t)i;
        weight[i] = 1 / (float)program->batch;
    }
    *(float *)rg_plan_buffer(step->plan, step->lr) = 1e-4f;
    *(float *)rg_plan_buffer(step->plan, step->step) = 1;
}

/* ---- Facts. */

static json_t *shape_json(rg_shape shape)
{
    json_t *list = json_array();
    for (int i = 0; i < shape.rank; i++)
        json_array_append_new(list, json_integer(shape.dim[i]));
    return list;
}

static json_t *step_json(const rg_plan *plan, size_t i, const rg_machine *machine,
                         double measured_s, double sum_s)
{
    rg_step_cost cost = rg_plan_step_cost(plan, i, machine);
    rg_str operations = {0};
    rg_plan_step_operations(plan, i, &operations);
    json_t *ret = json_pack(
        "{s:I, s:s, s:s, s:s, s:o, s:s, s:i, s:f, s:f, s:o, s:f, s:o}", "step",
        (json_int_t)i + 1, "kernel", cost.kernel, "operations", rg_str_text(&operations),
        "type", rg_dtype_name(cost.dtype), "shape", shape_json(cost.shape), "file",
        cost.at.file ? cost.at.file : "", "line", cost.at.line, "flops", cost.flops, "bytes",
        cost.bytes, "predicted_s", rg_json_real(cost.predicted_s), "measured_s", measured_s,
        "share", rg_json_real(measured_s / sum_s));
    rg_str_free(&operations);
    return ret;
}

/* As many as half a second allows: a step may take a microsecond or a minute. */
static bool choose_runs(rg_plan *plan, double *step_s, size_t *runs, rg_err *err)
{
    double total_s;
    if (*runs > 0)
        return true;
    if (!rg_plan_time(plan, 1, step_s, &total_s, err))
        return false;
    *runs = (size_t)fmin(fmax(0.25 / total_s, RUNS_LEAST), RUNS_MOST); /* each runs twice */
    return true;
}

static json_t *plan_json(rg_plan *plan, rg_program_part part, size_t examples, size_t runs,
                         const rg_machine *machine, rg_err *err)
{
    size_t n = rg_plan_steps(plan);
    double *seconds = RG_NEW_ARRAY(double, n), total_s, sum_s = 0;
    json_t *steps = json_array(), *ret = NULL;
    if (choose_runs(plan, seconds, &runs, err) &&
        rg_plan_time(plan, runs, seconds, &total_s, err)) {
        for (size_t i = 0; i < n; i++)
            sum_s += seconds[i];
        for (size_t i = 0; i < n; i++)
            json_array_append_new(steps, step_json(plan, i, machine, seconds[i], sum_s));
        ret = json_pack(
            "{s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:O}", "part", part_names[part], "examples",
            (json_int_t)examples, "memory_bytes", (json_int_t)rg_plan_bytes(plan), "flops",
            rg_json_sum(steps, "flops"), "bytes", rg_json_sum(steps, "bytes"), "predicted_s",
            rg_json_sum(steps, "predicted_s"), "measured_s", total_s, "steps", steps);
    }
    json_decref(steps);
    rg_free(seconds);
    return ret;
}

static json_t *train_json(rg_program *program, size_t runs, const rg_machine *machine,
                          rg_err *err)
{
    fill_step(program);
    return plan_json(program->step.plan, RG_PART_TRAIN, program->batch, runs, machine, err);
}

/* Of other rows than the batch: weights that depend on their number come out unlike. */
static evaluator *evaluator_of(const rg_program *program, rg_err *err)
{
    size_t rows = program->spec.rows < BLOCK_ROWS ? program->spec.rows : BLOCK_ROWS;
    rows += rows == program->batch;
    return rg_evaluator_new(&program->spec, &program->step.net, (int64_t)rows, err);
}

static json_t *evaluate_json(const rg_program *program, size_t runs, const rg_machine *machine,
                             rg_err *err)
{
    evaluator *eval = evaluator_of(program, err);
    if (!eval)
        return NULL;
    rg_fill_network(eval->plan, &eval->net, program->spec.config);
    rg_fill_normal(rg_plan_buffer(eval->plan, eval->x), rg_val_count(eval->x), "x");
    json_t *ret =
        plan_json(eval->plan, RG_PART_EVALUATE, (size_t)eval->rows, runs, machine, err);
    rg_evaluator_free(eval);
    return ret;
}

static json_t *machine_json(const rg_machine *m)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "dot_flops_per_s", m->dot_flops,
                     "half_flops_per_s", m->half_flops, "loop_flops_per_s", m->loop_flops,
                     "near_bytes_per_s", m->near_bytes, "far_bytes_per_s", m->far_bytes,
                     "step_s", m->step_s);
}

json_t *rg_program_costs(const rg_program_spec *spec, size_t runs, rg_err *err)
{
    rg_machine machine;
    rg_program *program = rg_program_compile(spec, err);
    json_t *train = NULL, *evaluate = NULL, *ret = NULL;
    if (program && rg_machine_measure(&machine, err) &&
        (train = train_json(program, runs, &machine, err)) != NULL &&
        (evaluate = evaluate_json(program, runs, &machine, err)) != NULL)
        ret = json_pack(
            "{s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:[O, O]}", "model", spec->model->name, "task",
            spec->task == RG_CLASSIFY ? "classify" : "regress", "features",
            (json_int_t)spec->features, "classes", (json_int_t)spec->classes, "rows",
            (json_int_t)spec->rows, "parameters", (json_int_t)rg_program_parameters(program),
            "machine", machine_json(&machine), "plans", train, evaluate);
    json_decref(train);
    json_decref(evaluate);
    rg_program_free(program);
    return ret;
}

/* ---- Text. */

bool rg_program_text(const rg_program_spec *spec, rg_program_part part, rg_pass pass,
                     rg_str *ret, rg_err *err)
{
    rg_program *program = rg_program_compile(spec, err);
    evaluator *eval = NULL;
    if (program && part == RG_PART_EVALUATE)
        eval = evaluator_of(program, err);
    bool ok = eval || (program && part == RG_PART_TRAIN);
    if (ok)
        rg_plan_text(eval ? eval->plan : program->step.plan, pass, ret);
    if (eval)
        rg_evaluator_free(eval);
    rg_program_free(program);
    return ok;
}
