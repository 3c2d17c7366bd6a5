/* nonfinite.c - which value was the first that is not a finite number, and what went into it.
 */
#include "engine/cpu/program.h"
#include "engine/cpu/reference.h"

#include <math.h>
#include <string.h>

typedef struct summary {
    int64_t n, bad;                      /* elements; those that are not finite */
    int64_t first;                       /* the first bad one */
    double least, greatest, mean, value; /* of the finite ones; the first bad one's value */
} summary;

static summary summarise(const rg_node *node, const void *data)
{
    summary s = {.n = rg_shape_count(node->shape), .least = INFINITY, .greatest = -INFINITY};
    for (int64_t i = 0; i < s.n; i++) {
        double x = rg_dtype_element(node->dtype, data, (size_t)i);
        if (!isfinite(x)) {
            if (s.bad++ == 0) {
                s.first = i;
                s.value = x;
            }
            continue;
        }
        s.least = x < s.least ? x : s.least;
        s.greatest = x > s.greatest ? x : s.greatest;
        s.mean += x;
    }
    s.mean = s.n > s.bad ? s.mean / (double)(s.n - s.bad) : NAN;
    return s;
}

static void describe(const rg_node *node, const void *data, rg_str *ret)
{
    char shape[160];
    summary s = summarise(node, data);
    rg_shape_text(shape, node->shape);
    rg_str_printf(ret, "%s %s", rg_dtype_name(node->dtype), shape);
    if (s.n > s.bad)
        rg_str_printf(ret, ", from %.6g to %.6g, mean %.6g", s.least, s.greatest, s.mean);
    if (s.bad)
        rg_str_printf(ret, ", %lld of %lld not finite (element %lld is %g)", (long long)s.bad,
                      (long long)s.n, (long long)s.first, s.value);
}

static void name_node(const rg_node *node, rg_str *ret)
{
    if (node->op == RG_OP_input)
        rg_str_printf(ret, "input '%s'", node->attr.name);
    else
        rg_str_add(ret, rg_ops[node->op].name);
    if (node->at.file)
        rg_str_printf(ret, " (%s:%d)", rg_path_base(node->at.file), node->at.line);
}

/* The value and its operands; of a loop, whose body tells more, the value alone. */
static void report_node(const rg_graph *graph, const rg_node *node, const void *value,
                        const void *const *operand, rg_str *ret)
{
    name_node(node, ret);
    rg_str_add(ret, ": ");
    describe(node, value, ret);
    for (uint32_t i = 0; node->op != RG_OP_loop && i < node->n_in; i++) {
        const rg_node *x = rg_operand(graph, node, i);
        rg_str_printf(ret, "\n  operand %u: ", i + 1);
        name_node(x, ret);
        rg_str_add(ret, ": ");
        describe(x, operand[i], ret);
    }
}

/* ---- Within a loop: the first bad value of the first step that has one. */
static void report_body(const rg_node *node, const void *const *operand, rg_str *ret);

static bool stop_at_bad(void *context, const rg_graph *body, uint32_t id, int64_t entry,
                        void *const *value)
{
    const rg_node *node = rg_node_of(body, id);
    rg_str *ret = context;
    if (!rg_dtype_float(node->dtype) || summarise(node, value[id]).bad == 0)
        return true;
    const void **operand = RG_NEW_ARRAY(const void *, node->n_in);
    for (uint32_t i = 0; i < node->n_in; i++)
        operand[i] = value[node->in[i]];
    rg_str_printf(ret, "\nin the loop, entry %lld: ", (long long)entry);
    report_node(body, node, value[id], operand, ret);
    report_body(node, operand, ret);
    rg_free(operand);
    return false;
}

static void report_body(const rg_node *node, const void *const *operand, rg_str *ret)
{
    if (node->op == RG_OP_loop)
        rg_reference_loop_watch(node, operand, stop_at_bad, ret);
}

static void report(const rg_plan *judge, uint32_t id, rg_str *ret)
{
    const rg_layout *l = &judge->program->layout;
    const rg_node *node = rg_node_of(l->graph, id);
    const void **operand = RG_NEW_ARRAY(const void *, node->n_in);
    for (uint32_t i = 0; i < node->n_in; i++)
        operand[i] = judge->slot[l->slot_of[l->root[node->in[i]]]];
    rg_str_add(ret, "the first value that is not finite: ");
    report_node(l->graph, node, judge->slot[l->slot_of[l->root[id]]], operand, ret);
    report_body(node, operand, ret);
    rg_free(operand);
}

static bool is_bad(const rg_plan *judge, uint32_t id)
{
    const rg_layout *l = &judge->program->layout;
    const rg_node *node = rg_node_of(l->graph, id);
    return rg_dtype_float(node->dtype) &&
           summarise(node, judge->slot[l->slot_of[l->root[id]]]).bad > 0;
}

/* The same results, carried ones as plain outputs, so that the replay changes nothing. */
static rg_plan *make_judge(const rg_plan *plan)
{
    const rg_layout *l = &plan->program->layout;
    rg_val *outputs = RG_NEW_ARRAY(rg_val, l->outputs + l->carries);
    rg_err err = {0};
    for (size_t i = 0; i < l->outputs + l->carries; i++)
        outputs[i] = i < l->outputs ? l->output[i] : l->carry[i - l->outputs].output;
    rg_plan *judge =
        rg_plan_compile((rg_graph *)(uintptr_t)l->graph, outputs, l->outputs + l->carries, NULL,
                        0, &(rg_plan_options){.reference = true}, &err);
    rg_free(outputs);
    return judge;
}

static uint32_t first_bad(rg_plan *judge)
{
    const rg_layout *l = &judge->program->layout;
    rg_err err = {0};
    for (uint32_t id = 1; id <= l->count; id++)
        if (l->live[id] && rg_node_of(l->graph, id)->op == RG_OP_input && is_bad(judge, id))
            return id;
    for (size_t i = 0; i < judge->program->kernels; i++) {
        uint32_t id = judge->program->kernel[i]->id;
        if (!rg_plan_step(judge, i, &err))
            return 0;
        if (is_bad(judge, id))
            return id;
    }
    return 0;
}

bool rg_plan_find_nonfinite(rg_plan *plan, rg_str *ret)
{
    const rg_layout *l = &plan->program->layout;
    if (!plan->judge)
        plan->judge = make_judge(plan);
    if (!plan->judge)
        return false;
    for (uint32_t id = 1; id <= l->count; id++)
        if (l->live[id] && rg_node_of(l->graph, id)->op == RG_OP_input)
            rg_plan_bind(plan->judge, (rg_val){(rg_graph *)(uintptr_t)l->graph, id},
                         plan->slot[l->slot_of[id]]);
    uint32_t id = first_bad(plan->judge);
    if (id)
        report(plan->judge, id, ret);
    return id != 0;
}
