/* argsort.c - stable orders along an axis, by radix sort.
 *
 * Every type maps to a whole number whose order is wanted: the bits of a float, flipped where
 * it is negative, order as the float does; descending order flips all bits; NaN is the largest
 * number in either case.  The keys of one run are then sorted by their digits, least digit
 * first, each pass a stable distribution; digits that all keys share are skipped.  Short runs
 * are sorted by insertion. */
#include "engine/cpu/program.h"
#include "engine/ir/bfloat.h"

#include <string.h>

#define DIGIT_BITS 8
#define DIGITS (64 / DIGIT_BITS)
#define BUCKETS (1 << DIGIT_BITS)
#define INSERTION_MAX 48

typedef struct entry {
    uint64_t key;
    int64_t place;
} entry;

typedef struct argsort_kernel {
    rg_kernel base;
    uint64_t (*key)(const void *x, int64_t i);
    uint64_t flip; /* all bits for descending order */
    uint32_t x, out;
    int64_t outer, n, inner;
    size_t bytes;
} argsort_kernel;

/* ---- Keys. */
#define NAN_KEY UINT64_MAX

#define FLOAT_KEY(name, T, U, sign) \
    static uint64_t key_##name(const void *x, int64_t i) \
    { \
        T value = ((const T *)x)[i] + 0; /* -0 becomes 0 */ \
        U bits; \
        memcpy(&bits, &value, sizeof(bits)); \
        bits = bits & (sign) ? ~bits : bits | (sign); \
        return value != value ? NAN_KEY : bits; \
    }
FLOAT_KEY(f32, float, uint32_t, 1u << 31)
FLOAT_KEY(f64, double, uint64_t, (uint64_t)1 << 63)

static uint64_t key_bf16(const void *x, int64_t i)
{
    float value = rg_bf16_float(((const uint16_t *)x)[i]);
    return key_f32(&value, 0);
}

static uint64_t key_i32(const void *x, int64_t i)
{
    return ((const uint32_t *)x)[i] ^ 1u << 31;
}

static uint64_t key_u32(const void *x, int64_t i)
{
    return ((const uint32_t *)x)[i];
}

static uint64_t key_bool(const void *x, int64_t i)
{
    return ((const unsigned char *)x)[i] != 0;
}

static void read_run(const argsort_kernel *k, const char *x, entry *list)
{
    for (int64_t t = 0; t < k->n; t++) {
        uint64_t key = k->key(x, t * k->inner);
        list[t] = (entry){key == NAN_KEY ? key : key ^ k->flip, t};
    }
}

/* ---- Sorting. */
static void insertion_sort(entry *list, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        entry e = list[i];
        int64_t at = i;
        for (; at > 0 && list[at - 1].key > e.key; at--)
            list[at] = list[at - 1];
        list[at] = e;
    }
}

static void count_digits(const entry *list, int64_t n, int64_t count[DIGITS][BUCKETS])
{
    memset(count, 0, sizeof(int64_t) * DIGITS * BUCKETS);
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++)
            count[d][list[i].key >> (d * DIGIT_BITS) & (BUCKETS - 1)]++;
}

static void distribute(const entry *from, int64_t n, int shift, int64_t *count, entry *to)
{
    int64_t start = 0;
    for (int b = 0; b < BUCKETS; b++) {
        int64_t next = start + count[b];
        count[b] = start;
        start = next;
    }
    for (int64_t i = 0; i < n; i++)
        to[count[from[i].key >> shift & (BUCKETS - 1)]++] = from[i];
}

/* Sorts by key with room for n entries in `other`; returns where the result stands. */
static entry *radix_sort(entry *list, entry *other, int64_t n)
{
    int64_t count[DIGITS][BUCKETS];
    count_digits(list, n, count);
    for (int d = 0; d < DIGITS; d++) {
        int shift = d * DIGIT_BITS;
        if (count[d][list[0].key >> shift & (BUCKETS - 1)] == n)
            continue;
        distribute(list, n, shift, count[d], other);
        entry *swap = list;
        list = other;
        other = swap;
    }
    return list;
}

static bool run_argsort(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const argsort_kernel *k = (const argsort_kernel *)base;
    entry *list = (entry *)(void *)frame->scratch, *sorted = list;
    (void)err;
    for (int64_t o = 0; o < k->outer; o++)
        for (int64_t i = 0; i < k->inner && k->n > 0; i++) {
            int64_t first = o * k->n * k->inner + i;
            int32_t *out = (int32_t *)(void *)frame->slot[k->out] + first;
            read_run(k, frame->slot[k->x] + (size_t)first * k->bytes, list);
            if (k->n <= INSERTION_MAX)
                insertion_sort(list, k->n);
            else
                sorted = radix_sort(list, list + k->n, k->n);
            for (int64_t t = 0; t < k->n; t++)
                out[t * k->inner] = (int32_t)sorted[t].place;
        }
    return true;
}

rg_kernel *rg_lower_argsort(rg_lowering *lowering, const rg_step *step)
{
    static uint64_t (*const keys[])(const void *, int64_t) = {
        [RG_F32] = key_f32, [RG_F64] = key_f64,   [RG_I32] = key_i32,
        [RG_U32] = key_u32, [RG_BOOL] = key_bool, [RG_BF16] = key_bf16};
    const rg_graph *graph = lowering->layout->graph;
    const rg_node *node = rg_node_of(graph, step->node[0]), *x = rg_operand(graph, node, 0);
    argsort_kernel *k = RG_KERNEL_NEW(lowering, argsort_kernel, run_argsort);
    k->key = keys[x->dtype];
    k->bytes = rg_dtype_bytes(x->dtype);
    /* 64-bit keys flip as a whole; 32-bit ones keep their upper half below NaN's. */
    k->flip = !node->attr.sort.descending ? 0 : k->bytes == 8 ? UINT64_MAX : UINT32_MAX;
    k->x = rg_lower_slot(lowering, node->in[0]);
    k->out = rg_lower_slot(lowering, step->node[0]);
    k->outer = k->inner = 1;
    k->n = node->shape.dim[node->attr.sort.axis];
    for (int i = 0; i < node->shape.rank; i++)
        if (i != node->attr.sort.axis)
            *(i < node->attr.sort.axis ? &k->outer : &k->inner) *= node->shape.dim[i];
    k->base.scratch = sizeof(entry) * 2 * (size_t)k->n;
    return &k->base;
}
