/* parse.c - reads the text form of docs/ir.md into a graph, through the same door as the
 * builders: every node is checked by its shape rule, and a mistake is told with line and
 * column. */
#include "engine/ir/node.h"

#include <math.h>
#include <string.h>

typedef RG_VEC(double) numbers;

/* One key=value of a line: a number or a list of numbers, or a text. */
typedef struct attribute {
    const char *key;
    size_t key_len;
    const char *at; /* in the text, for messages */
    bool is_text;
    rg_str text;
    numbers list;
} attribute;
#define ATTRIBUTES_MAX 4

typedef struct parser {
    const char *text, *at, *line_start, *where;
    int line;
    rg_graph *graph;
    RG_VEC(rg_val) value; /* value.at[k] is %k+1 */
    attribute attr[ATTRIBUTES_MAX];
    size_t attrs;
    rg_err *err;
} parser;

static bool fail_at(parser *p, const char *at, const char *remedy, const char *what)
{
    char where[160];
    snprintf(where, sizeof(where), "%s:%d:%d", p->where, p->line,
             (int)(at - p->line_start) + 1);
    return rg_fail(p->err, RG_INPUT, where, remedy, "%s", what);
}

/* ---- Tokens. */
static void skip_spaces(parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
        p->at++;
}

static bool accept(parser *p, char c)
{
    skip_spaces(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static bool expect(parser *p, char c)
{
    char what[32];
    if (accept(p, c))
        return true;
    snprintf(what, sizeof(what), "expected '%c'", c);
    return fail_at(p, p->at, "see docs/ir.md", what);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t word(parser *p, const char **ret)
{
    skip_spaces(p);
    *ret = p->at;
    while (is_word(*p->at))
        p->at++;
    return (size_t)(p->at - *ret);
}

static bool number(parser *p, double *ret)
{
    char text[64];
    skip_spaces(p);
    size_t n = strspn(p->at, "+-.0123456789abcdefinxy");
    if (n > 0 && n < sizeof(text)) {
        memcpy(text, p->at, n);
        text[n] = '\0';
        if (rg_text_double(text, ret)) {
            p->at += n;
            return true;
        }
    }
    return fail_at(p, p->at, "see docs/ir.md", "expected a number");
}

static bool integer(parser *p, double lowest, double highest, double *ret)
{
    const char *at = p->at;
    if (!number(p, ret))
        return false;
    if (*ret >= lowest && *ret <= highest && *ret == floor(*ret))
        return true;
    return fail_at(p, at, "see docs/ir.md", "a whole number in range is needed here");
}

static bool operand(parser *p, uint32_t *ret)
{
    const char *at = p->at;
    double n;
    if (!expect(p, '%') || !integer(p, 1, 4e9, &n))
        return false;
    if (n > (double)p->value.len)
        return fail_at(p, at, "values are defined before they are used", "no such value yet");
    *ret = p->value.at[(size_t)n - 1].id;
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool quoted(parser *p, rg_str *ret)
{
    while (*p->at != '"') {
        if (*p->at == '\0' || *p->at == '\n')
            return fail_at(p, p->at, "close the text with '\"'", "the line ends inside a text");
        char c = *p->at;
        if (c == '\\') {
            int high = p->at[1] == 'x' ? hex_digit(p->at[2]) : -1;
            int low = high >= 0 ? hex_digit(p->at[3]) : -1;
            if (low < 0 || high + low == 0)
                return fail_at(p, p->at, "write \\x and two hexadecimal digits", "bad escape");
            c = (char)(high * 16 + low);
            p->at += 3;
        }
        rg_str_add_n(ret, &c, 1);
        p->at++;
    }
    p->at++;
    return true;
}

static bool list(parser *p, numbers *ret)
{
    double value;
    if (accept(p, ']'))
        return true;
    do {
        if (!number(p, &value))
            return false;
        rg_vec_push(ret, value);
    } while (accept(p, ','));
    return expect(p, ']');
}

static bool type(parser *p, rg_dtype *dtype, rg_shape *shape)
{
    const char *name;
    size_t len = word(p, &name);
    int found = -1;
    for (int i = RG_F32; i <= RG_BOOL; i++)
        if (len == strlen(rg_dtype_name((rg_dtype)i)) &&
            memcmp(name, rg_dtype_name((rg_dtype)i), len) == 0)
            found = i;
    if (found < 0)
        return fail_at(p, name, "one of f32, f64, i32, u32, bool", "expected a type");
    *dtype = (rg_dtype)found;
    *shape = RG_SCALAR;
    if (!expect(p, '['))
        return false;
    if (accept(p, ']'))
        return true;
    do {
        double dim;
        if (shape->rank == RG_RANK_MAX)
            return fail_at(p, p->at, "at most 8 axes are possible", "too many axes");
        if (!integer(p, 0, 0x1p52, &dim))
            return false;
        shape->dim[shape->rank++] = (int64_t)dim;
    } while (accept(p, ','));
    return expect(p, ']');
}

/* ---- Attributes: one function for each word in the table's column. */
static attribute *find(parser *p, const char *key)
{
    for (size_t i = 0; i < p->attrs; i++)
        if (p->attr[i].key_len == strlen(key) && memcmp(p->attr[i].key, key, strlen(key)) == 0)
            return &p->attr[i];
    return NULL;
}

static bool missing(parser *p, const char *key)
{
    char what[128];
    snprintf(what, sizeof(what), "the attribute %s is missing or of another kind", key);
    return fail_at(p, p->at, "see docs/ir.md", what);
}

/* A list of n whole numbers within the bounds; n < 0: at most RG_RANK_MAX of them. */
static bool take_longs(parser *p, const char *key, int n, double lowest, double highest,
                       int64_t *ret, int *ret_n)
{
    attribute *a = find(p, key);
    if (!a || a->is_text || (n >= 0 && a->list.len != (size_t)n) || a->list.len > RG_RANK_MAX)
        return missing(p, key);
    for (size_t i = 0; i < a->list.len; i++) {
        double value = a->list.at[i];
        if (!(value >= lowest && value <= highest) || value != floor(value))
            return fail_at(p, a->at, "see docs/ir.md",
                           "a whole number in range is needed here");
        ret[i] = (int64_t)value;
    }
    if (ret_n)
        *ret_n = (int)a->list.len;
    return true;
}

static bool take_ints(parser *p, const char *key, int n, int *ret, int *ret_n)
{
    int64_t list_of[RG_RANK_MAX];
    int len;
    if (!take_longs(p, key, n, 0, RG_RANK_MAX - 1, list_of, &len))
        return false;
    for (int i = 0; i < len; i++)
        ret[i] = (int)list_of[i];
    if (ret_n)
        *ret_n = len;
    return true;
}

static int rank_of(parser *p, const rg_node *node)
{
    return node->n_in ? rg_operand(p->graph, node, 0)->shape.rank : 0;
}

static bool parse_none(parser *p, rg_node *node)
{
    (void)p, (void)node;
    return true;
}

static bool parse_type(parser *p, rg_node *node)
{
    return parse_none(p, node);
}

static bool parse_name(parser *p, rg_node *node)
{
    attribute *a = find(p, "name");
    if (!a || !a->is_text)
        return missing(p, "name");
    node->attr.name = rg_str_text(&a->text);
    return true;
}

static bool parse_value(parser *p, rg_node *node)
{
    attribute *a = find(p, "value");
    if (!a || a->is_text || a->list.len != 1)
        return missing(p, "value");
    if (node->shape.rank != 0)
        return fail_at(p, p->at, "use array, or broadcast a const", "a const is a scalar");
    node->attr.value = a->list.at[0];
    return true;
}

static void store(rg_dtype dtype, void *data, size_t i, double value)
{
    value = rg_dtype_round(dtype, value);
    switch (dtype) {
    case RG_F32: ((float *)data)[i] = (float)value; break;
    case RG_F64: ((double *)data)[i] = value; break;
    case RG_I32: ((int32_t *)data)[i] = (int32_t)value; break;
    case RG_U32: ((uint32_t *)data)[i] = (uint32_t)value; break;
    case RG_BOOL: ((unsigned char *)data)[i] = value != 0; break;
    }
}

static bool parse_array(parser *p, rg_node *node)
{
    attribute *a = find(p, "values");
    double count = 1;
    for (int i = 0; i < node->shape.rank; i++)
        count *= (double)node->shape.dim[i];
    if (!a || a->is_text || (double)a->list.len != count)
        return missing(p, "values, as many as the type has elements,");
    void *data = rg_arena_alloc(p->graph->arena, a->list.len * rg_dtype_bytes(node->dtype));
    for (size_t i = 0; i < a->list.len; i++)
        store(node->dtype, data, i, a->list.at[i]);
    node->attr.array.data = data;
    return true;
}

static bool parse_axis(parser *p, rg_node *node)
{
    attribute *a = find(p, "axis");
    if (!a || a->is_text || a->list.len != 1)
        return missing(p, "axis");
    return take_ints(p, "axis", 1, &node->attr.axis, NULL);
}

static bool parse_scatter(parser *p, rg_node *node)
{
    return parse_axis(p, node);
}

static bool parse_site(parser *p, rg_node *node)
{
    int64_t site;
    if (!take_longs(p, "site", 1, 0, UINT32_MAX, &site, NULL))
        return false;
    node->attr.site = (uint32_t)site;
    return true;
}

static bool parse_axes(parser *p, rg_node *node)
{
    int axes[RG_RANK_MAX], n;
    if (!take_ints(p, "axes", -1, axes, &n))
        return false;
    for (int i = 0; i < n; i++)
        node->attr.axes |= RG_AXIS(axes[i]);
    return true;
}

static bool parse_order(parser *p, rg_node *node)
{
    return take_ints(p, "order", rank_of(p, node), node->attr.order, NULL);
}

static bool parse_slice(parser *p, rg_node *node)
{
    int rank = rank_of(p, node);
    return take_longs(p, "from", rank, 0, 0x1p52, node->attr.slice.from, NULL) &&
           take_longs(p, "to", rank, 0, 0x1p52, node->attr.slice.to, NULL) &&
           take_longs(p, "step", rank, 1, 0x1p52, node->attr.slice.step, NULL);
}

static bool parse_pad(parser *p, rg_node *node)
{
    int rank = rank_of(p, node);
    attribute *a = find(p, "value");
    if (!a || a->is_text || a->list.len != 1)
        return missing(p, "value");
    node->attr.pad.value = a->list.at[0];
    return take_longs(p, "before", rank, 0, 0x1p52, node->attr.pad.before, NULL) &&
           take_longs(p, "after", rank, 0, 0x1p52, node->attr.pad.after, NULL);
}

static bool parse_dot(parser *p, rg_node *node)
{
    rg_dot_axes *dot = &node->attr.dot;
    return take_ints(p, "batch_x", -1, dot->batch_x, &dot->n_batch) &&
           take_ints(p, "batch_y", dot->n_batch, dot->batch_y, NULL) &&
           take_ints(p, "contract_x", -1, dot->contract_x, &dot->n_contract) &&
           take_ints(p, "contract_y", dot->n_contract, dot->contract_y, NULL);
}

static bool (*const parse_attribute[RG_OPS])(parser *, rg_node *) = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, reference, kernel, doc) \
    [RG_OP_##name] = parse_##attribute,
#include "engine/ir/ops.def"
};

/* ---- Lines. */
static bool one_attribute(parser *p)
{
    if (p->attrs == ATTRIBUTES_MAX)
        return fail_at(p, p->at, "see docs/ir.md", "too many attributes");
    attribute *a = &p->attr[p->attrs++];
    double value;
    a->at = p->at;
    a->key_len = word(p, &a->key);
    if (a->key_len == 0)
        return fail_at(p, p->at, "an operand, an attribute or ':' may stand here",
                       "unexpected character");
    if (!expect(p, '='))
        return false;
    if (accept(p, '"')) {
        a->is_text = true;
        return quoted(p, &a->text);
    }
    if (accept(p, '['))
        return list(p, &a->list);
    if (!number(p, &value))
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
    size_t len = word(p, &name);
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
    return fail_at(p, name, remedy, "no such operation");
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
        return fail_at(p, at, err->remedy, err->what);
    if (rg_val_dtype(value) != dtype || !rg_shape_same(rg_val_shape(value), shape)) {
        char what[320], text[160];
        rg_shape_text(text, rg_val_shape(value));
        snprintf(what, sizeof(what), "the result has type %s and shape %s, not what is written",
                 rg_dtype_name(rg_val_dtype(value)), text);
        return fail_at(p, at, "correct the type behind ':'", what);
    }
    rg_vec_push(&p->value, value);
    return true;
}

static bool operands_and_attributes(parser *p, const char *at, rg_op op, numbers *in)
{
    for (skip_spaces(p); *p->at != ':'; skip_spaces(p)) {
        uint32_t id;
        if (*p->at != '%') {
            if (!one_attribute(p))
                return false;
            continue;
        }
        if (!operand(p, &id))
            return false;
        rg_vec_push(in, (double)id);
    }
    if (rg_ops[op].operands == RG_ANY || in->len == rg_ops[op].operands)
        return true;
    char what[96];
    snprintf(what, sizeof(what), "%s takes %d operands, not %zu", rg_ops[op].name,
             rg_ops[op].operands, in->len);
    return fail_at(p, at, "see docs/ir.md", what);
}

/* %3 = add %1 %2 : f32[2, 3] */
static bool definition(parser *p)
{
    const char *at = p->at;
    double n;
    rg_node node;
    memset(&node, 0, sizeof(node));
    if (!expect(p, '%') || !integer(p, 1, 4e9, &n))
        return false;
    if (n != (double)p->value.len + 1)
        return fail_at(p, at, "number values 1, 2, 3, ... in order", "unexpected value number");
    if (!expect(p, '='))
        return false;
    skip_spaces(p);
    at = p->at;
    numbers in = {0};
    uint32_t *ids = NULL;
    bool ok = operation(p, &node.op) && operands_and_attributes(p, at, node.op, &in) &&
              expect(p, ':') && type(p, &node.dtype, &node.shape);
    if (ok) {
        ids = RG_NEW_ARRAY(uint32_t, in.len);
        for (size_t i = 0; i < in.len; i++)
            ids[i] = (uint32_t)in.at[i];
        node.in = ids;
        node.n_in = (uint32_t)in.len;
        ok = parse_attribute[node.op](p, &node) && add_checked(p, at, &node);
    }
    rg_free(ids);
    rg_vec_free(&in);
    drop_attributes(p);
    return ok;
}

static bool line_end(parser *p)
{
    skip_spaces(p);
    if (*p->at == '#')
        p->at += strcspn(p->at, "\n");
    if (*p->at == '\0')
        return true;
    if (*p->at != '\n')
        return fail_at(p, p->at, "one definition a line",
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
    for (skip_spaces(p); ok && *p->at == '%'; skip_spaces(p)) {
        rg_val value = {p->graph, 0};
        ok = operand(p, &value.id);
        rg_vec_push(&outputs, value);
    }
    for (ok = ok && line_end(p); ok && *p->at; ok = line_end(p))
        skip_spaces(p);
    if (ok) {
        *ret = RG_ARENA_ARRAY(p->graph->arena, rg_val, outputs.len + 1);
        if (outputs.len)
            memcpy(*ret, outputs.at, sizeof(rg_val) * outputs.len);
        *ret_n = outputs.len;
    }
    rg_vec_free(&outputs);
    return ok;
}

static bool lines(parser *p, rg_val **ret, size_t *ret_n)
{
    for (;;) {
        skip_spaces(p);
        if (strncmp(p->at, "return", 6) == 0 && !is_word(p->at[6])) {
            p->at += 6;
            return returns(p, ret, ret_n);
        }
        if (*p->at == '\0')
            return fail_at(p, p->at, "end the text with 'return %...'", "no return line");
        if (*p->at == '%' && !definition(p))
            return false;
        if (!line_end(p))
            return false;
    }
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
    bool ok = lines(&p, ret_outputs, ret_n);
    drop_attributes(&p);
    rg_vec_free(&p.value);
    if (ok)
        *ret = p.graph;
    else
        rg_graph_free(p.graph);
    return ok;
}
