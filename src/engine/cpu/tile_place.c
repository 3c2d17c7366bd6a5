/* tile_place.c - places in scratch for a loop's registers: what nobody reads any more makes room for
 * what comes. */
#include "engine/cpu/tile.h"

typedef struct lifetime {
    uint32_t last; /* the last instruction for each tile that touches it */
    bool used, placed;
} lifetime;

typedef struct places {
    rg_tile *tile;
    lifetime *life;   /* by operand */
    size_t registers; /* bytes in use */
    RG_VEC(struct spare {
        size_t offset;
        uint32_t bytes;
        rg_level level;
    })
    spare; /* registers free again */
} places;

/* The operands that instruction i touches, given to `visit` one by one. */
static void each_operand(places *p, const rg_instruction *i, uint32_t at,
                         void (*visit)(places *p, uint32_t operand, uint32_t at))
{
    for (uint32_t k = 0; k < i->crossings; k++)
        visit(p, i->crossing[k], at);
    if (i->what == RG_CODE)
        return;
    for (uint32_t k = 0; k < i->n_in; k++)
        visit(p, i->in[k], at);
    visit(p, i->out, at);
}

static void note_use(places *p, uint32_t operand, uint32_t at)
{
    p->life[operand].last = at;
    p->life[operand].used = true;
}

static bool is_register(const rg_tile_operand *o)
{
    return o->slot == RG_NONE && !o->fixed;
}

static size_t register_bytes(const rg_tile *tile, const rg_tile_operand *o)
{
    return ((size_t)tile->tile[o->level] * o->bytes + 63) / 64 * 64;
}

static void give_place(places *p, uint32_t operand, uint32_t at)
{
    rg_tile_operand *o = &p->tile->operand.at[operand];
    (void)at;
    if (!is_register(o) || p->life[operand].placed)
        return;
    p->life[operand].placed = true;
    for (size_t i = 0; i < p->spare.len; i++)
        if (p->spare.at[i].bytes == o->bytes && p->spare.at[i].level == o->level) {
            o->offset = p->spare.at[i].offset;
            p->spare.at[i] = p->spare.at[--p->spare.len];
            return;
        }
    o->offset = p->registers;
    p->registers += register_bytes(p->tile, o);
}

/* Scalars are spread once and keep their places. */
static void end_life(places *p, uint32_t operand, uint32_t at)
{
    const rg_tile_operand *o = &p->tile->operand.at[operand];
    lifetime *life = &p->life[operand];
    if (!is_register(o) || o->scalar != RG_NONE || life->last != at || !life->placed)
        return;
    life->last = RG_NONE; /* once, though it may be touched twice */
    struct spare free_again = {o->offset, o->bytes, o->level};
    rg_vec_push(&p->spare, free_again);
}

/* Scalars that only machine code reads are not spread over tiles. */
static void drop_unused(places *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->tile->once.len; i++)
        if (p->life[p->tile->once.at[i].out].used)
            p->tile->once.at[kept++] = p->tile->once.at[i];
    p->tile->once.len = kept;
}

/* A loop may write over its operand, which ends there; what machine code reads (`crossing`) ends
 * behind it. */
size_t rg_tile_place(rg_tile *tile)
{
    places p = {.tile = tile, .life = RG_NEW_ARRAY(lifetime, tile->operand.len)};
    for (uint32_t i = 0; i < tile->each.len; i++)
        each_operand(&p, &tile->each.at[i], i, note_use);
    drop_unused(&p);
    for (uint32_t i = 0; i < tile->once.len; i++)
        give_place(&p, tile->once.at[i].out, 0);
    for (uint32_t i = 0; i < tile->each.len; i++) {
        const rg_instruction *one = &tile->each.at[i];
        for (uint32_t k = 0; k < one->n_in; k++)
            end_life(&p, one->in[k], i);
        each_operand(&p, one, i, give_place);
        each_operand(&p, one, i, end_life);
    }
    rg_vec_free(&p.spare);
    rg_free(p.life);
    return p.registers;
}
