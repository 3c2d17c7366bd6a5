/* init.c - initial values of weights: a width that keeps the variance of signals (fan in) or of
 * signals and gradients (fan in and out), drawn uniformly or normally. */
#include "rigor/nn.h"

#include <math.h>

typedef struct fill {
    bool normal;
    double value;                                        /* without a width: this constant */
    double (*width)(double gain, double in, double out); /* bound, or standard deviation */
} fill;

static double kaiming_bound(double gain, double in, double out)
{
    (void)out;
    return gain * sqrt(3 / in);
}

static double kaiming_sd(double gain, double in, double out)
{
    (void)out;
    return gain / sqrt(in);
}

static double xavier_bound(double gain, double in, double out)
{
    return gain * sqrt(6 / (in + out));
}

static double xavier_sd(double gain, double in, double out)
{
    return gain * sqrt(2 / (in + out));
}

static const fill fills[] = {
    [RG_INIT_ZEROS] = {.value = 0},
    [RG_INIT_ONES] = {.value = 1},
    [RG_INIT_KAIMING_UNIFORM] = {.width = kaiming_bound},
    [RG_INIT_KAIMING_NORMAL] = {.normal = true, .width = kaiming_sd},
    [RG_INIT_XAVIER_UNIFORM] = {.width = xavier_bound},
    [RG_INIT_XAVIER_NORMAL] = {.normal = true, .width = xavier_sd},
};

static void fill_constant(float value, float *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = value;
}

void rg_init_fill(const rg_init *init, uint64_t seed, const char *name, float *ret, size_t n)
{
    const fill *how = &fills[init->kind];
    if (!how->width) {
        fill_constant((float)how->value, ret, n);
        return;
    }
    double gain = init->gain == 0 ? 1 : init->gain;
    double width = how->width(gain, (double)init->fan_in, (double)init->fan_out);
    rg_rng rng = rg_rng_open(seed, "init/%s", name);
    for (size_t i = 0; i < n; i++) {
        double draw = how->normal ? rg_rng_normal(&rng) : 2 * rg_rng_unit(&rng) - 1;
        ret[i] = (float)(width * draw);
    }
}
