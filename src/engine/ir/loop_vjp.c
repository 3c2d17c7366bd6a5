/* loop_vjp.c - the reverse-mode rule of `loop`: a loop in the other direction.
 *
 * Notation: c' , o = f(c, s, h) is one step, g(x) the cotangent of x.  The step's transpose is
 *
 *     g(c), g(s), g(h) += (df / d(c, s, h))^T (g(c'), g(o))
 *
 * so the loop that runs the other way carries g(c), from the cotangents of the last carries on,
 * and the sums g(h), and stacks g(s).  It recomputes each step from the traces of the carries
 * (the values before the step) instead of keeping what lies between.  A trace is a result as
 * well: its cotangent joins g(c) where the step began.  Only what cotangents reach takes part
 * (loop_reach.c). */
#include "engine/ir/import.h"
#include "engine/ir/loop.h"
#include "engine/ir/vjp.h"

#include <string.h>

typedef RG_VEC(rg_val) values;
typedef RG_VEC(uint32_t) indices;

typedef struct backward {
    rg_vjp *v;
    const rg_body *body; /* of the loop that is differentiated */
    uint32_t carries, scans;
    indices carry;        /* carries that a cotangent reaches */
    indices scan, shared; /* the same of operands whose cotangent is wanted */
    indices out, trace;   /* body outputs and carries whose stacks have cotangents */
} backward;

static rg_val total_of(const backward *b, uint32_t result)
{
    return b->v->total[b->v->y.id + result];
}

static rg_val zeros_like(rg_val x)
{
    return rg_broadcast(rg_const(x.graph, 0, rg_dtype_tangent(rg_val_dtype(x))),
                        rg_val_shape(x));
}

/* By operand. */
static bool *find_reached(const backward *b)
{
    uint32_t results = b->body->outputs + b->carries;
    bool *given = RG_NEW_ARRAY(bool, results);
    for (uint32_t r = 0; r < results; r++)
        given[r] = total_of(b, r).id;
    bool *reached = rg_loop_reach(&b->v->node, given);
    rg_free(given);
    return reached;
}

static void sort_operands(backward *b)
{
    bool *reached = find_reached(b);
    for (uint32_t i = 0; i < b->body->inputs; i++) {
        if (!reached[i])
            continue;
        if (i < b->carries)
            rg_vec_push(&b->carry, i);
        else if (rg_vjp_needs(b->v, i))
            rg_vec_push(i < b->carries + b->scans ? &b->scan : &b->shared, i);
    }
    rg_free(reached);
}

static void sort_results(backward *b)
{
    for (uint32_t i = 0; i < b->carries; i++)
        if (total_of(b, b->body->outputs + i).id)
            rg_vec_push(&b->trace, i);
    for (uint32_t j = b->carries; j < b->body->outputs; j++)
        if (total_of(b, j).id)
            rg_vec_push(&b->out, j);
}

/* A sum that is carried over the cotangents of a shared value: flat where it has too many axes
 * for a carry, whose trace has one more. */
static rg_val as_carry(rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    return shape.rank < RG_RANK_MAX ? x : rg_reshape(x, rg_shape_of(rg_shape_count(shape)));
}

/* ---- The body.  Scanned values: traces of all carries, what was scanned, cotangents of outs,
 * cotangents of traces. */
static void forward_again(const backward *b, const rg_loop_body *view, rg_val *input,
                          rg_val *output)
{
    for (uint32_t i = 0; i < b->body->inputs; i++)
        input[i] =
            i < b->carries + b->scans ? view->scan[i] : view->shared[i - b->carries - b->scans];
    rg_import(view->graph, b->body->graph, b->body->input, input, b->body->inputs,
              b->body->output, b->body->outputs, output);
}

static void differentiate(const backward *b, const rg_loop_body *view, const rg_val *input,
                          const rg_val *output, rg_val *ret)
{
    values y = {0}, g = {0}, x = {0};
    for (size_t i = 0; i < b->carry.len; i++) {
        rg_vec_push(&y, output[b->carry.at[i]]);
        rg_vec_push(&g, view->carry[i]);
        rg_vec_push(&x, input[b->carry.at[i]]);
    }
    for (size_t i = 0; i < b->out.len; i++) {
        rg_vec_push(&y, output[b->out.at[i]]);
        rg_vec_push(&g, view->scan[b->carries + b->scans + i]);
    }
    for (size_t i = 0; i < b->shared.len; i++)
        rg_vec_push(&x, input[b->shared.at[i]]);
    for (size_t i = 0; i < b->scan.len; i++)
        rg_vec_push(&x, input[b->scan.at[i]]);
    rg_vjp_at(view->graph->at, y.at, g.at, y.len, x.at, x.len, ret);
    rg_vec_free(&y);
    rg_vec_free(&g);
    rg_vec_free(&x);
}

static void backward_body(rg_loop_body *view, void *context)
{
    const backward *b = context;
    size_t carries = b->carry.len, shareds = b->shared.len;
    rg_val *input = RG_NEW_ARRAY(rg_val, b->body->inputs);
    rg_val *output = RG_NEW_ARRAY(rg_val, b->body->outputs);
    rg_val *g = RG_NEW_ARRAY(rg_val, carries + shareds + b->scan.len);
    forward_again(b, view, input, output);
    differentiate(b, view, input, output, g);
    const rg_val *of_trace = view->scan + b->carries + b->scans + b->out.len;
    for (size_t i = 0, k = 0; i < carries; i++) {
        bool traced = k < b->trace.len && b->trace.at[k] == b->carry.at[i];
        view->next[i] = traced ? rg_add(g[i], of_trace[k++]) : g[i];
    }
    for (size_t i = 0; i < shareds; i++)
        view->next[carries + i] = rg_add(view->carry[carries + i], as_carry(g[carries + i]));
    for (size_t i = 0; i < b->scan.len; i++)
        view->out[i] = g[carries + shareds + i];
    rg_free(input);
    rg_free(output);
    rg_free(g);
}

/* ---- The loop around it. */
static rg_val operand_of(const backward *b, uint32_t i)
{
    return (rg_val){b->v->graph, b->v->node.in[i]};
}

static void list_carries(const backward *b, values *ret)
{
    for (size_t i = 0; i < b->carry.len; i++) {
        rg_val g = total_of(b, b->carry.at[i]);
        rg_vec_push(ret, g.id ? g : zeros_like(operand_of(b, b->carry.at[i])));
    }
    for (size_t i = 0; i < b->shared.len; i++)
        rg_vec_push(ret, as_carry(zeros_like(operand_of(b, b->shared.at[i]))));
}

static void list_scans(const backward *b, values *ret)
{
    uint32_t first = b->v->y.id;
    for (uint32_t i = 0; i < b->carries; i++)
        rg_vec_push(ret, ((rg_val){b->v->graph, first + b->body->outputs + i}));
    for (uint32_t i = 0; i < b->scans; i++)
        rg_vec_push(ret, operand_of(b, b->carries + i));
    for (size_t i = 0; i < b->out.len; i++)
        rg_vec_push(ret, total_of(b, b->out.at[i]));
    for (size_t i = 0; i < b->trace.len; i++)
        rg_vec_push(ret, total_of(b, b->body->outputs + b->trace.at[i]));
}

static void run_back(const backward *b, rg_val *ret)
{
    values carry = {0}, scan = {0}, shared = {0};
    list_carries(b, &carry);
    list_scans(b, &scan);
    for (uint32_t i = b->carries + b->scans; i < b->body->inputs; i++)
        rg_vec_push(&shared, operand_of(b, i));
    rg_loop_at(b->v->node.at, b->v->graph,
               &(rg_loop_spec){.steps = b->v->node.attr.loop.steps,
                               .carry = carry.at,
                               .carries = carry.len,
                               .scan = scan.at,
                               .scans = scan.len,
                               .shared = shared.at,
                               .shareds = shared.len,
                               .outs = b->scan.len,
                               .reverse = !b->v->node.attr.loop.reverse,
                               .body = backward_body,
                               .context = (void *)(uintptr_t)b},
               ret);
    rg_vec_free(&carry);
    rg_vec_free(&scan);
    rg_vec_free(&shared);
}

static void give_all(const backward *b, const indices *operands, const rg_val *g)
{
    for (size_t i = 0; i < operands->len; i++) {
        uint32_t k = operands->at[i];
        if (rg_vjp_needs(b->v, k))
            rg_vjp_give(b->v, k, rg_reshape(g[i], rg_val_shape(operand_of(b, k))));
    }
}

void rg_loop_vjp(rg_vjp *v)
{
    backward b = {.v = v,
                  .body = v->node.attr.loop.body,
                  .carries = v->node.attr.loop.carries,
                  .scans = v->node.attr.loop.scans};
    sort_operands(&b);
    sort_results(&b);
    size_t n = b.carry.len + b.shared.len + b.scan.len;
    rg_val *g = RG_NEW_ARRAY(rg_val, n);
    if (n > 0)
        run_back(&b, g);
    give_all(&b, &b.carry, g);
    give_all(&b, &b.shared, g + b.carry.len);
    give_all(&b, &b.scan, g + b.carry.len + b.shared.len);
    rg_vec_free(&b.carry);
    rg_vec_free(&b.scan);
    rg_vec_free(&b.shared);
    rg_vec_free(&b.out);
    rg_vec_free(&b.trace);
    rg_free(g);
}
