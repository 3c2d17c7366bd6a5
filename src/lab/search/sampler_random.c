/* sampler_random.c - independent uniform draws (Bergstra & Bengio 2012, "Random search for
 * hyper-parameter optimization"): the baseline that every other sampler has to beat. */
#include "lab/search/space.h"

static double draw(void *ctx, size_t dim)
{
    (void)dim;
    return rg_rng_unit(ctx);
}

static void suggest(const rg_ask *ask, double *ret_point)
{
    rg_rng rng = rg_rng_open(ask->seed, "random/%zu", ask->trial);
    rg_space_fill(ask->space, draw, &rng, ret_point);
}

extern const rg_sampler rg_sampler_random;
const rg_sampler rg_sampler_random = {
    .name = "random",
    .help = "independent uniform draws",
    .suggest = suggest,
};
