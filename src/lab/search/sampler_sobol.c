/* sampler_sobol.c - the scrambled Sobol sequence as a sampler: covers the space more evenly
 * than random draws, most of all in the first few dozen trials. */
#include "lab/search/sobol.h"

extern const rg_sampler rg_sampler_sobol;
const rg_sampler rg_sampler_sobol = {
    .name = "sobol",
    .help = "an even cover of the space: the Sobol sequence, scrambled by the study's seed",
    .suggest = rg_sobol_suggest,
};
