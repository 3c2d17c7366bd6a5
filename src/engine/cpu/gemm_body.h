/* gemm_body.h - the matrix product for one element type, compiled for each instruction set.
 *
 * c is made in tiles of up to MR rows and NR columns (WIDTH vectors; fewer at the right edge),
 * whose sums stay in registers: each step of k loads a row of b and broadcasts MR numbers of a,
 * each from where it stands.  The loops around the tiles are those of Goto and van de Geijn,
 * "Anatomy of high-performance matrix multiplication" (2008): at most KC steps of k at a time,
 * and as many columns as make a block of b that stays in the second-level cache while the rows
 * of a pass by.  Between blocks of k the sums rest in c, which rounds nothing.
 *
 * A panel of b, NR columns of a block, is packed where its rows are not contiguous, or each
 * lies in a page of its own, or it is narrower than its vectors.  On its way along k a tile
 * asks for the rows of a that come next, and before it for the lines of c that it will write,
 * where c is large: within a step of training they come from far. */
#include "engine/cpu/gemm.h"
#include "engine/cpu/turn.h"

#include <string.h>

#define GEMM_PASTE_(a, b) a##b
#define GEMM_PASTE(a, b) GEMM_PASTE_(a, b)
#define GEMM(name) GEMM_PASTE(name##_, GEMM_SUFFIX)
#define MR 6
#define WIDTH GEMM_WIDTH
#define LANES ((int)(GEMM_VECTOR_BYTES / sizeof(GEMM_TYPE)))
#define NR (WIDTH * LANES)
#define UNROLL _Pragma("GCC unroll 16")
#define LINE ((int)(64 / sizeof(GEMM_TYPE)))

typedef GEMM_TYPE GEMM(vector)
    __attribute__((vector_size(GEMM_VECTOR_BYTES), aligned(sizeof(GEMM_TYPE)), may_alias));

/* What one tile reads and writes. */
typedef struct GEMM(tile) {
    const GEMM_TYPE *a, *b;
    GEMM_TYPE *c;
    int64_t a_row, a_column, b_row, c_row, k;
    bool more; /* c holds sums to go on from */
    bool far;  /* and is out of the caches */
} GEMM(tile);

/* One step of k. */
static inline __attribute__((always_inline)) void GEMM(step)(int rows, int width,
                                                             const GEMM_TYPE *a, int64_t a_row,
                                                             const GEMM_TYPE *b,
                                                             GEMM(vector) sum[MR][WIDTH])
{
    GEMM(vector) row[WIDTH];
    UNROLL for (int v = 0; v < width; v++) row[v] = *(const GEMM(vector) *)(b + v * LANES);
    UNROLL for (int i = 0; i < rows; i++)
    {
        GEMM_TYPE x = a[i * a_row];
        UNROLL for (int v = 0; v < width; v++) sum[i][v] += x * row[v];
    }
}

static inline __attribute__((always_inline)) void GEMM(run)(int rows, int width,
                                                            const GEMM(tile) * t)
{
    GEMM(vector) sum[MR][WIDTH];
    const GEMM_TYPE *a = t->a, *b = t->b;
    GEMM_TYPE *c = t->c;
    const GEMM_TYPE *next = a + rows * t->a_row;
    const int64_t a_row = t->a_row, a_column = t->a_column, b_row = t->b_row, c_row = t->c_row;
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < width; v++) sum[i][v] =
        (GEMM(vector)){0};
    if (t->more)
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < width; v++) sum[i][v] =
            *(const GEMM(vector) *)(c + i * c_row + v * LANES);
    int64_t k = t->k;
    for (; k >= 4; k -= 4, next += 4 * a_column)
        UNROLL for (int u = 0; u < 4; u++)
        {
            GEMM(step)(rows, width, a, a_row, b, sum);
            a += a_column;
            b += b_row;
            UNROLL for (int i = u; i < rows; i += 4) __builtin_prefetch(next + i * a_row);
        }
    for (; k > 0; k--, a += a_column, b += b_row)
        GEMM(step)(rows, width, a, a_row, b, sum);
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < width; v++) *
        (GEMM(vector) *)(c + i * c_row + v * LANES) = sum[i][v];
}

/* ---- Any size of tile. */
#define GEMM_CASE(rows, width) \
    case 8 * (rows) + (width): \
        GEMM(run)(rows, width, t); \
        break;
#if GEMM_WIDTH > 2
#define GEMM_CASES(rows) \
    GEMM_CASE(rows, 1) GEMM_CASE(rows, 2) GEMM_CASE(rows, 3) GEMM_CASE(rows, 4)
#else
#define GEMM_CASES(rows) GEMM_CASE(rows, 1) GEMM_CASE(rows, 2)
#endif

static void GEMM(run_any)(int rows, int width, const GEMM(tile) * t)
{
    for (int i = 0; t->far && i < rows; i++)
        for (int v = 0; v < width * LANES; v += LINE)
            __builtin_prefetch(t->c + i * t->c_row + v, 1);
    switch (8 * rows + width) {
        GEMM_CASES(1)
        GEMM_CASES(2)
        GEMM_CASES(3)
        GEMM_CASES(4)
        GEMM_CASES(5)
        GEMM_CASES(6)
    }
}

/* ---- Packing. */
RG_TURN_FOUR(GEMM(turn_four), GEMM_TYPE)

/* A line of each column at a time, so that the panel's are filled while they are at hand. */
static void GEMM(transpose)(const GEMM_TYPE *b, int64_t next, int64_t k, int64_t columns,
                            GEMM_TYPE *panel, int64_t stride)
{
    for (; k > 0; k -= LINE, b += LINE, panel += LINE * stride) {
        int64_t steps = k < LINE ? k : LINE, j = 0;
        for (; j + 4 <= columns; j += 4)
            GEMM(turn_four)(b + j * next, next, steps, panel + j, stride);
        for (; j < columns; j++)
            for (int64_t i = 0; i < steps; i++)
                panel[i * stride + j] = b[j * next + i];
    }
}

/* `columns` columns, `stride` wide with zeros behind them.  Where they are all there is, they
 * stay as narrow as they are: a vector reaches into the next row, and its idle lanes are not
 * kept. */
static void GEMM(pack_panel)(const rg_gemm *g, const GEMM_TYPE *b, int64_t k, int64_t columns,
                             GEMM_TYPE *panel, int64_t stride)
{
    if (stride == g->b_row && g->b_column == 1) {
        memcpy(panel, b, (size_t)(k * stride) * sizeof(*b));
        memset(panel + k * stride, 0, sizeof(GEMM(vector)));
        return;
    }
    for (int64_t i = 0; columns < stride && i < k; i++)
        for (int64_t j = columns; j < stride; j++)
            panel[i * stride + j] = 0;
    if (g->b_row == 1 && g->b_column != 1) {
        GEMM(transpose)(b, g->b_column, k, columns, panel, stride);
        return;
    }
    for (int64_t i = 0; i < k && columns == NR && g->b_column == 1; i++)
        memcpy(panel + i * NR, b + i * g->b_row, sizeof(*b) * NR);
    for (int64_t i = 0; i < k && !(columns == NR && g->b_column == 1); i++)
        for (int64_t j = 0; j < columns; j++)
            panel[i * stride + j] = b[i * g->b_row + j * g->b_column];
}

/* ---- Blocks. */
#define KC (3200 / (int)sizeof(GEMM_TYPE))
#define BLOCK ((400 << 10) / (int)sizeof(GEMM_TYPE)) /* of b, in the second-level cache */
#define PAGE (4096 / (int)sizeof(GEMM_TYPE))
#define PACKED_FROM 128 /* rows of a that make up for packing b for the sake of its pages */

typedef struct GEMM(block) {
    const rg_gemm *g;
    const GEMM_TYPE *a, *b;
    GEMM_TYPE *c;
    int64_t k, columns;
    bool more;         /* c holds sums to go on from */
    GEMM_TYPE *panels; /* packed */
} GEMM(block);

/* One panel: its columns, and where it is. */
typedef struct GEMM(panel) {
    const GEMM_TYPE *b;
    int64_t columns, b_row;
    int width; /* vectors */
    bool packed;
} GEMM(panel);

static GEMM(panel) GEMM(panel_at)(const GEMM(block) * b, int64_t j)
{
    const rg_gemm *g = b->g;
    int64_t columns = b->columns - j < NR ? b->columns - j : NR;
    int width = (int)((columns + LANES - 1) / LANES);
    bool contiguous = g->b_column == 1, narrow = columns < width * LANES;
    bool far = g->b_row >= PAGE && g->m >= PACKED_FROM;
    if (contiguous && !narrow && !far)
        return (GEMM(panel)){b->b + j, columns, g->b_row, width, false};
    bool alone = contiguous && narrow && g->b_row == columns;
    return (GEMM(panel)){b->panels + j * b->k, columns, alone ? columns : width * LANES, width,
                         true};
}

static void GEMM(pack_block)(const GEMM(block) * b)
{
    for (int64_t j = 0; j < b->columns; j += NR) {
        GEMM(panel) p = GEMM(panel_at)(b, j);
        if (p.packed)
            GEMM(pack_panel)
        (b->g, b->b + j * b->g->b_column, b->k, p.columns, b->panels + j * b->k, p.b_row);
    }
}

/* Whether rows up to `end` may be written with whole vectors: what spills over the end of a row
 * is written again by the next rows, where this panel is all of c; the last rows must not
 * spill. */
static bool GEMM(is_whole)(const GEMM(block) * b, const GEMM(panel) * p, int64_t end)
{
    const rg_gemm *g = b->g;
    int64_t spill = (p->width * LANES - 1) / p->columns;
    return spill == 0 ||
           (p->columns == g->n && g->c_row == g->n && b->k == g->k && end + spill <= g->m);
}

/* By way of a buffer. */
static void GEMM(run_edge)(int rows, int width, GEMM(tile) t, int64_t columns)
{
    GEMM_TYPE edge[MR * NR], *c = t.c;
    int64_t c_row = t.c_row;
    t.c = edge;
    t.c_row = width * LANES;
    for (int r = 0; t.more && r < rows; r++)
        memcpy(edge + r * t.c_row, c + r * c_row, sizeof(*c) * (size_t)columns);
    GEMM(run_any)(rows, width, &t);
    for (int r = 0; r < rows; r++)
        memcpy(c + r * c_row, edge + r * t.c_row, sizeof(*c) * (size_t)columns);
}

/* The tiles of `rows` rows from row i. */
static void GEMM(run_rows)(const GEMM(block) * b, int64_t i, int rows)
{
    const rg_gemm *g = b->g;
    GEMM(tile)
    t = {.a = b->a + i * g->a_row,
         .a_row = g->a_row,
         .a_column = g->a_column,
         .c_row = g->c_row,
         .k = b->k,
         .more = b->more,
         .far = g->c_far};
    for (int64_t j = 0; j < b->columns; j += NR) {
        GEMM(panel) p = GEMM(panel_at)(b, j);
        t.b = p.b;
        t.b_row = p.b_row;
        t.c = b->c + i * g->c_row + j;
        if (GEMM(is_whole)(b, &p, i + rows))
            GEMM(run_any)(rows, p.width, &t);
        else
            GEMM(run_edge)(rows, p.width, t, p.columns);
    }
}

/* Rows in tiles whose heights differ by one at most. */
static void GEMM(run_block)(const GEMM(block) * b)
{
    int64_t m = b->g->m, tiles = (m + MR - 1) / MR, height = tiles > 0 ? m / tiles : 0;
    int64_t higher = m - height * tiles;
    GEMM(pack_block)(b);
    for (int64_t i = 0, tile = 0; tile < tiles; i += height + (tile < higher), tile++)
        GEMM(run_rows)(b, i, (int)(height + (tile < higher)));
}

/* The steps of k in a block: blocks are as equal as can be, in whole lines. */
static int64_t GEMM(steps_of)(int64_t k)
{
    int64_t blocks = (k + KC - 1) / KC;
    return blocks > 1 ? ((k + blocks - 1) / blocks + LINE - 1) / LINE * LINE : k;
}

/* The columns in a block, in whole panels. */
static int64_t GEMM(columns_of)(const rg_gemm *g)
{
    int64_t steps = GEMM(steps_of)(g->k), most = BLOCK / (steps > 0 ? steps : 1) / NR * NR;
    int64_t all = (g->n + NR - 1) / NR * NR;
    return all < most ? all : most > NR ? most : NR;
}

static size_t GEMM(scratch)(const rg_gemm *g)
{
    int64_t most = GEMM(steps_of)(g->k) * GEMM(columns_of)(g) + LANES;
    return (size_t)most * sizeof(GEMM_TYPE);
}

static void GEMM(product)(const rg_gemm *g, const GEMM_TYPE *a, const GEMM_TYPE *b,
                          GEMM_TYPE *c, void *scratch)
{
    const int64_t steps = GEMM(steps_of)(g->k), columns = GEMM(columns_of)(g);
    GEMM(block) block = {.g = g, .panels = scratch};
    for (int64_t j = 0; j < g->n; j += columns) {
        block.c = c + j;
        block.columns = g->n - j < columns ? g->n - j : columns;
        int64_t k = 0;
        do {
            block.a = a + k * g->a_column;
            block.b = b + k * g->b_row + j * g->b_column;
            block.k = g->k - k < steps ? g->k - k : steps;
            block.more = k > 0;
            GEMM(run_block)(&block);
            k += steps;
        } while (k < g->k);
    }
}

#undef GEMM_CASE
#undef GEMM_CASES
#undef GEMM
#undef GEMM_PASTE
#undef GEMM_PASTE_
#undef UNROLL
#undef MR
#undef WIDTH
#undef LANES
#undef NR
#undef LINE
#undef KC
#undef BLOCK
#undef PAGE
#undef PACKED_FROM
#undef GEMM_TYPE
#undef GEMM_SUFFIX
