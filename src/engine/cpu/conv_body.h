/* conv_body.h - the tiles of conv.h for one element type, compiled for each instruction set. */
#include "engine/cpu/conv.h"

#define CONV_PASTE_(a, b) a##b
#define CONV_PASTE(a, b) CONV_PASTE_(a, b)
#define CONV(name) CONV_PASTE(name##_, CONV_SUFFIX)
#define UNROLL _Pragma("GCC unroll 8")
#define LANES ((int)(CONV_VECTOR_BYTES / sizeof(CONV_TYPE)))

typedef CONV_TYPE CONV(vector)
    __attribute__((vector_size(CONV_VECTOR_BYTES), aligned(sizeof(CONV_TYPE)), may_alias));

/* The sums stay in registers from the first product to the last. */
static inline __attribute__((always_inline)) void CONV(tile)(int rows, int vectors,
                                                             const rg_conv_tile *t)
{
    CONV(vector) sum[RG_CONV_ROWS][RG_CONV_VECTORS];
    const CONV_TYPE *a[RG_CONV_ROWS], *b[RG_CONV_VECTORS];
    CONV_TYPE *out[RG_CONV_VECTORS];
    const int64_t *a_tap = t->a_tap, *b_tap = t->b_tap;
    const int64_t taps = t->taps, a_channel = t->a_channel, b_channel = t->b_channel;
    const int64_t out_row = t->out_row, a_end = t->channels * a_channel;
    UNROLL for (int i = 0; i < rows; i++) a[i] = (const CONV_TYPE *)t->a + t->a_row[i];
    UNROLL for (int v = 0; v < vectors; v++)
    {
        b[v] = (const CONV_TYPE *)t->b + t->b_at[v];
        out[v] = (CONV_TYPE *)t->out + t->out_at[v];
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) sum[i][v] =
        (CONV(vector)){0};
    if (t->more)
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++)
            sum[i][v] = *(CONV(vector) *)(out[v] + i * out_row);
    for (int64_t a_at = 0, b_at = 0; a_at < a_end; a_at += a_channel, b_at += b_channel)
        for (int64_t k = 0; k < taps; k++) {
            int64_t from_a = a_at + a_tap[k], from_b = b_at + b_tap[k];
            CONV(vector) row[RG_CONV_VECTORS];
            UNROLL for (int v = 0; v < vectors; v++) row[v] =
                *(const CONV(vector) *)(b[v] + from_b);
            UNROLL for (int i = 0; i < rows; i++)
            {
                CONV_TYPE x = a[i][from_a];
                UNROLL for (int v = 0; v < vectors; v++) sum[i][v] += x * row[v];
            }
        }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) *
        (CONV(vector) *)(out[v] + i * out_row) = sum[i][v];
}

/* Each size is compiled on its own, so that its loops unroll. */
#define CONV_SIZE(rows, vectors) \
    case (rows)*16 + (vectors): \
        CONV(tile)(rows, vectors, t); \
        break;
#define CONV_ROWS_OF(rows) CONV_SIZE(rows, 1) CONV_SIZE(rows, 2) CONV_SIZE(rows, 3)
static void CONV(run)(const rg_conv_tile *t)
{
    switch (t->rows * 16 + t->vectors) {
        CONV_ROWS_OF(1)
        CONV_ROWS_OF(2)
        CONV_ROWS_OF(3)
        CONV_ROWS_OF(4)
        CONV_ROWS_OF(5)
        CONV_ROWS_OF(6)
        CONV_ROWS_OF(7)
        CONV_ROWS_OF(8)
        CONV_SIZE(1, 4)
        CONV_SIZE(2, 4)
        CONV_SIZE(3, 4)
        CONV_SIZE(4, 4)
        CONV_SIZE(1, 6)
        CONV_SIZE(2, 6)
        CONV_SIZE(1, 8)
    default: RG_BUG("no tile of %d rows and %d vectors", t->rows, t->vectors);
    }
}

#undef CONV_ROWS_OF
#undef CONV_SIZE
#undef CONV
#undef CONV_PASTE
#undef CONV_PASTE_
#undef LANES
#undef UNROLL
#undef CONV_TYPE
#undef CONV_SUFFIX
