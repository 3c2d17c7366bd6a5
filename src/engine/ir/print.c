/* print.c - a graph as text; docs/ir.md specifies the form, parse.c reads it back. */
#include "engine/ir/loop.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct printer {
    const rg_graph *graph;
    rg_str *out;
    uint32_t *number;             /* by id: the number it is printed with, 0 before that */
    RG_VEC(const rg_body *) body; /* body.at[k] is printed as body k+1 */
} printer;

/* ---- Numbers, so that reading them gives the same bits. */
static void print_number(rg_str *out, rg_dtype dtype, double value)
{
    if (isnan(value))
        rg_str_add(out, "nan");
    else if (isinf(value))
        rg_str_add(out, value < 0 ? "-inf" : "inf");
    else
        rg_str_printf(out, dtype == RG_F32 ? "%.9g" : "%.17g", value);
}

static void print_ints(rg_str *out, const char *key, const int *list, int n)
{
    rg_str_printf(out, " %s=[", key);
    for (int i = 0; i < n; i++)
        rg_str_printf(out, "%s%d", i ? ", " : "", list[i]);
    rg_str_add(out, "]");
}

static void print_longs(rg_str *out, const char *key, const int64_t *list, int n)
{
    rg_str_printf(out, " %s=[", key);
    for (int i = 0; i < n; i++)
        rg_str_printf(out, "%s%" PRId64, i ? ", " : "", list[i]);
    rg_str_add(out, "]");
}

/* ---- Attributes: one function for each word in the table's column. */
static void print_none(rg_str *out, const rg_node *node)
{
    (void)out, (void)node;
}

static void print_type(rg_str *out, const rg_node *node)
{
    (void)out, (void)node; /* the type behind the colon says it */
}

static void print_name(rg_str *out, const rg_node *node)
{
    rg_str_add(out, " name=\"");
    for (const unsigned char *c = (const unsigned char *)node->attr.name; *c; c++) {
        if (*c < ' ' || *c == '"' || *c == '\\')
            rg_str_printf(out, "\\x%02x", *c);
        else
            rg_str_add_n(out, (const char *)c, 1);
    }
    rg_str_add(out, "\"");
}

static void print_value(rg_str *out, const rg_node *node)
{
    rg_str_add(out, " value=");
    print_number(out, node->dtype, node->attr.value);
}

static void print_array(rg_str *out, const rg_node *node)
{
    rg_str_add(out, " values=[");
    for (int64_t i = 0; i < rg_shape_count(node->shape); i++) {
        rg_str_add(out, i ? ", " : "");
        print_number(out, node->dtype,
                     rg_dtype_element(node->dtype, node->attr.array.data, (size_t)i));
    }
    rg_str_add(out, "]");
}

static void print_axis(rg_str *out, const rg_node *node)
{
    rg_str_printf(out, " axis=%d", node->attr.axis);
}

static void print_scatter(rg_str *out, const rg_node *node)
{
    print_axis(out, node);
}

static void print_site(rg_str *out, const rg_node *node)
{
    rg_str_printf(out, " site=%" PRIu32, node->attr.site);
}

static void print_axes(rg_str *out, const rg_node *node)
{
    int list[32], n = 0;
    for (int i = 0; i < 32; i++)
        if (node->attr.axes >> i & 1)
            list[n++] = i;
    print_ints(out, "axes", list, n);
}

static void print_order(rg_str *out, const rg_node *node)
{
    print_ints(out, "order", node->attr.order, node->shape.rank);
}

static void print_slice(rg_str *out, const rg_node *node)
{
    print_longs(out, "from", node->attr.slice.from, node->shape.rank);
    print_longs(out, "to", node->attr.slice.to, node->shape.rank);
    print_longs(out, "step", node->attr.slice.step, node->shape.rank);
}

static void print_pad(rg_str *out, const rg_node *node)
{
    print_longs(out, "before", node->attr.pad.before, node->shape.rank);
    print_longs(out, "after", node->attr.pad.after, node->shape.rank);
    rg_str_add(out, " value=");
    print_number(out, node->dtype, node->attr.pad.value);
}

static void print_dot(rg_str *out, const rg_node *node)
{
    const rg_dot_axes *dot = &node->attr.dot;
    print_ints(out, "batch_x", dot->batch_x, dot->n_batch);
    print_ints(out, "batch_y", dot->batch_y, dot->n_batch);
    print_ints(out, "contract_x", dot->contract_x, dot->n_contract);
    print_ints(out, "contract_y", dot->contract_y, dot->n_contract);
}

static void print_loop(rg_str *out, const rg_node *node)
{
    rg_str_printf(out,
                  " steps=%" PRId64 " carries=%" PRIu32 " scans=%" PRIu32 " reverse=%" PRIu32
                  " result=%" PRIu32,
                  node->attr.loop.steps, node->attr.loop.carries, node->attr.loop.scans,
                  node->attr.loop.reverse, node->attr.loop.result);
}

static void print_conv(rg_str *out, const rg_node *node)
{
    const rg_conv_axes *conv = &node->attr.conv;
    int n = node->shape.rank - 2;
    print_longs(out, "stride", conv->stride, n);
    print_longs(out, "lo", conv->lo, n);
    print_longs(out, "hi", conv->hi, n);
    print_longs(out, "dilate_x", conv->dilate_x, n);
    print_longs(out, "dilate_w", conv->dilate_w, n);
    rg_str_printf(out, " groups=%" PRId64, conv->groups);
}

static void print_sort(rg_str *out, const rg_node *node)
{
    rg_str_printf(out, " axis=%d descending=%d", node->attr.sort.axis,
                  node->attr.sort.descending);
}

static void print_recurrence(rg_str *out, const rg_node *node)
{
    rg_str_printf(out, " axis=%d reverse=%d", node->attr.recurrence.axis,
                  node->attr.recurrence.reverse);
}

static void (*const print_attribute[RG_OPS])(rg_str *, const rg_node *) = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, batch, reference, kernel, doc) \
    [RG_OP_##name] = print_##attribute,
#include "engine/ir/ops.def"
};

/* ---- Lines. */
/* Siblings share a body: it is printed once, in front of the first of them. */
static size_t body_number(printer *p, const rg_body *body)
{
    for (size_t i = 0; i < p->body.len; i++)
        if (p->body.at[i] == body)
            return i + 1;
    rg_vec_push(&p->body, body);
    rg_str_printf(p->out, "body %zu {\n", p->body.len);
    rg_body_print(body, p->out);
    rg_str_add(p->out, "}\n");
    return p->body.len;
}

static void print_node(printer *p, const rg_node *node, uint32_t number)
{
    size_t body = node->op == RG_OP_loop ? body_number(p, node->attr.loop.body) : 0;
    rg_str_printf(p->out, "%%%u = %s", number, rg_ops[node->op].name);
    for (uint32_t i = 0; i < node->n_in; i++)
        rg_str_printf(p->out, " %%%u", p->number[node->in[i]]);
    if (body)
        rg_str_printf(p->out, " body=%zu", body);
    print_attribute[node->op](p->out, node);
    rg_str_printf(p->out, " : %s[", rg_dtype_name(node->dtype));
    for (int i = 0; i < node->shape.rank; i++)
        rg_str_printf(p->out, "%s%" PRId64, i ? ", " : "", node->shape.dim[i]);
    rg_str_add(p->out, "]");
}

/* Marks what the outputs need with 1. */
static void mark(const rg_graph *graph, const rg_val *outputs, size_t n, uint32_t *number)
{
    for (size_t i = 0; i < n; i++)
        number[outputs[i].id] = 1;
    for (size_t id = rg_graph_count(graph); id > 0; id--) {
        const rg_node *node = rg_node_of(graph, (uint32_t)id);
        for (uint32_t i = 0; number[id] && i < node->n_in; i++)
            number[node->in[i]] = 1;
    }
}

void rg_graph_print_in_order(const rg_graph *graph, const uint32_t *id, size_t n_ids,
                             const rg_val *outputs, size_t n, rg_note *note, void *ctx,
                             rg_str *ret)
{
    size_t count = rg_graph_count(graph);
    printer p = {.graph = graph, .out = ret, .number = RG_NEW_ARRAY(uint32_t, count + 1)};
    for (size_t i = 0; i < n_ids; i++) {
        print_node(&p, rg_node_of(graph, id[i]), (uint32_t)i + 1);
        p.number[id[i]] = (uint32_t)i + 1;
        if (note)
            note(ctx, id[i], ret);
        rg_str_add(ret, "\n");
    }
    rg_str_add(ret, "return");
    for (size_t i = 0; i < n; i++)
        rg_str_printf(ret, " %%%u", p.number[outputs[i].id]);
    rg_str_add(ret, "\n");
    rg_vec_free(&p.body);
    rg_free(p.number);
}

/* The inputs named here are printed even where nothing needs them. */
static void print_lines(const rg_graph *graph, const rg_val *inputs, size_t n_inputs,
                        const rg_val *outputs, size_t n_outputs, rg_str *ret)
{
    size_t count = rg_graph_count(graph), wanted = 0;
    uint32_t *number = RG_NEW_ARRAY(uint32_t, count + 1), *id = RG_NEW_ARRAY(uint32_t, count);
    mark(graph, inputs, n_inputs, number);
    mark(graph, outputs, n_outputs, number);
    for (uint32_t i = 1; i <= count; i++)
        if (number[i])
            id[wanted++] = i;
    rg_graph_print_in_order(graph, id, wanted, outputs, n_outputs, NULL, NULL, ret);
    rg_free(number);
    rg_free(id);
}

void rg_body_print(const rg_body *body, rg_str *ret)
{
    print_lines(body->graph, body->input, body->inputs, body->output, body->outputs, ret);
}

void rg_graph_print(const rg_graph *graph, const rg_val *outputs, size_t n, rg_str *ret)
{
    print_lines(graph, NULL, 0, outputs, n, ret);
}
