/* profile.c - what a plan's steps take: by their equations, by a model of the machine, by the
 * clock. */
#include "engine/cpu/program.h"
#include "engine/plan/cost.h"

#include <math.h>

/* Working sets up to this size are taken to lie in the second-level cache. */
#define NEAR_BYTES (512 << 10)

void rg_plan_text(const rg_plan *plan, rg_pass pass, rg_str *ret)
{
    rg_layout_print(&plan->program->layout, pass, ret);
}

size_t rg_plan_steps(const rg_plan *plan)
{
    return plan->program->layout.steps;
}

/* The roofline (Williams, Waterman and Patterson 2009): a step computes or moves, whichever
 * takes longer. */
static double predict(const rg_machine *m, const rg_step_cost *cost, double flops_per_s)
{
    if (!m)
        return NAN;
    double compute = cost->flops / flops_per_s;
    double move = cost->bytes / (cost->bytes <= NEAR_BYTES ? m->near_bytes : m->far_bytes);
    return m->step_s + (compute > move ? compute : move);
}

/* What the machine reaches on operations like this one. */
static double rate_of(const rg_machine *m, const rg_graph *graph, const rg_node *node)
{
    if (!m)
        return NAN;
    if (node->op != RG_OP_dot && node->op != RG_OP_conv)
        return m->loop_flops;
    return rg_operand(graph, node, 0)->dtype == RG_BF16 ? m->half_flops : m->dot_flops;
}

rg_step_cost rg_plan_step_cost(const rg_plan *plan, size_t i, const rg_machine *machine)
{
    const rg_layout *l = &plan->program->layout;
    const rg_step *step = &l->step[i];
    const rg_node *last = rg_node_of(l->graph, step->node[step->n - 1]);
    rg_step_cost ret = {.kernel = step->n > 1 ? "loop" : rg_ops[last->op].name,
                        .at = last->at,
                        .dtype = last->dtype,
                        .shape = last->shape,
                        .flops = rg_step_flops(l, step),
                        .bytes = rg_step_bytes(l, step)};
    ret.predicted_s = predict(machine, &ret, rate_of(machine, l->graph, last));
    return ret;
}

void rg_plan_step_operations(const rg_plan *plan, size_t i, rg_str *ret)
{
    const rg_layout *l = &plan->program->layout;
    for (uint32_t k = 0; k < l->step[i].n; k++)
        rg_str_printf(ret, "%s%s", k ? " " : "",
                      rg_ops[rg_node_of(l->graph, l->step[i].node[k])->op].name);
}

/* ---- The clock. */
static void keep_least(double *least, uint64_t since_ns)
{
    double seconds = (double)(rg_clock_ns() - since_ns) * 1e-9;
    if (seconds < *least)
        *least = seconds;
}

static bool time_steps(rg_plan *plan, double *step_s, rg_err *err)
{
    const rg_layout *l = &plan->program->layout;
    rg_layout_copy(l, plan->slot, l->before, l->befores);
    for (size_t k = 0; k < l->steps; k++) {
        uint64_t start = rg_clock_ns();
        if (!rg_plan_step(plan, k, err))
            return false;
        keep_least(&step_s[k], start);
    }
    rg_layout_copy(l, plan->slot, l->after, l->afters);
    return true;
}

bool rg_plan_time(rg_plan *plan, size_t runs, double *step_s, double *ret_total_s, rg_err *err)
{
    double total = INFINITY;
    for (size_t k = 0; k < rg_plan_steps(plan); k++)
        step_s[k] = INFINITY;
    for (size_t i = 0; i < runs; i++) {
        uint64_t start = rg_clock_ns();
        if (!rg_plan_run(plan, err))
            return false;
        keep_least(&total, start);
        if (!time_steps(plan, step_s, err))
            return false;
    }
    *ret_total_s = total;
    return true;
}
