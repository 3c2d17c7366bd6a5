/* threefry_avx512.c - the blocks of threefry_body.h with vectors of 64 bytes, which rotate. */
#define VECTOR_BYTES 64
#define NAME rg_threefry_many_avx512
#include "base/threefry_body.h"
