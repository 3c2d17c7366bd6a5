/* fuse.c - element-wise nodes and reductions of rows that run as one loop, and the results of one
 * `loop`.
 *
 * Two nodes may share a loop when one reads the other at the same index and no path between
 * them leaves the loop and comes back.  What is read through a barrier is another loop's: a copy
 * made for the backward pass (ir/remat.c) must not move into the forward one.  Groups grow along
 * the edges of the graph, in order of ids; a broadcast that only loops read is not stored, its
 * readers compute the index (rg_expand).
 *
 * Sums and maxima of rows join the loops of their operands and of their readers, also of those
 * that read the result spread along the rows again, if all agree on the rows (rows.c): so softmax
 * and layer norm are one loop. */
#include "engine/plan/layout.h"

#include "engine/ir/loop.h"

/* More than this in one loop, and its registers leave the first-level cache. */
#define GROUP_MAX 160

/* ---- Broadcasts as patterns.  The axes that x really has must be neighbours in the result. */
static bool pattern_of(const rg_node *x, const rg_node *y, rg_expand *ret)
{
    int new_axes = y->shape.rank - x->shape.rank, first = -1, last = -1;
    for (int i = 0; i < y->shape.rank; i++) {
        bool own = i >= new_axes && x->shape.dim[i - new_axes] != 1;
        if (own && first < 0)
            first = i;
        last = own ? i : last;
    }
    ret->inner = ret->count = 1;
    for (int i = 0; i < y->shape.rank; i++) {
        bool within = first >= 0 && i >= first && i <= last;
        if (within && (i < new_axes || x->shape.dim[i - new_axes] != y->shape.dim[i]))
            return false;
        if (within)
            ret->count *= y->shape.dim[i];
        else if (i > last && first >= 0)
            ret->inner *= y->shape.dim[i];
    }
    return ret->inner > 0 && ret->count > 0;
}

static void find_patterns(rg_layout *l)
{
    for (uint32_t id = 1; id <= l->count; id++) {
        const rg_node *node = rg_node_of(l->graph, id);
        rg_expand pattern = {0};
        if (!l->live[id] || node->op != RG_OP_broadcast || rg_layout_is_result(l, id) ||
            !pattern_of(rg_operand(l->graph, node, 0), node, &pattern))
            continue;
        bool only_loops = true;
        for (uint32_t i = l->user_at[id]; i < l->user_at[id + 1]; i++)
            only_loops &= rg_ops[rg_node_of(l->graph, l->user[i])->op].kind == RG_KIND_element;
        if (!only_loops)
            continue;
        pattern.source = l->root[node->in[0]];
        l->expand[id] = pattern;
    }
}

/* ---- Groups: a forest of parents, each member linked to the next. */
typedef struct forest {
    rg_layout *l;
    uint32_t *parent, *next, *size; /* by id; next: ring of members */
    rg_rows *rows;                  /* by group */
    uint32_t *seen, stamp;          /* by id: marks of the search at hand */
    uint32_t at;                    /* the node that is looked at */
    RG_VEC(uint32_t) stack;
} forest;

static uint32_t find(forest *f, uint32_t id)
{
    while (f->parent[id] != id)
        id = f->parent[id] = f->parent[f->parent[id]];
    return id;
}

/* Nodes behind the one at hand stand alone yet, and lead on to such nodes only. */
static void visit(forest *f, uint32_t id)
{
    uint32_t group = find(f, id);
    if (id > f->at || f->seen[group] == f->stamp)
        return;
    f->seen[group] = f->stamp;
    rg_vec_push(&f->stack, group);
}

/* What a search for paths around two groups leaves out: edges into the group `skip` that stay in
 * one loop when its elements lie as `rows`. */
typedef struct detour {
    uint32_t skip;
    rg_rows rows;
} detour;

static int64_t elements_of(const rg_layout *l, uint32_t id)
{
    return rg_shape_count(rg_node_of(l->graph, id)->shape);
}

/* Visits the user of a member of the group, which reads through the pattern, if any.  A generator
 * reads its key as a whole. */
static void visit_user(forest *f, uint32_t user, const rg_expand *pattern, uint32_t group,
                       const detour *d)
{
    const rg_layout *l = f->l;
    uint32_t its = find(f, user);
    bool whole = rg_ops[rg_node_of(l->graph, user)->op].kind == RG_KIND_generate;
    bool stays = !whole && (!pattern || rg_rows_along(d->rows, pattern, elements_of(l, user)));
    if (its != group && (its != d->skip || !stays))
        visit(f, user);
}

static void visit_users(forest *f, uint32_t group, const detour *d)
{
    const rg_layout *l = f->l;
    uint32_t member = group;
    do {
        for (uint32_t i = l->user_at[member]; i < l->user_at[member + 1]; i++) {
            uint32_t user = l->user[i];
            const rg_expand *pattern = &l->expand[user];
            if (!pattern->source) {
                visit_user(f, user, NULL, group, d);
                continue;
            }
            for (uint32_t k = l->user_at[user]; k < l->user_at[user + 1]; k++)
                visit_user(f, l->user[k], pattern, group, d);
        }
        member = f->next[member];
    } while (member != group);
}

/* Does a path lead from group a to group b through a third, or along an edge that cannot stay in
 * one loop? */
static bool path_around(forest *f, uint32_t a, uint32_t b, rg_rows rows)
{
    const detour direct = {b, rows}, none = {.skip = RG_NONE};
    f->stamp++;
    f->stack.len = 0;
    visit_users(f, a, &direct);
    while (f->stack.len > 0) {
        uint32_t group = f->stack.at[--f->stack.len];
        if (group == b)
            return true;
        visit_users(f, group, &none);
    }
    return false;
}

static void unite(forest *f, uint32_t a, uint32_t b)
{
    f->parent[b] = a;
    f->size[a] += f->size[b];
    uint32_t next = f->next[a];
    f->next[a] = f->next[b];
    f->next[b] = next;
}

/* Node `to` of group b reads a member of group a, through the pattern, if any. */
static void join(forest *f, uint32_t a, uint32_t to, const rg_expand *pattern)
{
    uint32_t b = find(f, to);
    rg_rows rows;
    if (a == b || f->size[a] + f->size[b] > GROUP_MAX ||
        !rg_rows_agree(f->rows[a], f->rows[b], &rows) ||
        (pattern && !rg_rows_along(rows, pattern, elements_of(f->l, to))) ||
        path_around(f, a, b, rows))
        return;
    unite(f, a, b);
    f->rows[a] = rows;
}

/* Live siblings of a loop are one step: they have the same operands, so nothing leads from one
 * to another. */
static void unite_siblings(forest *f, uint32_t id)
{
    const rg_node *node = rg_node_of(f->l->graph, id);
    if (node->op != RG_OP_loop)
        return;
    for (uint32_t other = id - node->attr.loop.result; other < id; other++)
        if (f->l->live[other]) {
            unite(f, find(f, other), id);
            return;
        }
}

/* Does the operand come through a barrier? */
static bool apart(const rg_layout *l, uint32_t id)
{
    const rg_node *node = rg_node_of(l->graph, id);
    while (rg_ops[node->op].kind == RG_KIND_view && node->op != RG_OP_barrier)
        node = rg_operand(l->graph, node, 0);
    return node->op == RG_OP_barrier;
}

/* May it share a loop? */
static bool fits(const forest *f, uint32_t id)
{
    return rg_layout_computed(f->l, id) &&
           (rg_layout_element(f->l, id) || rg_rows_of(f->l->graph, id).len);
}

static void grow(forest *f, uint32_t id)
{
    const rg_layout *l = f->l;
    const rg_node *node = rg_node_of(l->graph, id);
    if (rg_ops[node->op].kind == RG_KIND_generate)
        return; /* reads its key as a whole */
    f->at = id;
    for (uint32_t i = 0; i < node->n_in; i++) {
        uint32_t read = node->in[i], root = l->root[read];
        const rg_expand *pattern = l->expand[root].source ? &l->expand[root] : NULL;
        uint32_t source = pattern ? pattern->source : root;
        bool barred =
            apart(l, read) || (pattern && apart(l, rg_node_of(l->graph, root)->in[0]));
        if (!barred && fits(f, source))
            join(f, find(f, source), id, pattern);
    }
}

void rg_layout_fuse(rg_layout *l)
{
    forest f = {.l = l,
                .parent = RG_NEW_ARRAY(uint32_t, l->count + 1),
                .next = RG_NEW_ARRAY(uint32_t, l->count + 1),
                .size = RG_NEW_ARRAY(uint32_t, l->count + 1),
                .rows = RG_ARENA_ARRAY(l->arena, rg_rows, l->count + 1),
                .seen = RG_NEW_ARRAY(uint32_t, l->count + 1)};
    l->group = RG_ARENA_ARRAY(l->arena, uint32_t, l->count + 1);
    for (uint32_t id = 1; id <= l->count; id++) {
        f.parent[id] = f.next[id] = id;
        f.size[id] = 1;
        f.rows[id] = rg_rows_of(l->graph, id);
    }
    if (l->fuse)
        find_patterns(l);
    for (uint32_t id = 1; l->fuse && id <= l->count; id++)
        if (rg_layout_computed(l, id))
            unite_siblings(&f, id);
    for (uint32_t id = 1; l->fuse && id <= l->count; id++)
        if (fits(&f, id))
            grow(&f, id);
    for (uint32_t id = 1; id <= l->count; id++)
        l->group[id] = rg_layout_computed(l, id) ? find(&f, id) : 0;
    l->rows = f.rows;
    rg_free(f.parent);
    rg_free(f.next);
    rg_free(f.size);
    rg_free(f.seen);
    rg_vec_free(&f.stack);
}
