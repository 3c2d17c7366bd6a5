/* parse.c - reads the text form of docs/ir.md into a graph, through the same door as the
 * builders: every node is checked by its shape rule, and a mistake is told with line and
 * column. */
#include "engine/ir/parse.h"

#include <stdio.h>
#include <string.h>

/* ---- Lines. */
static bool one_attribute(parser *p)
{
    if (p->attrs == ATTRIBUTES_MAX)
        return parse_fail_at(p, p->at, "see docs/ir.md", "too many attributes");
    attribute *a = &p->attr[p->attrs++];
    double value;
    a->at = p->at;
    a->key_len = parse_word(p, &a->key);
    if (a->key_len == 0)
        return parse_fail_at(p, p->at, "an operand, an attribute or ':' may stand here",
                             "unexpected character");
    if (!parse_expect(p, '='))
        return false;
    if (parse_accept(p, '"')) {
        a->is_text = true;
        return parse_quoted(p, &a->text);
    }
    if (parse_accept(p, '['))
        return parse_list(p, &a->list);
    if (!parse_number(p, &value))
        return false;
    rg_vec_push(&a->list, value);
    return true;
}

static void drop_attributes(parser *p)
{
    for (size_t i = 0; i < p->attrs; i++) {
        rg_str_free(&p->attr[i].text);
        rg_vec_free(&p->attr[i].list);
    }
    memset(p->attr, 0, sizeof(p->attr));
    p->attrs = 0;
}

static bool operation(parser *p, rg_op *ret)
{
    const char *name, *names[RG_OPS];
    char given[32] = "", remedy[96];
    size_t len = parse_word(p, &name);
    for (int op = 0; op < RG_OPS; op++) {
        names[op] = rg_ops[op].name;
        if (strlen(names[op]) == len && memcmp(names[op], name, len) == 0) {
            *ret = (rg_op)op;
            return true;
        }
    }
    memcpy(given, name, len < sizeof(given) ? len : sizeof(given) - 1);
    const char *near = rg_text_nearest(given, names, RG_OPS);
    snprintf(remedy, sizeof(remedy), near ? "did you mean '%s'?" : "see docs/ir.md", near);
    return parse_fail_at(p, name, remedy, "no such operation");
}

/* Adds through the builders where those keep books (names, copies), directly otherwise. */
static rg_val add(parser *p, rg_node *node)
{
    rg_place at = {p->where, p->line};
    switch ((int)node->op) {
    case RG_OP_input:
        return rg_input_at(at, p->graph, node->attr.name, node->dtype, node->shape);
    case RG_OP_const: return rg_const_at(at, p->graph, node->attr.value, node->dtype);
    case RG_OP_array:
        return rg_const_array_at(at, p->graph, node->attr.array.data, node->dtype, node->shape);
    case RG_OP_loop: return rg_loop_add(p->graph, node);
    default: return rg_node_add(p->graph, node);
    }
}

static bool add_checked(parser *p, const char *at, rg_node *node)
{
    rg_dtype dtype = node->dtype;
    rg_shape shape = node->shape;
    rg_graph_at(p->graph, p->where, p->line);
    rg_val value = add(p, node);
    const rg_err *err = rg_graph_error(p->graph);
    if (err->code != RG_OK)
        return parse_fail_at(p, at, err->remedy, err->what);
    if (rg_val_dtype(value) != dtype || !rg_shape_same(rg_val_shape(value), shape)) {
        char what[320], text[160];
        rg_shape_text(text, rg_val_shape(value));
        snprintf(what, sizeof(what), "the result has type %s and shape %s, not what is written",
                 rg_dtype_name(rg_val_dtype(value)), text);
        return parse_fail_at(p, at, "correct the type behind ':'", what);
    }
    rg_vec_push(&p->value, value);
    return true;
}

static bool operands_and_attributes(parser *p, const char *at, rg_op op, numbers *in)
{
    for (parse_skip_spaces(p); *p->at != ':'; parse_skip_spaces(p)) {
        uint32_t id;
        if (*p->at != '%') {
            if (!one_attribute(p))
                return false;
            continue;
        }
        if (!parse_operand(p, &id))
            return false;
        rg_vec_push(in, (double)id);
    }
    if (rg_ops[op].operands == RG_ANY || in->len == rg_ops[op].operands)
        return true;
    char what[96];
    snprintf(what, sizeof(what), "%s takes %d operands, not %zu", rg_ops[op].name,
             rg_ops[op].operands, in->len);
    return parse_fail_at(p, at, "see docs/ir.md", what);
}

/* %3 = add %1 %2 : f32[2, 3] */
static bool definition(parser *p)
{
    const char *at = p->at;
    double n;
    rg_node node;
    memset(&node, 0, sizeof(node));
    if (!parse_expect(p, '%') || !parse_integer(p, 1, 4e9, &n))
        return false;
    if (n != (double)p->value.len + 1)
        return parse_fail_at(p, at, "number values 1, 2, 3, ... in order",
                             "unexpected value number");
    if (!parse_expect(p, '='))
        return false;
    parse_skip_spaces(p);
    at = p->at;
    numbers in = {0};
    uint32_t *ids = NULL;
    bool ok = operation(p, &node.op) && operands_and_attributes(p, at, node.op, &in) &&
              parse_expect(p, ':') && parse_type_of(p, &node.dtype, &node.shape);
    if (ok) {
        ids = RG_NEW_ARRAY(uint32_t, in.len);
        for (size_t i = 0; i < in.len; i++)
            ids[i] = (uint32_t)in.at[i];
        node.in = ids;
        node.n_in = (uint32_t)in.len;
        ok = parse_attribute(p, &node) && add_checked(p, at, &node);
    }
    rg_free(ids);
    rg_vec_free(&in);
    drop_attributes(p);
    return ok;
}

static bool line_end(parser *p)
{
    parse_skip_spaces(p);
    if (*p->at == '#')
        p->at += strcspn(p->at, "\n");
    if (*p->at == '\0')
        return true;
    if (*p->at != '\n')
        return parse_fail_at(p, p->at, "one definition a line",
                             "unexpected text behind the line's end");
    p->at++;
    p->line++;
    p->line_start = p->at;
    return true;
}

static bool returns(parser *p, rg_val **ret, size_t *ret_n)
{
    RG_VEC(rg_val) outputs = {0};
    bool ok = true;
    for (parse_skip_spaces(p); ok && *p->at == '%'; parse_skip_spaces(p)) {
        rg_val value = {p->graph, 0};
        ok = parse_operand(p, &value.id);
        rg_vec_push(&outputs, value);
    }
    if (ok) {
        *ret = RG_ARENA_ARRAY(p->graph->arena, rg_val, outputs.len + 1);
        if (outputs.len)
            memcpy(*ret, outputs.at, sizeof(rg_val) * outputs.len);
        *ret_n = outputs.len;
    }
    rg_vec_free(&outputs);
    return ok;
}

/* Empty lines and comments up to the character that ends the text. */
static bool text_end(parser *p, char end)
{
    do {
        if (!line_end(p))
            return false;
        parse_skip_spaces(p);
    } while (*p->at == '\n' || *p->at == '#');
    return *p->at == end ||
           parse_fail_at(p, p->at,
                         end ? "close the body with '}'" : "the return line is the last one",
                         "unexpected text behind the return line");
}

static bool accept_word(parser *p, const char *word)
{
    size_t len = strlen(word);
    parse_skip_spaces(p);
    if (strncmp(p->at, word, len) != 0 || parse_is_word(p->at[len]))
        return false;
    p->at += len;
    return true;
}

static bool body(parser *p);

/* Definitions and bodies up to the return line, and what follows it up to `end`. */
static bool lines(parser *p, char end, rg_val **ret, size_t *ret_n)
{
    while (!accept_word(p, "return")) {
        if (*p->at == '\0')
            return parse_fail_at(p, p->at, "end the text with 'return %...'", "no return line");
        if (*p->at == '%' && !definition(p))
            return false;
        if (accept_word(p, "body") && !body(p))
            return false;
        if (!line_end(p))
            return false;
    }
    return returns(p, ret, ret_n) && text_end(p, end);
}

/* ---- Bodies of loops: a text within the text, with numbers of its own. */
#define DEPTH_MAX 16

static void list_inputs(rg_body *body)
{
    rg_graph *graph = body->graph;
    body->input = RG_ARENA_ARRAY(graph->arena, rg_val, rg_graph_count(graph));
    for (uint32_t id = 1; id <= rg_graph_count(graph); id++)
        if (rg_node_of(graph, id)->op == RG_OP_input)
            body->input[body->inputs++] = (rg_val){graph, id};
}

static void parser_free(parser *p)
{
    drop_attributes(p);
    rg_vec_free(&p->value);
    rg_vec_free(&p->body);
}

static bool body_lines(parser *p, rg_body *body)
{
    size_t outputs = 0;
    parser inner = {.text = p->text,
                    .at = p->at,
                    .line_start = p->line_start,
                    .where = rg_arena_strdup(body->graph->arena, p->where),
                    .line = p->line,
                    .graph = body->graph,
                    .depth = p->depth + 1,
                    .err = p->err};
    bool ok = line_end(&inner) && lines(&inner, '}', &body->output, &outputs) &&
              parse_expect(&inner, '}');
    body->outputs = (uint32_t)outputs;
    p->at = inner.at;
    p->line = inner.line;
    p->line_start = inner.line_start;
    parser_free(&inner);
    return ok;
}

/* body 1 { ... }, behind the word */
static bool body(parser *p)
{
    const char *at = p->at;
    double n;
    if (!parse_integer(p, 1, 4e9, &n))
        return false;
    if (n != (double)p->body.len + 1)
        return parse_fail_at(p, at, "number bodies 1, 2, 3, ... in order",
                             "unexpected body number");
    if (!parse_expect(p, '{'))
        return false;
    if (p->depth == DEPTH_MAX)
        return parse_fail_at(p, at, "at most 16 bodies may stand in each other",
                             "too many bodies in each other");
    rg_body *made = rg_body_new(p->graph);
    if (!body_lines(p, made)) {
        rg_body_free(made);
        return false;
    }
    list_inputs(made);
    rg_vec_push(&p->body, rg_body_keep(p->graph, made));
    return true;
}

bool rg_graph_parse(const char *text, const char *where, rg_graph **ret, rg_val **ret_outputs,
                    size_t *ret_n, rg_err *err)
{
    parser p = {.text = text,
                .at = text,
                .line_start = text,
                .where = where,
                .line = 1,
                .graph = rg_graph_new(),
                .err = err};
    /* Places outlive the caller's `where`. */
    p.where = rg_arena_strdup(p.graph->arena, where);
    bool ok = lines(&p, '\0', ret_outputs, ret_n);
    parser_free(&p);
    if (ok)
        *ret = p.graph;
    else
        rg_graph_free(p.graph);
    return ok;
}
