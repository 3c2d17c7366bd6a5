/* ours.c - an element-wise chain too large for the caches: AdamW's update of 4 million
 * parameters (hyper-parameters are scalars that the run is given), computed in three ways,
 * beside a copy of as many bytes.  Prints {"workload", "who", "us"}: microseconds for a
 * thousand elements, that is nanoseconds an element; the fastest of the runs, for the memory
 * is shared with others. */
#include "engine/cpu/program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ELEMENTS 4000000
#define RUNS 31

enum { PARAMETER, GRADIENT, MEAN, SQUARE, TENSORS };
enum { RATE, BETA1, BETA2, REST1, REST2, ROOT2, EPSILON, KEEP, SCALARS };
static const char *const tensor_names[] = {"parameter", "gradient", "mean", "square"};
static const char *const scalar_names[] = {"rate",      "beta1", "beta2",   "1 - beta1",
                                           "1 - beta2", "root2", "epsilon", "keep"};
static const float scalar_values[] = {1e-3f, .9f, .999f, .1f, .001f, .8f, 1e-8f, .9999f};

typedef struct update {
    rg_graph *graph;
    rg_val tensor[TENSORS], scalar[SCALARS];
    rg_carry carry[3];
} update;

/* 14 operations: m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
 * p' = keep p - rate m' / (sqrt(v') / root2 + epsilon). */
static update build(int64_t n)
{
    update u = {.graph = rg_graph_new()};
    for (int i = 0; i < TENSORS; i++)
        u.tensor[i] = rg_input(u.graph, tensor_names[i], RG_F32, rg_shape_of(n));
    for (int i = 0; i < SCALARS; i++)
        u.scalar[i] = rg_input(u.graph, scalar_names[i], RG_F32, RG_SCALAR);
    const rg_val *s = u.scalar, *t = u.tensor;
    rg_val g = t[GRADIENT];
    rg_val m = rg_add(rg_mul(s[BETA1], t[MEAN]), rg_mul(s[REST1], g));
    rg_val v = rg_add(rg_mul(s[BETA2], t[SQUARE]), rg_mul(s[REST2], rg_mul(g, g)));
    rg_val below = rg_add(rg_div(rg_sqrt(v), s[ROOT2]), s[EPSILON]);
    rg_val step = rg_div(rg_mul(s[RATE], m), below);
    rg_val p = rg_sub(rg_mul(s[KEEP], t[PARAMETER]), step);
    u.carry[0] = (rg_carry){t[PARAMETER], p};
    u.carry[1] = (rg_carry){t[MEAN], m};
    u.carry[2] = (rg_carry){t[SQUARE], v};
    return u;
}

static void fill(const update *u, rg_plan *plan)
{
    rg_rng rng = rg_rng_open(1, "chain");
    for (int i = 0; i < TENSORS; i++) {
        float *x = rg_plan_buffer(plan, u->tensor[i]);
        for (int64_t k = 0; k < rg_val_count(u->tensor[i]); k++)
            x[k] = (float)rg_rng_unit(&rng);
    }
    for (int i = 0; i < SCALARS; i++)
        *(float *)rg_plan_buffer(plan, u->scalar[i]) = scalar_values[i];
}

/* The processor time of this thread: what else runs on the machine counts little. */
static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds of the fastest call. */
static double time_of(void (*call)(void *), void *ctx)
{
    double least = INFINITY;
    for (int i = 0; i < RUNS; i++) {
        double start = now_ns();
        call(ctx);
        double ns = now_ns() - start;
        least = ns < least ? ns : least;
    }
    return least;
}

static void say(const char *workload, const char *who, double ns, int64_t n)
{
    printf("{\"workload\": \"%s\", \"who\": \"%s\", \"us\": %.3f}\n", workload, who,
           ns / (double)n);
    fflush(stdout);
}

/* ---- A plan, with or without machine code. */
static void run_plan(void *ctx)
{
    rg_err err = {0};
    rg_plan_run(ctx, &err);
}

static double time_plan(int64_t n, const char *emit)
{
    setenv("RIGOR_EMIT", emit, 1);
    update u = build(n);
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(u.graph, NULL, 0, u.carry, 3, NULL, &err);
    fill(&u, plan);
    double ns = time_of(run_plan, plan);
    rg_plan_free(plan);
    rg_graph_free(u.graph);
    return ns;
}

/* ---- One pass over memory for each operation, as an eager framework does it. */
typedef struct passes {
    const rg_loops *loops;
    float *at[TENSORS + 2];
    float *scalar[SCALARS];
} passes;

static void run_passes(void *ctx)
{
    passes *p = ctx;
    float **t = p->at, **s = p->scalar, *a = t[TENSORS], *b = t[TENSORS + 1];
    struct {
        rg_op op;
        float *out, *x, *y;
    } all[] = {{RG_OP_mul, t[MEAN], t[MEAN], s[BETA1]},
               {RG_OP_mul, a, t[GRADIENT], s[REST1]},
               {RG_OP_add, t[MEAN], t[MEAN], a},
               {RG_OP_mul, t[SQUARE], t[SQUARE], s[BETA2]},
               {RG_OP_mul, a, t[GRADIENT], t[GRADIENT]},
               {RG_OP_mul, a, a, s[REST2]},
               {RG_OP_add, t[SQUARE], t[SQUARE], a},
               {RG_OP_sqrt, a, t[SQUARE], NULL},
               {RG_OP_div, a, a, s[ROOT2]},
               {RG_OP_add, a, a, s[EPSILON]},
               {RG_OP_mul, b, t[MEAN], s[RATE]},
               {RG_OP_div, b, b, a},
               {RG_OP_mul, t[PARAMETER], t[PARAMETER], s[KEEP]},
               {RG_OP_sub, t[PARAMETER], t[PARAMETER], b}};
    for (size_t i = 0; i < RG_COUNT(all); i++) {
        bool spread = all[i].y && all[i].y != t[GRADIENT] && all[i].y != a && all[i].y != b;
        int64_t tile = spread ? 512 : ELEMENTS; /* a scalar is a tile of itself */
        for (int64_t k = 0; k < ELEMENTS; k += tile) {
            int64_t n = ELEMENTS - k < tile ? ELEMENTS - k : tile;
            p->loops->element[all[i].op][RG_F32](all[i].out + k, all[i].x + k,
                                                 all[i].y ? all[i].y + (spread ? 0 : k) : NULL,
                                                 NULL, n);
        }
    }
}

static double time_passes(rg_arena *arena)
{
    passes p = {.loops = rg_loops_best()};
    rg_rng rng = rg_rng_open(1, "chain");
    for (int i = 0; i < TENSORS + 2; i++) {
        p.at[i] = RG_ARENA_ARRAY(arena, float, ELEMENTS);
        for (int64_t k = 0; k < ELEMENTS; k++)
            p.at[i][k] = (float)rg_rng_unit(&rng);
    }
    for (int i = 0; i < SCALARS; i++) {
        p.scalar[i] = RG_ARENA_ARRAY(arena, float, 512);
        for (int k = 0; k < 512; k++)
            p.scalar[i][k] = scalar_values[i];
    }
    return time_of(run_passes, &p);
}

/* ---- A copy that moves as many bytes: 4 tensors are read, 3 written, so 3.5 of each. */
#define MOVED ((size_t)ELEMENTS * 4 * 7 / 2)
static void run_copy(void *ctx)
{
    char *memory = ctx;
    memcpy(memory, memory + MOVED, MOVED);
}

int main(void)
{
    rg_arena *arena = rg_arena_new();
    char *memory = rg_arena_alloc(arena, 2 * MOVED);
    memset(memory, 1, 2 * MOVED);
    say("ns an element: a copy of as many bytes", "rigor", time_of(run_copy, memory), ELEMENTS);
    say("ns an element: AdamW, a pass for each operation", "rigor", time_passes(arena),
        ELEMENTS);
    say("ns an element: AdamW in tiles", "rigor", time_plan(ELEMENTS, "off"), ELEMENTS);
    say("ns an element: AdamW emitted", "rigor", time_plan(ELEMENTS, "on"), ELEMENTS);
    say("ns an element: AdamW in tiles, 4096", "rigor", time_plan(4096, "off"), 4096);
    say("ns an element: AdamW emitted, 4096", "rigor", time_plan(4096, "on"), 4096);
    rg_arena_free(arena);
    return 0;
}
