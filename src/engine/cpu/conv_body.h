/* conv_body.h - the tiles of conv.h for one element type, compiled for each instruction set. */
#include "engine/cpu/conv.h"

#define CONV_PASTE_(a, b) a##b
#define CONV_PASTE(a, b) CONV_PASTE_(a, b)
#define CONV(name) CONV_PASTE(name##_, CONV_SUFFIX)
#define LANES ((int)(CONV_VECTOR_BYTES / sizeof(CONV_TYPE)))

typedef CONV_TYPE CONV(vector)
    __attribute__((vector_size(CONV_VECTOR_BYTES), aligned(sizeof(CONV_TYPE)), may_alias));

/* The sums stay in registers from the first product to the last. */
static inline __attribute__((always_inline)) void CONV(tile)(int rows, int vectors,
                                                             const rg_conv_tile *t)
{
    CONV(vector) sum[RG_CONV_ROWS][RG_CONV_VECTORS];
    const CONV_TYPE *a[RG_CONV_ROWS], *b[RG_CONV_VECTORS];
    CONV_TYPE *out = t->out;
    for (int i = 0; i < rows; i++)
        a[i] = (const CONV_TYPE *)t->a + t->a_row[i];
    for (int v = 0; v < vectors; v++)
        b[v] = (const CONV_TYPE *)t->b + t->b_at[v];
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++)
            sum[i][v] = t->more ? *(CONV(vector) *)(out + i * t->out_row + t->out_at[v])
                                : (CONV(vector)){0};
    for (int64_t c = 0, a_at = 0, b_at = 0; c < t->channels;
         c++, a_at += t->a_channel, b_at += t->b_channel)
        for (int64_t k = 0; k < t->taps; k++) {
            int64_t from_a = a_at + t->a_tap[k], from_b = b_at + t->b_tap[k];
            CONV(vector) row[RG_CONV_VECTORS];
            for (int v = 0; v < vectors; v++)
                row[v] = *(const CONV(vector) *)(b[v] + from_b);
            for (int i = 0; i < rows; i++) {
                CONV_TYPE x = a[i][from_a];
                for (int v = 0; v < vectors; v++)
                    sum[i][v] += x * row[v];
            }
        }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++)
            *(CONV(vector) *)(out + i * t->out_row + t->out_at[v]) = sum[i][v];
}

/* Each size is compiled on its own, so that its loops unroll: up to 16 sums. */
#define CONV_SIZE(rows, vectors) \
    case (rows)*16 + (vectors): CONV(tile)(rows, vectors, t); break;
static void CONV(run)(const rg_conv_tile *t)
{
    switch (t->rows * 16 + t->vectors) {
        CONV_SIZE(1, 1) CONV_SIZE(1, 2) CONV_SIZE(1, 4) CONV_SIZE(1, 8)
        CONV_SIZE(2, 1) CONV_SIZE(2, 2) CONV_SIZE(2, 4) CONV_SIZE(2, 8)
        CONV_SIZE(3, 1) CONV_SIZE(3, 2) CONV_SIZE(3, 4)
        CONV_SIZE(4, 1) CONV_SIZE(4, 2) CONV_SIZE(4, 4)
        CONV_SIZE(5, 1) CONV_SIZE(5, 2)
        CONV_SIZE(6, 1) CONV_SIZE(6, 2)
        CONV_SIZE(7, 1) CONV_SIZE(7, 2)
        CONV_SIZE(8, 1) CONV_SIZE(8, 2)
    default: RG_BUG("no tile of %d rows and %d vectors", t->rows, t->vectors);
    }
}

#undef CONV_SIZE
#undef CONV
#undef CONV_PASTE
#undef CONV_PASTE_
#undef LANES
#undef CONV_TYPE
#undef CONV_SUFFIX
