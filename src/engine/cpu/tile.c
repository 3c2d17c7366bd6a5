/* tile.c - element-wise groups: a small program run over tiles of 512 elements.
 *
 * Each instruction is one vectorised loop over a tile.  Operands are memory (read or written at
 * the tile's place), registers (a tile's worth of scratch, which stays in the first-level
 * cache), or constants spread over a tile when the plan was made.  A group of forty operations
 * so passes over memory once. */
#include "engine/cpu/program.h"

#include <string.h>

#define TILE 512
#define UNIT (64 * TILE) /* elements of a piece for one thread */

typedef struct operand {
    uint32_t slot;     /* memory, or RG_NONE */
    uint32_t bytes;    /* of an element */
    size_t offset;     /* of a register in scratch */
    const void *fixed; /* a constant tile */
} operand;

typedef enum action { LOOP, EXPAND, RANDOM } action;

typedef struct instruction {
    action what;
    uint32_t out, in[3]; /* operands */
    rg_loop loop;
    uint32_t site;        /* RANDOM */
    int64_t inner, count; /* EXPAND; RANDOM: count elements a key */
} instruction;

typedef struct tile_kernel {
    rg_kernel base;
    const rg_loops *loops;
    int64_t n;
    operand *operand;
    uint32_t operands;
    instruction *once, *each; /* before the tiles; for each tile */
    uint32_t onces, eaches;
} tile_kernel;

/* ---- Running. */
/* Elements [start, start + n): each key has i->count of them.  The loop starts at even ones of a
 * key only; a tile that starts at an odd one takes the second word of its first block. */
static void perform_random(const tile_kernel *k, const instruction *i, uint32_t *out,
                           const uint32_t *key, int64_t start, int64_t n)
{
    while (n > 0) {
        int64_t at = start % i->count, run = i->count - at < n ? i->count - at : n;
        const uint32_t *own = key + 2 * (start / i->count);
        uint32_t block[2];
        if (at % 2) {
            k->loops->random_bits(block, own, i->site, at - 1, 2);
            out[0] = block[1];
            run = 1;
        } else {
            k->loops->random_bits(out, own, i->site, at, run);
        }
        out += run;
        start += run;
        n -= run;
    }
}

static void perform(const tile_kernel *k, const instruction *i, char *const *at, int64_t start,
                    int64_t n)
{
    switch (i->what) {
    case LOOP: i->loop(at[i->out], at[i->in[0]], at[i->in[1]], at[i->in[2]], n); break;
    case EXPAND:
        k->loops->expand(at[i->out], at[i->in[0]], k->operand[i->out].bytes, start, n, i->inner,
                         i->count);
        break;
    case RANDOM:
        perform_random(k, i, (uint32_t *)(void *)at[i->out],
                       (const uint32_t *)(const void *)at[i->in[0]], start, n);
        break;
    }
}

static bool run_tile(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const tile_kernel *k = (const tile_kernel *)base;
    (void)err;
    char **at = (char **)(void *)frame->scratch;
    for (uint32_t o = 0; o < k->operands; o++) {
        const operand *from = &k->operand[o];
        at[o] = from->slot != RG_NONE ? frame->slot[from->slot]
                : from->fixed         ? (char *)(uintptr_t)from->fixed
                                      : frame->scratch + from->offset;
    }
    int64_t from = frame->from * UNIT, to = frame->to * UNIT < k->n ? frame->to * UNIT : k->n;
    if (from >= to)
        return true;
    int64_t first = k->n < TILE ? k->n : TILE;
    for (uint32_t i = 0; i < k->onces; i++)
        perform(k, &k->once[i], at, 0, first);
    for (uint32_t o = 0; o < k->operands; o++)
        at[o] += k->operand[o].slot != RG_NONE ? from * k->operand[o].bytes : 0;
    for (int64_t start = from; start < to; start += TILE) {
        int64_t n = to - start < TILE ? to - start : TILE;
        for (uint32_t i = 0; i < k->eaches; i++)
            perform(k, &k->each[i], at, start, n);
        for (uint32_t o = 0; o < k->operands; o++)
            at[o] += k->operand[o].slot != RG_NONE ? TILE * k->operand[o].bytes : 0;
    }
    return true;
}

/* ---- Making. */
typedef struct maker {
    rg_lowering *lowering;
    const rg_layout *layout;
    const rg_step *step;
    tile_kernel *k;
    RG_VEC(operand) operand;
    RG_VEC(instruction) once, each;
    struct known {
        uint32_t id, operand;
        bool whole;
    } * known; /* operands made so far */
    size_t n_known;
    RG_VEC(struct spare {
        size_t offset;
        uint32_t bytes;
    })
    spare;                /* registers free again */
    size_t registers;     /* bytes in use */
    uint32_t *operand_of; /* by position in the step: its result's operand */
    uint32_t *last_use;   /* by position: the last position that reads it */
} maker;

static size_t type_bytes(const maker *m, uint32_t id)
{
    return rg_dtype_bytes(rg_node_of(m->layout->graph, id)->dtype);
}

static uint32_t new_operand(maker *m, operand o)
{
    rg_vec_push(&m->operand, o);
    return (uint32_t)m->operand.len - 1;
}

static uint32_t memory_operand(maker *m, uint32_t slot, size_t bytes)
{
    for (size_t i = 0; i < m->operand.len; i++)
        if (m->operand.at[i].slot == slot && m->operand.at[i].bytes == bytes)
            return (uint32_t)i;
    return new_operand(m, (operand){.slot = slot, .bytes = (uint32_t)bytes});
}

static uint32_t fresh_register(maker *m, size_t bytes)
{
    size_t offset = m->registers;
    m->registers += (TILE * bytes + 63) / 64 * 64;
    return new_operand(m, (operand){RG_NONE, (uint32_t)bytes, offset, NULL});
}

static uint32_t register_operand(maker *m, size_t bytes)
{
    for (size_t i = 0; i < m->spare.len; i++) {
        struct spare s = m->spare.at[i];
        if (s.bytes != bytes)
            continue;
        m->spare.at[i] = m->spare.at[--m->spare.len];
        return new_operand(m, (operand){RG_NONE, s.bytes, s.offset, NULL});
    }
    return fresh_register(m, bytes);
}

/* A constant, spread over a tile for good. */
static uint32_t constant_operand(maker *m, const void *value, size_t bytes)
{
    char *tile = rg_arena_alloc(m->lowering->arena, TILE * bytes);
    for (size_t i = 0; i < TILE; i++)
        memcpy(tile + i * bytes, value, bytes);
    return new_operand(m, (operand){RG_NONE, (uint32_t)bytes, 0, tile});
}

static uint32_t expanded(maker *m, uint32_t source, rg_expand pattern)
{
    const rg_node *node = rg_node_of(m->layout->graph, source);
    size_t bytes = rg_dtype_bytes(node->dtype);
    uint32_t slot = rg_lower_slot(m->lowering, source);
    if (node->op == RG_OP_const)
        return constant_operand(m, m->layout->slot[slot].fixed, bytes);
    instruction i = {.what = EXPAND, .inner = pattern.inner, .count = pattern.count};
    /* Memory that does not move with the tiles: the pattern itself finds the place. */
    i.in[0] = new_operand(m, (operand){.slot = slot, .bytes = 0});
    /* What is spread once must outlive all tiles: a register that was never another's. */
    bool scalar = pattern.count == 1;
    i.out = scalar ? fresh_register(m, bytes) : register_operand(m, bytes);
    if (scalar)
        rg_vec_push(&m->once, i);
    else
        rg_vec_push(&m->each, i);
    return i.out;
}

static uint32_t remembered(maker *m, uint32_t id, uint32_t made)
{
    m->known[m->n_known++] = (struct known){id, made, false};
    return made;
}

/* The operand through which the group reads value `id` at its own index. */
static uint32_t read_operand(maker *m, uint32_t id)
{
    const rg_layout *l = m->layout;
    uint32_t root = l->root[id];
    if (l->group[root] && l->group[root] == l->group[m->step->node[0]])
        return m->operand_of[l->place_of[root]];
    for (size_t i = 0; i < m->n_known; i++)
        if (m->known[i].id == root)
            return m->known[i].operand;
    if (l->expand[root].source)
        return remembered(m, root, expanded(m, l->expand[root].source, l->expand[root]));
    return memory_operand(m, rg_lower_slot(m->lowering, root), type_bytes(m, root));
}

/* iota: a table of one period, read through a pattern. */
static void make_iota(maker *m, const rg_node *node, uint32_t out)
{
    instruction i = {.what = EXPAND, .out = out, .inner = 1, .count = 1};
    i.count = node->shape.dim[node->attr.axis];
    for (int axis = node->attr.axis + 1; axis < node->shape.rank; axis++)
        i.inner *= node->shape.dim[axis];
    size_t bytes = rg_dtype_bytes(node->dtype);
    char *table = rg_arena_alloc(m->lowering->arena, (size_t)i.count * bytes + 1);
    for (int64_t v = 0; v < i.count; v++) {
        float f32 = (float)v;
        double f64 = (double)v;
        uint32_t whole = (uint32_t)v;
        const void *from = node->dtype == RG_F32   ? (const void *)&f32
                           : node->dtype == RG_F64 ? (const void *)&f64
                                                   : (const void *)&whole;
        memcpy(table + (size_t)v * bytes, from, bytes);
    }
    i.in[0] = new_operand(m, (operand){RG_NONE, 0, 0, table});
    rg_vec_push(&m->each, i);
}

static void make_random(maker *m, const rg_node *node, uint32_t out)
{
    uint32_t slot = rg_lower_slot(m->lowering, rg_layout_source(m->layout, node->in[0]));
    int64_t keys = rg_shape_count(rg_operand(m->layout->graph, node, 0)->shape) / 2;
    instruction i = {.what = RANDOM, .out = out, .site = node->attr.site};
    i.count = keys ? rg_shape_count(node->shape) / keys : 0;
    i.in[0] = new_operand(m, (operand){.slot = slot, .bytes = 0});
    rg_vec_push(&m->each, i);
}

static void make_loop(maker *m, const rg_node *node, const uint32_t *in, uint32_t out)
{
    const rg_node *last = rg_operand(m->layout->graph, node, node->n_in - 1);
    instruction i = {.what = LOOP, .out = out, .in = {in[0], in[1], in[2]}};
    i.loop = node->op == RG_OP_cast ? m->lowering->loops->cast[last->dtype][node->dtype]
                                    : m->lowering->loops->element[node->op][last->dtype];
    if (!i.loop)
        RG_BUG("%s has no loop for %s", rg_ops[node->op].name, rg_dtype_name(last->dtype));
    rg_vec_push(&m->each, i);
}

/* Registers whose value nobody reads after this position are free for its own result: a loop
 * may write over its operand. */
static void release(maker *m, const rg_node *node, uint32_t position)
{
    const rg_layout *l = m->layout;
    for (uint32_t i = 0; i < node->n_in; i++) {
        uint32_t root = l->root[node->in[i]];
        if (l->group[root] != l->group[m->step->node[0]] || !l->group[root])
            continue;
        uint32_t place = l->place_of[root];
        operand from = m->operand.at[m->operand_of[place]];
        if (from.slot != RG_NONE || m->last_use[place] != position)
            continue;
        m->last_use[place] = RG_NONE; /* once, though it may be read twice */
        rg_vec_push(&m->spare, ((struct spare){from.offset, from.bytes}));
    }
}

static void make_node(maker *m, uint32_t position)
{
    uint32_t id = m->step->node[position], in[3] = {0, 0, 0};
    const rg_node *node = rg_node_of(m->layout->graph, id);
    bool element = rg_ops[node->op].kind == RG_KIND_element;
    for (uint32_t i = 0; element && i < node->n_in; i++)
        in[i] = read_operand(m, node->in[i]);
    if (element)
        release(m, node, position);
    uint32_t slot = m->layout->slot_of[id];
    uint32_t out = slot != RG_NONE ? memory_operand(m, slot, type_bytes(m, id))
                                   : register_operand(m, type_bytes(m, id));
    m->operand_of[position] = out;
    if (node->op == RG_OP_iota)
        make_iota(m, node, out);
    else if (node->op == RG_OP_random_bits)
        make_random(m, node, out);
    else
        make_loop(m, node, in, out);
}

static void find_last_uses(maker *m)
{
    const rg_layout *l = m->layout;
    for (uint32_t position = 0; position < m->step->n; position++) {
        const rg_node *node = rg_node_of(l->graph, m->step->node[position]);
        for (uint32_t i = 0; i < node->n_in; i++) {
            uint32_t root = l->root[node->in[i]];
            if (l->group[root] && l->group[root] == l->group[m->step->node[0]])
                m->last_use[l->place_of[root]] = position;
        }
    }
}

static void *kept(maker *m, const void *from, size_t bytes)
{
    void *copy = rg_arena_alloc(m->lowering->arena, bytes);
    if (bytes)
        memcpy(copy, from, bytes);
    return copy;
}

static void finish(maker *m)
{
    tile_kernel *k = m->k;
    /* Scratch holds the operands' places, then the registers. */
    size_t table = (sizeof(char *) * m->operand.len + 63) / 64 * 64;
    for (size_t o = 0; o < m->operand.len; o++)
        m->operand.at[o].offset += table;
    k->operands = (uint32_t)m->operand.len;
    k->operand = kept(m, m->operand.at, sizeof(operand) * m->operand.len);
    k->onces = (uint32_t)m->once.len;
    k->once = kept(m, m->once.at, sizeof(instruction) * m->once.len);
    k->eaches = (uint32_t)m->each.len;
    k->each = kept(m, m->each.at, sizeof(instruction) * m->each.len);
    k->base.scratch = table + m->registers;
}

rg_kernel *rg_lower_element(rg_lowering *lowering, const rg_step *step)
{
    maker m = {.lowering = lowering, .layout = lowering->layout, .step = step};
    m.k = RG_KERNEL_NEW(lowering, tile_kernel, run_tile);
    m.k->loops = lowering->loops;
    m.k->n = rg_shape_count(rg_node_of(m.layout->graph, step->node[0])->shape);
    m.k->base.units = (m.k->n + UNIT - 1) / UNIT;
    m.known = RG_NEW_ARRAY(struct known, 3 * (size_t)step->n);
    m.operand_of = RG_NEW_ARRAY(uint32_t, step->n);
    m.last_use = RG_NEW_ARRAY(uint32_t, step->n);
    find_last_uses(&m);
    for (uint32_t position = 0; position < step->n; position++)
        make_node(&m, position);
    finish(&m);
    rg_free(m.known);
    rg_free(m.operand_of);
    rg_free(m.last_use);
    rg_vec_free(&m.operand);
    rg_vec_free(&m.once);
    rg_vec_free(&m.each);
    rg_vec_free(&m.spare);
    return &m.k->base;
}
