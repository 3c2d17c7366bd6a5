/* threefry_body.h - the blocks of threefry.h, compiled once for each instruction set:
 * VECTOR_BYTES and the function's NAME come from the file that includes this.
 *
 * One block is a chain of 20 rounds, each three short operations on what the last one gave: a
 * processor idles on it.  So sixteen go in step (measured on an AMD EPYC, a block: alone 19 ns,
 * in vectors of 16 bytes 2.5 to 2.9 ns, of 64 bytes, with rotation, 1.4 ns). */
#include "base/threefry.h"

#include <string.h>

typedef uint32_t lanes __attribute__((vector_size(VECTOR_BYTES)));
#define VECTORS ((int)(RG_RNG_BLOCKS * sizeof(uint32_t) / VECTOR_BYTES))

void NAME(const uint32_t key[2], uint64_t counter, uint32_t ret[2][RG_RNG_BLOCKS])
{
    static const uint32_t offset[RG_RNG_BLOCKS] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                   8, 9, 10, 11, 12, 13, 14, 15};
    const uint32_t schedule[3] = {key[0], key[1], 0x1bd11bdau ^ key[0] ^ key[1]};
    const uint32_t low = (uint32_t)counter, high = (uint32_t)(counter >> 32);
    lanes x[VECTORS], y[VECTORS];
    memcpy(x, offset, sizeof(x));
    for (int i = 0; i < VECTORS; i++) {
        x[i] += low;
        lanes carry = (lanes)(x[i] < low); /* -1 where the lower half has passed its end */
        y[i] = high - carry + schedule[1];
        x[i] += schedule[0];
    }
#pragma GCC unroll 20
    for (uint32_t round = 0; round < 20; round++)
#pragma GCC unroll 4
        for (int i = 0; i < VECTORS; i++) {
            int by = rg_threefry_rotation[round % 8];
            x[i] += y[i];
            y[i] = (y[i] << by | y[i] >> (32 - by)) ^ x[i];
            if (round % 4 == 3) {
                uint32_t injection = round / 4 + 1;
                x[i] += schedule[injection % 3];
                y[i] += schedule[(injection + 1) % 3] + injection;
            }
        }
    memcpy(ret[0], x, sizeof(x));
    memcpy(ret[1], y, sizeof(y));
}
