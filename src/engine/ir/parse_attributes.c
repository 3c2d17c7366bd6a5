/* parse_attributes.c - what operations need besides operands, read from key=value pairs. */
#include "engine/ir/parse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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
    return parse_fail_at(p, p->at, "see docs/ir.md", what);
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
            return parse_fail_at(p, a->at, "see docs/ir.md",
                                 "a whole number in range is needed here");
        ret[i] = (int64_t)value;
    }
    if (ret_n)
        *ret_n = (int)a->list.len;
    return true;
}

static bool take_ints(parser *p, const char *key, int n, int *ret, int *ret_n)
{
    int64_t list_of[RG_RANK_MAX] = {0};
    int len = 0;
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
        return parse_fail_at(p, p->at, "use array, or broadcast a const",
                             "a const is a scalar");
    node->attr.value = a->list.at[0];
    return true;
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
        rg_dtype_store(node->dtype, data, i, a->list.at[i]);
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

static bool parse_count(parser *p, const char *key, double highest, uint32_t *ret)
{
    int64_t value = 0;
    bool ok = take_longs(p, key, 1, 0, highest, &value, NULL);
    *ret = (uint32_t)value;
    return ok;
}

static bool parse_loop(parser *p, rg_node *node)
{
    uint32_t body = 0;
    if (!parse_count(p, "body", UINT32_MAX, &body))
        return false;
    if (body == 0 || body > p->body.len)
        return parse_fail_at(p, find(p, "body")->at, "bodies are defined before they are used",
                             "no such body yet");
    node->attr.loop.body = p->body.at[body - 1];
    return take_longs(p, "steps", 1, 0, 0x1p52, &node->attr.loop.steps, NULL) &&
           parse_count(p, "carries", UINT32_MAX, &node->attr.loop.carries) &&
           parse_count(p, "scans", UINT32_MAX, &node->attr.loop.scans) &&
           parse_count(p, "reverse", 1, &node->attr.loop.reverse) &&
           parse_count(p, "result", UINT32_MAX, &node->attr.loop.result);
}

static bool parse_conv(parser *p, rg_node *node)
{
    rg_conv_axes *conv = &node->attr.conv;
    int n = rank_of(p, node) > 2 ? rank_of(p, node) - 2 : 0;
    return take_longs(p, "stride", n, 1, 0x1p52, conv->stride, NULL) &&
           take_longs(p, "lo", n, -0x1p52, 0x1p52, conv->lo, NULL) &&
           take_longs(p, "hi", n, -0x1p52, 0x1p52, conv->hi, NULL) &&
           take_longs(p, "dilate_x", n, 1, 0x1p52, conv->dilate_x, NULL) &&
           take_longs(p, "dilate_w", n, 1, 0x1p52, conv->dilate_w, NULL) &&
           take_longs(p, "groups", 1, 1, 0x1p52, &conv->groups, NULL);
}

static bool take_flag(parser *p, const char *key, int *ret)
{
    int64_t flag = 0;
    if (!take_longs(p, key, 1, 0, 1, &flag, NULL))
        return false;
    *ret = (int)flag;
    return true;
}

static bool parse_sort(parser *p, rg_node *node)
{
    return take_ints(p, "axis", 1, &node->attr.sort.axis, NULL) &&
           take_flag(p, "descending", &node->attr.sort.descending);
}

static bool parse_recurrence(parser *p, rg_node *node)
{
    return take_ints(p, "axis", 1, &node->attr.recurrence.axis, NULL) &&
           take_flag(p, "reverse", &node->attr.recurrence.reverse);
}

bool parse_attribute(parser *p, rg_node *node)
{
    static bool (*const rules[RG_OPS])(parser *, rg_node *) = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, batch, reference, kernel, doc) \
    [RG_OP_##name] = parse_##attribute,
#include "engine/ir/ops.def"
    };
    return rules[node->op](p, node);
}
