/* emit.c - runs of element-wise instructions as machine-code loops.
 *
 * A group's instructions are parted into segments: as much as the emitter knows, then what it
 * does not (exp and its like, random bits, some patterns), and so on; most groups are one
 * segment.  Each segment becomes a function
 *
 *     load places, spread scalars
 *     loop:  the operations on one vector of every operand     while a whole vector is left
 *     tail:  the same, its loads and stores masked             if elements are left
 *
 * (emit_loop.c).  A segment has one level: all elements of a tile, or one for each row.  A pattern is read where it lies if vectors never straddle its entries:
 * along the last axis (the bias of a layer) an index goes round, along leading axes (a row's
 * maximum) one entry at a time is spread.  No division happens in the loop. */
#include "engine/cpu/emit_loop.h"

#define LANES_MOST 16 /* in a vector */

typedef struct parting {
    rg_machine_code *code;
    rg_arena *arena;
    rg_tile *tile;
    const rg_instruction **pattern; /* by operand: what its readers do without */
    bool *placed;                   /* by instruction */
    int *piece;                     /* by instruction: the segment that has it; 0: none */
    int *born;                      /* by operand: the segment that writes it */
    RG_VEC(rg_instruction) done;
    RG_VEC(const rg_instruction *) list; /* the segment at hand */
    size_t emitted;
} parting;

static bool same_memory(const rg_tile *tile, uint32_t a, uint32_t b)
{
    return a == b || (tile->operand.at[a].slot != RG_NONE &&
                      tile->operand.at[a].slot == tile->operand.at[b].slot);
}

/* `later` reads or writes what `earlier` writes, or writes what it reads. */
static bool depends(const rg_tile *tile, const rg_instruction *later,
                    const rg_instruction *earlier)
{
    if (same_memory(tile, later->out, earlier->out))
        return true;
    for (uint32_t k = 0; k < later->n_in; k++)
        if (same_memory(tile, later->in[k], earlier->out))
            return true;
    for (uint32_t k = 0; k < earlier->n_in; k++)
        if (same_memory(tile, later->out, earlier->in[k]))
            return true;
    return false;
}

static bool is_ready(const parting *p, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (!p->placed[j] && depends(p->tile, &p->tile->each.at[i], &p->tile->each.at[j]))
            return false;
    return true;
}

/* A register is crossing when a segment reads what it does not write, or when another
 * instruction reads what it writes. */
static bool crosses(const parting *p, int piece, uint32_t o)
{
    const rg_tile_operand *operand = &p->tile->operand.at[o];
    if (operand->slot != RG_NONE || operand->scalar != RG_NONE || p->pattern[o])
        return false;
    if (p->born[o] != piece)
        return true;
    for (size_t i = 0; i < p->tile->each.len; i++)
        if (p->piece[i] != piece && rg_instruction_reads(&p->tile->each.at[i], o))
            return true;
    return false;
}

static void mark_operands(parting *p, int piece, rg_segment *s)
{
    for (uint32_t k = 0; k < s->n; k++)
        p->born[s->list[k]->out] = piece;
    for (uint32_t o = 0; o < p->tile->operand.len; o++)
        s->value[o] = (rg_segment_value){RG_NOWHERE, RG_NOWHERE, RG_NOWHERE, RG_NOWHERE,
                                         false,      false,      false};
    for (uint32_t k = 0; k < s->n; k++) {
        const rg_instruction *i = s->list[k];
        for (uint32_t n = 0; n < i->n_in; n++) {
            uint32_t o = i->in[n], source = p->pattern[o] ? p->pattern[o]->in[0] : o;
            s->value[source].crossing = crosses(p, piece, source);
        }
        s->value[i->out].crossing = crosses(p, piece, i->out);
    }
}

static bool has_wide(const parting *p)
{
    for (size_t k = 0; k < p->list.len; k++) {
        const rg_instruction *i = p->list.at[k];
        if (rg_dtype_bytes(i->from) == 8 || rg_dtype_bytes(i->to) == 8)
            return true;
    }
    return false;
}

static rg_instruction code_instruction(parting *p, const rg_segment *s, size_t entry)
{
    rg_instruction i = {.what = RG_CODE, .level = s->list[0]->level, .entry = entry};
    i.crossing = RG_ARENA_ARRAY(p->arena, uint32_t, p->tile->operand.len);
    for (uint32_t o = 0; o < p->tile->operand.len; o++)
        if (s->value[o].crossing)
            i.crossing[i.crossings++] = o;
    return i;
}

static void close_segment(parting *p, int piece)
{
    if (p->list.len == 0)
        return;
    rg_segment s = {.code = p->code,
                    .tile = p->tile,
                    .list = p->list.at,
                    .n = (uint32_t)p->list.len,
                    .pattern = p->pattern,
                    .lanes = rg_lanes_of(p->code, has_wide(p)),
                    .value = RG_NEW_ARRAY(rg_segment_value, p->tile->operand.len),
                    .first = p->code->evex ? RG_EMIT_TEMPS : RG_VEX_TAIL_MASK + 1,
                    .end = p->code->evex ? 32 : 16};
    mark_operands(p, piece, &s);
    size_t entry = p->code->byte.len;
    rg_segment_write(&s);
    rg_vec_push(&p->done, code_instruction(p, &s, entry));
    size_t spilled = RG_SPILL_BYTES * (size_t)(s.pieces + 1);
    p->tile->spill = spilled > p->tile->spill ? spilled : p->tile->spill;
    p->emitted += p->list.len;
    p->list.len = 0;
    rg_free(s.value);
}

/* ---- Patterns that are read where they lie. */
static bool fits_vectors(const rg_tile *tile, const rg_instruction *i)
{
    int64_t run = i->inner > 1 ? i->inner : i->count;
    return i->inner * i->count > 0 && run % LANES_MOST == 0 &&
           tile->tile[i->level] % LANES_MOST == 0 && i->inner <= INT32_MAX &&
           i->count <= INT32_MAX;
}

static bool only_known_readers(const parting *p, uint32_t o)
{
    for (size_t i = 0; i < p->tile->each.len; i++)
        if (rg_instruction_reads(&p->tile->each.at[i], o) &&
            !rg_emit_knows(p->code, &p->tile->each.at[i]))
            return false;
    return true;
}

static void choose_patterns(parting *p)
{
    const rg_instruction *taken[RG_CYCLES];
    size_t n = 0;
    for (size_t i = 0; i < p->tile->each.len; i++) {
        const rg_instruction *one = &p->tile->each.at[i];
        if (one->what != RG_EXPAND || p->tile->operand.at[one->out].slot != RG_NONE ||
            !fits_vectors(p->tile, one) || !only_known_readers(p, one->out))
            continue;
        size_t k = 0;
        while (k < n && (taken[k]->inner != one->inner || taken[k]->count != one->count))
            k++;
        if (k == RG_CYCLES)
            continue;
        taken[k] = one;
        n = k == n ? n + 1 : n;
        p->pattern[one->out] = one;
    }
}

static bool is_known(const parting *p, const rg_instruction *i)
{
    return i->what == RG_EXPAND ? p->pattern[i->out] == i : rg_emit_knows(p->code, i);
}

/* All that can run now, that the emitter does not know, or that it knows and that has the level of
 * the piece; returns how many. */
static size_t place_ready(parting *p, int piece, bool known, rg_level level)
{
    size_t n = 0;
    for (size_t i = 0; i < p->tile->each.len; i++) {
        const rg_instruction *one = &p->tile->each.at[i];
        if (p->placed[i] || is_known(p, one) != known || !is_ready(p, i) ||
            (known && one->level != level))
            continue;
        p->placed[i] = true;
        n++;
        if (!known)
            rg_vec_push(&p->done, *one);
        else if (one->what != RG_EXPAND) {
            p->piece[i] = piece;
            rg_vec_push(&p->list, one);
        }
    }
    return n;
}

void rg_emit(rg_machine_code *code, rg_arena *arena, rg_tile *tile, size_t *emitted)
{
    parting p = {.code = code,
                 .arena = arena,
                 .tile = tile,
                 .pattern = RG_NEW_ARRAY(const rg_instruction *, tile->operand.len),
                 .placed = RG_NEW_ARRAY(bool, tile->each.len),
                 .piece = RG_NEW_ARRAY(int, tile->each.len),
                 .born = RG_NEW_ARRAY(int, tile->operand.len)};
    int piece = 1;
    choose_patterns(&p);
    for (size_t placed = 0; placed < tile->each.len; piece++) {
        placed += place_ready(&p, 0, false, RG_FULL);
        placed += place_ready(&p, piece, true, piece % RG_LEVELS ? RG_ROW : RG_FULL);
        close_segment(&p, piece);
    }
    *emitted = p.emitted;
    tile->each.len = 0;
    for (size_t i = 0; i < p.done.len; i++)
        rg_vec_push(&tile->each, p.done.at[i]);
    rg_vec_free(&p.done);
    rg_vec_free(&p.list);
    rg_free(p.pattern);
    rg_free(p.placed);
    rg_free(p.piece);
    rg_free(p.born);
}
