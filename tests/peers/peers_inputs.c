/* peers_inputs.c - random inputs, with edge cases at fixed places among them. */
#include "peers.h"

double peer_uniform(peer_inputs *in, double lo, double hi)
{
    return lo + (hi - lo) * rg_rng_unit(&in->rng);
}

double peer_log_uniform(peer_inputs *in, double lo, double hi)
{
    return lo * pow(hi / lo, rg_rng_unit(&in->rng));
}

double peer_whole(peer_inputs *in, double lo, double hi)
{
    return lo + (double)rg_rng_below(&in->rng, (uint64_t)(hi - lo) + 1);
}

/* Every second case is ordinary; the others take turns. */
static int edge_of(long number, int edges)
{
    static const int turn[] = {PEER_SHORT, PEER_TIES, PEER_CONSTANT, PEER_TIES, PEER_SCALE};
    return number % 2 ? turn[number / 2 % RG_COUNT(turn)] & edges : 0;
}

static size_t draw(peer_inputs *in, double *list, size_t least, size_t most, int edges)
{
    int edge = edge_of(in->number, edges);
    size_t n = least + rg_rng_below(&in->rng, most - least + 1);
    if (edge == PEER_SHORT)
        n = 1 + rg_rng_below(&in->rng, 2);
    in->d = edge != PEER_SCALE ? 1 : in->number % 4 == 1 ? 1e60 : 1e-60;
    double shift = rg_rng_normal(&in->rng), first = rint(4 * shift) / 4;
    for (size_t i = 0; i < n; i++) {
        double value = shift + rg_rng_normal(&in->rng);
        list[i] = edge == PEER_TIES       ? rint(4 * value) / 4
                  : edge == PEER_CONSTANT ? first
                                          : value * in->d;
    }
    return n;
}

void peer_list(peer_inputs *in, size_t least, size_t most, int edges)
{
    in->n_x = draw(in, in->x, least, most, edges);
}

void peer_two_lists(peer_inputs *in, size_t least, size_t most, int edges)
{
    in->n_x = draw(in, in->x, least, most, edges);
    in->n_y = draw(in, in->y, least, most, edges);
}
