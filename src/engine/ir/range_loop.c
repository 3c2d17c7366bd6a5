/* range_loop.c - what the values of a loop's body can take in any step: from what the carries
 * hold at first, step by step until nothing is added; an end that keeps moving is taken to be
 * infinite (Cousot & Cousot 1977, widening). */
#include "engine/ir/loop.h"
#include "engine/ir/range.h"

#include <math.h>

#define ROUNDS 2 /* after which what still moves is widened */

static bool extend(rg_range *known, rg_range next, bool widen)
{
    bool lower = next.lo < known->lo;
    bool higher = next.hi > known->hi;
    if (lower)
        known->lo = widen ? -INFINITY : next.lo;
    if (higher)
        known->hi = widen ? INFINITY : next.hi;
    return lower || higher;
}

rg_range *rg_ranges_of_body(const rg_node *loop, const rg_range *outside)
{
    const rg_body *body = loop->attr.loop.body;
    rg_given_range *given = RG_NEW_ARRAY(rg_given_range, body->inputs);
    for (uint32_t i = 0; i < body->inputs; i++)
        given[i] = (rg_given_range){body->input[i], outside[loop->in[i]]};
    rg_range *range = NULL;
    bool moves = true;
    for (int round = 0; moves; round++) {
        rg_free(range);
        range = rg_ranges_of(body->graph, given, body->inputs);
        moves = false;
        for (uint32_t c = 0; c < loop->attr.loop.carries; c++)
            moves |= extend(&given[c].range, range[body->output[c].id], round >= ROUNDS);
    }
    rg_free(given);
    return range;
}

void rg_ranges_of_results(const rg_node *loop, const rg_range *outside, rg_range *ret)
{
    const rg_body *body = loop->attr.loop.body;
    rg_range *range = rg_ranges_of_body(loop, outside);
    for (uint32_t r = 0; r < rg_loop_results(loop); r++) {
        bool carry = r < loop->attr.loop.carries, trace = r >= body->outputs;
        rg_val from = carry   ? body->input[r]
                      : trace ? body->input[r - body->outputs]
                              : body->output[r];
        ret[r] = range[from.id];
    }
    rg_free(range);
}
