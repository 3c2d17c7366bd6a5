/* turn.h - transposition four by four: to[i * to_row + c] = from[c * from_row + i] for c in 0
 * to 3 and i in 0 to n - 1, for one element type of 4 or 8 bytes. */
#ifndef RIGOR_ENGINE_CPU_TURN_H
#define RIGOR_ENGINE_CPU_TURN_H

#include <stdint.h>

#define RG_TURN_FOUR(name, T) \
    static inline void name(const T *from, int64_t from_row, int64_t n, T *to, int64_t to_row) \
    { \
        typedef T four \
            __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias)); \
        for (; n >= 4; n -= 4, from += 4, to += 4 * to_row) { \
            four r0 = *(const four *)from, r1 = *(const four *)(from + from_row); \
            four r2 = *(const four *)(from + 2 * from_row); \
            four r3 = *(const four *)(from + 3 * from_row); \
            four low = __builtin_shufflevector(r0, r1, 0, 4, 1, 5); \
            four low2 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5); \
            four high = __builtin_shufflevector(r0, r1, 2, 6, 3, 7); \
            four high2 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7); \
            *(four *)to = __builtin_shufflevector(low, low2, 0, 1, 4, 5); \
            *(four *)(to + to_row) = __builtin_shufflevector(low, low2, 2, 3, 6, 7); \
            *(four *)(to + 2 * to_row) = __builtin_shufflevector(high, high2, 0, 1, 4, 5); \
            *(four *)(to + 3 * to_row) = __builtin_shufflevector(high, high2, 2, 3, 6, 7); \
        } \
        for (; n > 0; n--, from++, to += to_row) \
            for (int c = 0; c < 4; c++) \
                to[c] = from[c * from_row]; \
    }

#endif
