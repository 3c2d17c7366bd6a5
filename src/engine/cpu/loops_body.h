/* loops_body.h - the loops themselves; RG_LOOPS names the table.  See loops.h. */
#include "engine/cpu/element.h"
#include "engine/cpu/loops.h"
#include "engine/cpu/reduce.h"

#include <string.h>

/* Element i is read and written by step i alone, so the steps may run in any order. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* ---- Element-wise. */
#define ELEMENT1(op, D, R, T, expression) \
    static void loop_##op##_##D(void *out, const void *a, const void *b, const void *c, \
                                int64_t n) \
    { \
        (void)b, (void)c; \
        R *to = out; \
        const T *from = a; \
        INDEPENDENT for (int64_t i = 0; i < n; i++) \
        { \
            const T x = from[i]; \
            to[i] = expression; \
        } \
    }
#define ELEMENT2(op, D, R, T, expression) \
    static void loop_##op##_##D(void *out, const void *a, const void *b, const void *c, \
                                int64_t n) \
    { \
        (void)c; \
        R *to = out; \
        const T *left = a, *right = b; \
        INDEPENDENT for (int64_t i = 0; i < n; i++) \
        { \
            const T x = left[i], y = right[i]; \
            to[i] = expression; \
        } \
    }
#define SELECT(D, T) \
    static void loop_select_##D(void *out, const void *a, const void *b, const void *c, \
                                int64_t n) \
    { \
        T *to = out; \
        const unsigned char *condition = a; \
        const T *yes = b, *no = c; \
        INDEPENDENT for (int64_t i = 0; i < n; i++) \
        { \
            const T x = yes[i], y = no[i]; \
            to[i] = condition[i] ? x : y; \
        } \
    }
#define CAST(D, E, T, R, expression) \
    static void loop_cast_##D##_##E(void *out, const void *a, const void *b, const void *c, \
                                    int64_t n) \
    { \
        (void)b, (void)c; \
        R *to = out; \
        const T *from = a; \
        INDEPENDENT for (int64_t i = 0; i < n; i++) \
        { \
            const T x = from[i]; \
            to[i] = expression; \
        } \
    }
#include "engine/cpu/element.def"

/* ---- Folds.  Rows are folded four at once, for a sum waits for the one before it and those of
 * other rows need not; their lanes are vectors (GNU C's, of as many registers as it takes), for left
 * to themselves compilers make maxima of branches, which data mispredicts.  A row's end is filled
 * up with the neutral element, which changes no bits.  Then lane l takes in lane l + 8 of two rows in
 * one vector, l + 4 of four, l + 2, l + 1, and row r's result stands in lane 4 r.
 *
 * Of columns each lane is a vector.  With fewer rows than lanes the others hold the neutral
 * element and are left out, which changes no bits either: a sum that began with 0 is no -0. */
#define ADD(V, a, b) ((a) + (b))
#define LARGER(V, a, b) CHOSEN(V, ((a) > (b)) | ((a) != (a)), a, b)
#define CHOSEN(V, mask, a, b) \
    ((V)(((mask) & (__typeof__(mask))(a)) | (~(mask) & (__typeof__(mask))(b))))
#define ADD_ONE(a, b) ((a) + (b))
#define LARGER_ONE(a, b) (((a) > (b) || (a) != (a)) ? (a) : (b))

#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define RUN4(i) (i), (i) + 1, (i) + 2, (i) + 3
#define EIGHTS(i) RUN4(i), RUN4((i) + 4), RUN4((i) + 16), RUN4((i) + 20)
#define FOURS(i) RUN4(i), RUN4((i) + 8), RUN4((i) + 16), RUN4((i) + 24)
#define SWAP4(i, by) (i) ^ (by), ((i) + 1) ^ (by), ((i) + 2) ^ (by), ((i) + 3) ^ (by)
#define ACROSS(by) SWAP4(0, by), SWAP4(4, by), SWAP4(8, by), SWAP4(12, by)

#define FOLD_ROWS 4
#define FOLD(name, T, neutral, COMBINE) \
    typedef T lanes_##name __attribute__((vector_size(RG_FOLD_LANES * sizeof(T)))); \
    static inline __attribute__((always_inline)) void rows_of_##name(const T *x, int64_t rows, \
                                                                     int64_t n, T *out) \
    { \
        const lanes_##name neutrals = (lanes_##name){0} + (T)(neutral); \
        lanes_##name lanes[FOLD_ROWS] = {neutrals, neutrals, neutrals, neutrals}, next; \
        int64_t i = 0; \
        for (; i + RG_FOLD_LANES <= n; i += RG_FOLD_LANES) \
            for (int64_t r = 0; r < rows; r++) { \
                memcpy(&next, x + r * n + i, sizeof(next)); \
                lanes[r] = COMBINE(lanes_##name, lanes[r], next); \
            } \
        for (int64_t r = 0; i < n && r < rows; r++) { \
            next = neutrals; \
            memcpy(&next, x + r * n + i, (size_t)(n - i) * sizeof(T)); \
            lanes[r] = COMBINE(lanes_##name, lanes[r], next); \
        } \
        for (int r = 0; r < FOLD_ROWS; r += 2) \
            lanes[r] = COMBINE(lanes_##name, PICK(lanes[r], lanes[r + 1], EIGHTS(0)), \
                               PICK(lanes[r], lanes[r + 1], EIGHTS(8))); \
        next = COMBINE(lanes_##name, PICK(lanes[0], lanes[2], FOURS(0)), \
                       PICK(lanes[0], lanes[2], FOURS(4))); \
        next = COMBINE(lanes_##name, next, PICK(next, next, ACROSS(2))); \
        next = COMBINE(lanes_##name, next, PICK(next, next, ACROSS(1))); \
        for (int64_t r = 0; r < rows; r++) \
            out[r] = next[4 * r]; \
    } \
    static void fold_##name(const void *data, int64_t rows, int64_t n, void *out) \
    { \
        const T *x = data; \
        T *to = out; \
        for (; rows >= FOLD_ROWS; rows -= FOLD_ROWS, x += FOLD_ROWS * n, to += FOLD_ROWS) \
            rows_of_##name(x, FOLD_ROWS, n, to); \
        for (; rows > 0; rows--, x += n, to++) \
            rows_of_##name(x, 1, n, to); \
    } \
    static void whole_columns_##name(const T *x, int64_t rows, int64_t stride, T *out) \
    { \
        lanes_##name lane[RG_FOLD_LANES], next; \
        lane[0] = (lanes_##name){0} + (T)(neutral); \
        for (int l = 1; l < RG_FOLD_LANES && l < rows; l++) \
            lane[l] = lane[0]; \
        for (int64_t i = 0; i < rows; i++, x += stride) { \
            memcpy(&next, x, sizeof(next)); \
            int l = i % RG_FOLD_LANES; \
            lane[l] = COMBINE(lanes_##name, lane[l], next); \
        } \
        for (int half = RG_FOLD_LANES / 2; half > 0; half /= 2) \
            for (int l = 0; l < half && l + half < rows; l++) \
                lane[l] = COMBINE(lanes_##name, lane[l], lane[l + half]); \
        memcpy(out, &lane[0], sizeof(lane[0])); \
    } \
    static inline __attribute__((always_inline)) void columns_of_##name( \
        const T *x, int64_t rows, int64_t stride, int64_t step, int64_t columns, T *out) \
    { \
        T lane[RG_FOLD_LANES][RG_FOLD_LANES]; \
        for (int l = 0; l < RG_FOLD_LANES; l++) \
            for (int k = 0; k < RG_FOLD_LANES; k++) \
                lane[l][k] = neutral; \
        for (int64_t i = 0; i < rows; i++) { \
            T *at = lane[i % RG_FOLD_LANES]; \
            for (int64_t k = 0; k < columns; k++) \
                at[k] = COMBINE##_ONE(at[k], x[i * stride + k * step]); \
        } \
        for (int half = RG_FOLD_LANES / 2; half > 0; half /= 2) \
            for (int l = 0; l < half; l++) \
                for (int k = 0; k < RG_FOLD_LANES; k++) \
                    lane[l][k] = COMBINE##_ONE(lane[l][k], lane[l + half][k]); \
        for (int64_t k = 0; k < columns; k++) \
            out[k] = lane[0][k]; \
    } \
    static void columns_##name(const void *x, int64_t rows, int64_t stride, int64_t step, \
                               int64_t columns, void *out) \
    { \
        if (columns == RG_FOLD_LANES && step == 1) \
            whole_columns_##name(x, rows, stride, out); \
        else if (columns == RG_FOLD_LANES && stride == 1) \
            columns_of_##name(x, rows, 1, step, RG_FOLD_LANES, out); \
        else \
            columns_of_##name(x, rows, stride, step, columns, out); \
    }

FOLD(sum_f32, float, 0, ADD)
FOLD(sum_f64, double, 0, ADD)
FOLD(sum_u32, uint32_t, 0, ADD)
FOLD(max_f32, float, -INFINITY, LARGER)
FOLD(max_f64, double, -INFINITY, LARGER)
FOLD(max_i32, int32_t, INT32_MIN, LARGER)
FOLD(max_u32, uint32_t, 0, LARGER)

/* ---- Recurrences: the runs' values so far stand side by side. */
#define LINREC(name, T) \
    static inline __attribute__((always_inline)) void runs_of_##name( \
        const T *a, const T *b, T *h, int64_t n, int64_t row, int64_t column, int64_t columns) \
    { \
        T last[RG_LINREC_COLUMNS] = {0}; \
        for (int64_t t = 0; t < n; t++, a += row, b += row, h += row) \
            INDEPENDENT for (int64_t k = 0; k < columns; k++) \
            { \
                T product = a[k * column] * last[k]; \
                last[k] = product + b[k * column]; \
                h[k * column] = last[k]; \
            } \
    } \
    static void linrec_##name(const void *a, const void *b, void *h, int64_t n, int64_t row, \
                              int64_t column, int64_t columns) \
    { \
        if (columns == RG_LINREC_COLUMNS && column == 1) \
            runs_of_##name(a, b, h, n, row, 1, RG_LINREC_COLUMNS); \
        else if (columns == RG_LINREC_ROWS) \
            runs_of_##name(a, b, h, n, row, column, RG_LINREC_ROWS); \
        else \
            runs_of_##name(a, b, h, n, row, column, columns); \
    }
LINREC(f32, float)
LINREC(f64, double)

/* ---- Generators. */
#define BLOCKS 16
static void random_bits(uint32_t *out, const uint32_t *key, uint32_t site, int64_t start,
                        int64_t n)
{
    uint32_t k0 = key[0], k1 = key[1], block = (uint32_t)(start / 2);
    uint32_t first[BLOCKS], second[BLOCKS];
    for (int64_t i = 0; i < n; i += 2 * BLOCKS, block += BLOCKS) {
        for (uint32_t b = 0; b < BLOCKS; b++)
            element_threefry(k0, k1, site, block + b, &first[b], &second[b]);
        int64_t left = n - i < 2 * BLOCKS ? n - i : 2 * BLOCKS;
        if (left == 2 * BLOCKS) {
            for (int b = 0; b < BLOCKS; b++) {
                out[i + 2 * b] = first[b];
                out[i + 2 * b + 1] = second[b];
            }
        } else {
            for (int64_t k = 0; k < left; k++)
                out[i + k] = k % 2 ? second[k / 2] : first[k / 2];
        }
    }
}

#define EXPAND(T) \
    static void expand_##T(T *out, const T *x, int64_t start, int64_t n, int64_t inner, \
                           int64_t count) \
    { \
        if (count == 1) \
            inner = n + start; /* one run */ \
        int64_t entry = start / inner % count, offset = start % inner; \
        while (n > 0) { \
            int64_t run = inner == 1 ? count - entry : inner - offset; \
            run = run < n ? run : n; \
            const T value = x[entry]; \
            if (inner == 1) \
                for (int64_t i = 0; i < run; i++) \
                    out[i] = x[entry + i]; \
            else \
                for (int64_t i = 0; i < run; i++) \
                    out[i] = value; \
            entry = inner == 1 || entry + 1 == count ? 0 : entry + 1; \
            offset = 0; \
            out += run; \
            n -= run; \
        } \
    }
EXPAND(uint8_t)
EXPAND(uint16_t)
EXPAND(uint32_t)
EXPAND(uint64_t)

static void expand(void *out, const void *x, size_t bytes, int64_t start, int64_t n,
                   int64_t inner, int64_t count)
{
    if (bytes == 4)
        expand_uint32_t(out, x, start, n, inner, count);
    else if (bytes == 8)
        expand_uint64_t(out, x, start, n, inner, count);
    else if (bytes == 2)
        expand_uint16_t(out, x, start, n, inner, count);
    else
        expand_uint8_t(out, x, start, n, inner, count);
}

const rg_loops RG_LOOPS = {
    .name = RG_LOOPS_NAME,
    .element =
        {
#define ELEMENT1(op, D, R, T, expression) [RG_OP_##op][D] = loop_##op##_##D,
#define ELEMENT2(op, D, R, T, expression) [RG_OP_##op][D] = loop_##op##_##D,
#define SELECT(D, T) [RG_OP_select][D] = loop_select_##D,
#define CAST(D, E, T, R, expression)
#include "engine/cpu/element.def"
        },
    .cast =
        {
#define ELEMENT1(op, D, R, T, expression)
#define ELEMENT2(op, D, R, T, expression)
#define SELECT(D, T)
#define CAST(D, E, T, R, expression) [D][E] = loop_cast_##D##_##E,
#include "engine/cpu/element.def"
        },
    .fold = {[RG_FOLD_SUM] = {fold_sum_f32, fold_sum_f64, fold_sum_u32, fold_sum_u32},
             [RG_FOLD_MAX] = {fold_max_f32, fold_max_f64, fold_max_i32, fold_max_u32}},
    .fold_columns = {[RG_FOLD_SUM] = {columns_sum_f32, columns_sum_f64, columns_sum_u32,
                                      columns_sum_u32},
                     [RG_FOLD_MAX] = {columns_max_f32, columns_max_f64, columns_max_i32,
                                      columns_max_u32}},
    .linrec = {linrec_f32, linrec_f64},
    .random_bits = random_bits,
    .expand = expand,
};
