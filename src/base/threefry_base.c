/* threefry_base.c - the blocks of threefry_body.h with vectors of 16 bytes. */
#define VECTOR_BYTES 16
#define NAME rg_threefry_many_base
#include "base/threefry_body.h"
