/* threefry.h - Threefry-2x32-20 of many counters in step. */
#ifndef RIGOR_BASE_THREEFRY_H
#define RIGOR_BASE_THREEFRY_H

#include "rigor/base.h"

static const int rg_threefry_rotation[8] = {13, 15, 26, 6, 17, 29, 16, 24};

/* The blocks of the counters from `counter` on: their first words, then their second words. */
typedef void rg_threefry_many(const uint32_t key[2], uint64_t counter,
                              uint32_t ret[2][RG_RNG_BLOCKS]);
rg_threefry_many rg_threefry_many_base, rg_threefry_many_avx512;

#endif
