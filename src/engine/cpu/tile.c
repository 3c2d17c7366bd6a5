/* tile.c - loops: a small program run over tiles of 512 elements, or of whole rows.
 *
 * Each instruction is one vectorised loop over a tile.  Operands are memory (read or written
 * at the tile's place), registers (a tile's worth of scratch, which stays in the first-level
 * cache), or constants spread over a tile when the plan was made.  A group of forty
 * operations so passes over memory once.
 *
 * In loops with reductions a tile is some rows, about 2,048 elements: sums and maxima of the rows
 * are computed from the tile, and values spread along the rows are patterns whose source is the
 * tile's own row values.  So softmax reads and writes memory once.
 *
 * Where the machine allows, emit.c turns runs of instructions into machine code whose values
 * stay in vector registers; a group that is one such piece runs over all elements at once. */
#include "engine/cpu/emit.h"
#include "engine/cpu/reduce.h"

#include <string.h>

#define UNIT (64 * (int64_t)RG_TILE) /* elements of a piece for one thread */
_Static_assert(RG_ROW_MAX <= RG_FOLD_CHUNK, "a row is folded as one chunk");

typedef struct tile_kernel {
    rg_kernel base;
    const rg_loops *loops;
    const rg_machine_code *code;
    int64_t n[RG_LEVELS], tile[RG_LEVELS]; /* elements: all, and those of a tile */
    int64_t tiles, unit;                   /* all, and those of a thread's piece */
    int64_t len;                           /* of a row */
    rg_tile_operand *operand;
    uint32_t operands;
    rg_instruction *once, *each; /* before the tiles; for each tile */
    uint32_t onces, eaches;
    size_t spill; /* where machine code finds its scratch */
    size_t emitted;
} tile_kernel;

/* ---- Running. */
/* Elements [start, start + n): each key has i->count of them.  The loop starts at even ones of a
 * key only; a tile that starts at an odd one takes the second word of its first block. */
static void perform_random(const tile_kernel *k, const rg_instruction *i, uint32_t *out,
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

/* On the tiles [first, first + tiles). */
static void perform(const tile_kernel *k, const rg_instruction *i, char *const *at,
                    char *scratch, int64_t first, int64_t tiles)
{
    int64_t start = first * k->tile[i->level], n = tiles * k->tile[i->level];
    n = n < k->n[i->level] - start ? n : k->n[i->level] - start;
    switch (i->what) {
    case RG_LOOP: i->loop(at[i->out], at[i->in[0]], at[i->in[1]], at[i->in[2]], n); break;
    case RG_EXPAND:
        k->loops->expand(at[i->out], at[i->in[0]], k->operand[i->out].bytes, start, n, i->inner,
                         i->count);
        break;
    case RG_RANDOM:
        perform_random(k, i, (uint32_t *)(void *)at[i->out],
                       (const uint32_t *)(const void *)at[i->in[0]], start, n);
        break;
    case RG_FOLD:
        rg_fold_rows(k->loops, i->op, i->to, at[i->in[0]], n, k->len, at[i->out]);
        break;
    case RG_CODE:
        ((rg_entry)(void *)(k->code->page + i->entry))(at, n, scratch + k->spill, start);
        break;
    }
}

/* One piece of machine code for all of it. */
static bool is_whole(const tile_kernel *k)
{
    return k->eaches == 1 && k->each[0].what == RG_CODE;
}

static void find_operands(const tile_kernel *k, const rg_frame *frame, int64_t first, char **at)
{
    for (uint32_t o = 0; o < k->operands; o++) {
        const rg_tile_operand *from = &k->operand[o];
        if (from->slot != RG_NONE)
            at[o] = frame->slot[from->slot] + first * k->tile[from->level] * from->bytes;
        else if (from->fixed)
            at[o] = (char *)(uintptr_t)from->fixed;
        else
            at[o] = frame->scratch + from->offset;
    }
}

static void next_tile(const tile_kernel *k, char **at)
{
    for (uint32_t o = 0; o < k->operands; o++)
        if (k->operand[o].slot != RG_NONE)
            at[o] += k->tile[k->operand[o].level] * k->operand[o].bytes;
}

static bool run_tile(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const tile_kernel *k = (const tile_kernel *)base;
    (void)err;
    int64_t from = frame->from * k->unit, to = frame->to * k->unit;
    to = to < k->tiles ? to : k->tiles;
    if (from >= to)
        return true;
    char **at = (char **)(void *)frame->scratch;
    find_operands(k, frame, from, at);
    for (uint32_t i = 0; i < k->onces; i++)
        perform(k, &k->once[i], at, frame->scratch, 0, 1);
    int64_t step = is_whole(k) ? to - from : 1;
    for (int64_t tile = from; tile < to; tile += step, next_tile(k, at))
        for (uint32_t i = 0; i < k->eaches; i++)
            perform(k, &k->each[i], at, frame->scratch, tile, step);
    return true;
}

void rg_tile_counts(const rg_kernel *kernel, rg_tile_count *ret)
{
    const tile_kernel *k = (const tile_kernel *)kernel;
    if (kernel->run != run_tile)
        return;
    ret->emitted += k->emitted;
    ret->whole += is_whole(k);
    for (uint32_t i = 0; i < k->eaches; i++) {
        ret->codes += k->each[i].what == RG_CODE;
        ret->folds += k->each[i].what == RG_FOLD;
        if (k->each[i].what == RG_LOOP)
            ret->left[k->each[i].op]++;
    }
}

/* ---- Making. */
typedef struct maker {
    rg_lowering *lowering;
    const rg_layout *layout;
    const rg_step *step;
    rg_tile tile;
    struct known {
        uint32_t id, operand;
    } * known; /* operands made so far */
    size_t n_known;
    uint32_t *operand_of; /* by position in the step: its result's operand */
} maker;

static size_t type_bytes(const maker *m, uint32_t id)
{
    return rg_dtype_bytes(rg_node_of(m->layout->graph, id)->dtype);
}

static uint32_t new_operand(maker *m, rg_tile_operand o)
{
    rg_vec_push(&m->tile.operand, o);
    return (uint32_t)m->tile.operand.len - 1;
}

/* One element a row?  Rows have at least two (plan/rows.c). */
static rg_level level_of(const maker *m, uint32_t id)
{
    const rg_rows *rows = &m->step->rows;
    int64_t count = rg_shape_count(rg_node_of(m->layout->graph, id)->shape);
    return rows->len && count == rows->rows ? RG_ROW : RG_FULL;
}

static uint32_t memory_operand(maker *m, uint32_t slot, size_t bytes, rg_level level)
{
    for (size_t i = 0; i < m->tile.operand.len; i++)
        if (m->tile.operand.at[i].slot == slot && m->tile.operand.at[i].bytes == bytes)
            return (uint32_t)i;
    return new_operand(
        m, (rg_tile_operand){
               .slot = slot, .bytes = (uint32_t)bytes, .scalar = RG_NONE, .level = level});
}

static uint32_t register_operand(maker *m, size_t bytes, rg_level level)
{
    return new_operand(
        m, (rg_tile_operand){
               .slot = RG_NONE, .bytes = (uint32_t)bytes, .scalar = RG_NONE, .level = level});
}

/* A constant, spread over a tile for good. */
static uint32_t constant_operand(maker *m, const void *value, size_t bytes, rg_level level)
{
    size_t n = (size_t)m->tile.tile[level];
    char *tile = rg_arena_alloc(m->lowering->arena, n * bytes);
    for (size_t i = 0; i < n; i++)
        memcpy(tile + i * bytes, value, bytes);
    return new_operand(m, (rg_tile_operand){RG_NONE, (uint32_t)bytes, 0, tile,
                                            (uint32_t)m->tile.operand.len, level});
}

/* Read from other memory, which does not move with the tiles: the pattern itself finds the place. */
static uint32_t expanded(maker *m, uint32_t source, rg_expand pattern, rg_level level)
{
    const rg_node *node = rg_node_of(m->layout->graph, source);
    size_t bytes = rg_dtype_bytes(node->dtype);
    uint32_t slot = rg_lower_slot(m->lowering, source);
    if (node->op == RG_OP_const)
        return constant_operand(m, m->layout->slot[slot].fixed, bytes, level);
    rg_instruction i = {.what = RG_EXPAND,
                        .level = level,
                        .n_in = 1,
                        .inner = pattern.inner,
                        .count = pattern.count};
    i.in[0] = new_operand(m, (rg_tile_operand){.slot = slot, .bytes = 0, .scalar = RG_NONE});
    i.out = register_operand(m, bytes, level);
    if (pattern.count == 1) {
        m->tile.operand.at[i.out].scalar = i.in[0];
        rg_vec_push(&m->tile.once, i);
    } else {
        rg_vec_push(&m->tile.each, i);
    }
    return i.out;
}

/* The loop's own value of each row along the row: tiles begin with the first of theirs, which is
 * where the pattern begins again. */
static uint32_t spread(maker *m, uint32_t source)
{
    rg_instruction i = {.what = RG_EXPAND,
                        .level = RG_FULL,
                        .n_in = 1,
                        .in = {m->operand_of[m->layout->place_of[source]]},
                        .inner = m->step->rows.len,
                        .count = m->tile.tile[RG_ROW]};
    i.out = register_operand(m, type_bytes(m, source), RG_FULL);
    rg_vec_push(&m->tile.each, i);
    return i.out;
}

static bool is_own(const maker *m, uint32_t root)
{
    const rg_layout *l = m->layout;
    return l->group[root] && l->group[root] == l->group[m->step->node[0]];
}

static uint32_t remembered(maker *m, uint32_t id, uint32_t made)
{
    m->known[m->n_known++] = (struct known){id, made};
    return made;
}

/* The operand through which the group reads value `id` at its own index. */
static uint32_t read_operand(maker *m, uint32_t id)
{
    const rg_layout *l = m->layout;
    uint32_t root = l->root[id], source = l->expand[root].source;
    if (is_own(m, root))
        return m->operand_of[l->place_of[root]];
    for (size_t i = 0; i < m->n_known; i++)
        if (m->known[i].id == root)
            return m->known[i].operand;
    if (source)
        return remembered(m, root,
                          is_own(m, source)
                              ? spread(m, source)
                              : expanded(m, source, l->expand[root], level_of(m, root)));
    return memory_operand(m, rg_lower_slot(m->lowering, root), type_bytes(m, root),
                          level_of(m, root));
}

/* iota: a table of one period, read through a pattern. */
static void make_iota(maker *m, const rg_node *node, uint32_t out)
{
    rg_instruction i = {.what = RG_EXPAND, .n_in = 1, .out = out, .inner = 1, .count = 1};
    i.level = m->tile.operand.at[out].level;
    i.count = node->shape.dim[node->attr.axis];
    for (int axis = node->attr.axis + 1; axis < node->shape.rank; axis++)
        i.inner *= node->shape.dim[axis];
    size_t bytes = rg_dtype_bytes(node->dtype);
    char *table = rg_arena_alloc(m->lowering->arena, (size_t)i.count * bytes + 1);
    for (int64_t v = 0; v < i.count; v++)
        rg_dtype_store(node->dtype, table, (size_t)v, (double)v);
    i.in[0] =
        new_operand(m, (rg_tile_operand){.slot = RG_NONE, .fixed = table, .scalar = RG_NONE});
    rg_vec_push(&m->tile.each, i);
}

static void make_random(maker *m, const rg_node *node, uint32_t out)
{
    uint32_t slot = rg_lower_slot(m->lowering, rg_layout_source(m->layout, node->in[0]));
    int64_t keys = rg_shape_count(rg_operand(m->layout->graph, node, 0)->shape) / 2;
    rg_instruction i = {.what = RG_RANDOM, .n_in = 1, .out = out, .site = node->attr.site};
    i.level = m->tile.operand.at[out].level;
    i.count = keys ? rg_shape_count(node->shape) / keys : 0;
    i.in[0] = new_operand(m, (rg_tile_operand){.slot = slot, .bytes = 0, .scalar = RG_NONE});
    rg_vec_push(&m->tile.each, i);
}

static void make_loop(maker *m, const rg_node *node, const uint32_t *in, uint32_t out)
{
    const rg_node *last = rg_operand(m->layout->graph, node, node->n_in - 1);
    rg_instruction i = {.what = RG_LOOP,
                        .level = m->tile.operand.at[out].level,
                        .n_in = node->n_in,
                        .out = out,
                        .in = {in[0], in[1], in[2]},
                        .op = node->op,
                        .from = last->dtype,
                        .to = node->dtype};
    i.loop = node->op == RG_OP_cast ? m->lowering->loops->cast[last->dtype][node->dtype]
                                    : m->lowering->loops->element[node->op][last->dtype];
    if (!i.loop)
        RG_BUG("%s has no loop for %s", rg_ops[node->op].name, rg_dtype_name(last->dtype));
    rg_vec_push(&m->tile.each, i);
}

static void make_fold(maker *m, const rg_node *node, uint32_t x, uint32_t out)
{
    rg_instruction i = {.what = RG_FOLD,
                        .level = RG_ROW,
                        .n_in = 1,
                        .in = {x},
                        .out = out,
                        .op = node->op,
                        .from = node->dtype,
                        .to = node->dtype};
    rg_vec_push(&m->tile.each, i);
}

static void make_node(maker *m, uint32_t position)
{
    uint32_t id = m->step->node[position], in[3] = {0, 0, 0};
    const rg_node *node = rg_node_of(m->layout->graph, id);
    rg_op_kind kind = rg_ops[node->op].kind;
    for (uint32_t i = 0; kind != RG_KIND_generate && i < node->n_in; i++)
        in[i] = read_operand(m, node->in[i]);
    uint32_t slot = m->layout->slot_of[id];
    rg_level level = level_of(m, id);
    uint32_t out = slot != RG_NONE ? memory_operand(m, slot, type_bytes(m, id), level)
                                   : register_operand(m, type_bytes(m, id), level);
    m->operand_of[position] = out;
    if (node->op == RG_OP_iota)
        make_iota(m, node, out);
    else if (node->op == RG_OP_random_bits)
        make_random(m, node, out);
    else if (kind == RG_KIND_step)
        make_fold(m, node, in[0], out);
    else
        make_loop(m, node, in, out);
}

/* ---- From the program to the kernel. */
static void *kept(maker *m, const void *from, size_t bytes)
{
    void *copy = rg_arena_alloc(m->lowering->arena, bytes);
    if (bytes)
        memcpy(copy, from, bytes);
    return copy;
}

/* Scratch holds the operands' places, then what machine code spills, then the registers. */
static void finish(maker *m, tile_kernel *k)
{
    rg_tile *t = &m->tile;
    size_t registers = rg_tile_place(t);
    k->spill = (sizeof(char *) * t->operand.len + 63) / 64 * 64;
    for (size_t o = 0; o < t->operand.len; o++)
        t->operand.at[o].offset += k->spill + t->spill;
    k->operands = (uint32_t)t->operand.len;
    k->operand = kept(m, t->operand.at, sizeof(rg_tile_operand) * t->operand.len);
    k->onces = (uint32_t)t->once.len;
    k->once = kept(m, t->once.at, sizeof(rg_instruction) * t->once.len);
    k->eaches = (uint32_t)t->each.len;
    k->each = kept(m, t->each.at, sizeof(rg_instruction) * t->each.len);
    k->base.scratch = k->spill + t->spill + registers;
}

/* Rows of a tile: sixteen at a time where they are short enough (rg_fold_rows folds so many side by
 * side). */
static int64_t rows_of_tile(rg_rows rows)
{
    int64_t n = RG_ROW_TILE / rows.len;
    if (n >= RG_FOLD_LANES)
        n -= n % RG_FOLD_LANES;
    n = n < 1 ? 1 : n;
    return n < rows.rows ? n : rows.rows;
}

/* Cuts the elements into tiles, and these into pieces for threads, by the shapes alone. */
static void cut(tile_kernel *k, rg_tile *tile, rg_rows rows)
{
    k->len = rows.len;
    k->n[RG_FULL] = rows.rows * (rows.len ? rows.len : 1);
    k->n[RG_ROW] = rows.len ? rows.rows : 0;
    tile->tile[RG_FULL] = RG_TILE;
    if (rows.len) {
        tile->tile[RG_ROW] = rows_of_tile(rows);
        tile->tile[RG_FULL] = tile->tile[RG_ROW] * rows.len;
    }
    memcpy(k->tile, tile->tile, sizeof(k->tile));
    k->tiles = (k->n[RG_FULL] + k->tile[RG_FULL] - 1) / k->tile[RG_FULL];
    k->unit = UNIT / k->tile[RG_FULL];
    k->base.units = (k->tiles + k->unit - 1) / k->unit;
}

rg_kernel *rg_lower_element(rg_lowering *lowering, const rg_step *step)
{
    maker m = {.lowering = lowering, .layout = lowering->layout, .step = step};
    tile_kernel *k = RG_KERNEL_NEW(lowering, tile_kernel, run_tile);
    k->loops = lowering->loops;
    k->code = lowering->code;
    cut(k, &m.tile, step->rows);
    m.known = RG_NEW_ARRAY(struct known, 3 * (size_t)step->n);
    m.operand_of = RG_NEW_ARRAY(uint32_t, step->n);
    for (uint32_t position = 0; position < step->n; position++)
        make_node(&m, position);
    if (lowering->code)
        rg_emit(lowering->code, lowering->arena, &m.tile, &k->emitted);
    finish(&m, k);
    rg_free(m.known);
    rg_free(m.operand_of);
    rg_vec_free(&m.tile.operand);
    rg_vec_free(&m.tile.once);
    rg_vec_free(&m.tile.each);
    return &k->base;
}
