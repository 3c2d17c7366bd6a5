/* ours.c - time of one matrix product, f32, one thread, its operands in the caches as far as
 * they fit: cubes, and the products of a training step of the small GPT of bench/networks.
 *
 * Standard output: {"workload", "who", "us"}, as the engine would run it.  Standard error: by
 * our own kernel, by oneDNN where it is installed, both in GFLOP/s, and the engine's choice as
 * a share of the core's peak, which a loop of multiply-adds between registers reaches. */
#include "rigor/graph.h"
#include "rigor/plan.h"

#include <stdio.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BATCHES 25
#define BATCH_S 2e-3

typedef struct product { /* (m, k) times (k, n); stored as (k, m), as (n, k) */
    const char *name;
    int64_t m, n, k;
    bool x_turned, y_turned;
} product;

static const product products[] = {
    {"product 16 x 16 x 16", 16, 16, 16, false, false},
    {"product 64 x 64 x 64", 64, 64, 64, false, false},
    {"product 128 x 128 x 128", 128, 128, 128, false, false},
    {"product 256 x 256 x 256", 256, 256, 256, false, false},
    {"product 512 x 512 x 512", 512, 512, 512, false, false},
    {"product 64 x 64 x 32, y turned (scores)", 64, 64, 32, false, true},
    {"product 64 x 32 x 64 (values)", 64, 32, 64, false, false},
    {"product 768 x 128 x 128", 768, 128, 128, false, false},
    {"product 768 x 512 x 128", 768, 512, 128, false, false},
    {"product 768 x 128 x 512", 768, 128, 512, false, false},
    {"product 768 x 512 x 128, y turned", 768, 512, 128, false, true},
    {"product 768 x 128 x 512, y turned", 768, 128, 512, false, true},
    {"product 128 x 128 x 768, x turned", 128, 128, 768, true, false},
    {"product 128 x 512 x 768, x turned", 128, 512, 768, true, false},
    {"product 512 x 128 x 768, x turned", 512, 128, 768, true, false},
    {"product 32 x 10 x 64", 32, 10, 64, false, false},
};

/* ---- The peak. */
#if defined(__x86_64__)
#define CHAINS 12 /* of multiply-adds: more than their latency, fewer than the registers */
#define ROUNDS 200000

#define EACH_CHAIN _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++)
#define RUN(bits, features) \
    __attribute__((target(features))) static float run_##bits(void) \
    { \
        __m##bits sum[CHAINS], x = _mm##bits##_set1_ps(0.5f), y = _mm##bits##_set1_ps(1e-9f); \
        EACH_CHAIN sum[i] = _mm##bits##_set1_ps((float)i); \
        for (int n = 0; n < ROUNDS; n++) \
            EACH_CHAIN sum[i] = _mm##bits##_fmadd_ps(sum[i], x, y); \
        float ret = 0; \
        EACH_CHAIN ret += _mm##bits##_cvtss_f32(sum[i]); \
        return ret; \
    }
RUN(512, "avx512f")
RUN(256, "avx2,fma")

/* GFLOP/s; 0 where it is not known how to reach it. */
static double peak(void)
{
    bool wide = __builtin_cpu_supports("avx512f");
    if (!wide && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")))
        return 0;
    double best = 0;
    for (int i = 0; i < BATCHES; i++) {
        uint64_t begun = rg_clock_ns();
        volatile float kept = wide ? run_512() : run_256();
        (void)kept;
        double flops = 2.0 * (wide ? 16 : 8) * CHAINS * ROUNDS;
        double rate = flops / (double)(rg_clock_ns() - begun);
        best = rate > best ? rate : best;
    }
    return best;
}
#else
static double peak(void)
{
    return 0;
}
#endif

/* ---- A product. */
static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void fill(rg_plan *plan, rg_val x)
{
    rg_rng rng = rg_rng_open(1, "product");
    for (int64_t i = 0; i < rg_val_count(x); i++)
        ((float *)rg_plan_buffer(plan, x))[i] = (float)rg_rng_normal(&rng);
}

/* The median batch's time of one run, in seconds; negative when it fails. */
static double time_of(rg_plan *plan, double flops, rg_err *err)
{
    int64_t runs = 1 + (int64_t)(BATCH_S * 1e11 / flops);
    double s[BATCHES];
    for (int i = 0; i < BATCHES; i++) {
        uint64_t begun = rg_clock_ns();
        for (int64_t k = 0; k < runs; k++)
            if (!rg_plan_run(plan, err))
                return -1;
        s[i] = (double)(rg_clock_ns() - begun) * 1e-9 / (double)runs;
    }
    qsort(s, BATCHES, sizeof(*s), by_size);
    return s[BATCHES / 2];
}

/* onednn: RIGOR_ONEDNN's value; NULL leaves the choice to the engine. */
static double measure(const product *p, const char *onednn, rg_err *err)
{
    if (onednn)
        setenv("RIGOR_ONEDNN", onednn, 1);
    else
        unsetenv("RIGOR_ONEDNN");
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32,
                        p->x_turned ? rg_shape_of(p->k, p->m) : rg_shape_of(p->m, p->k));
    rg_val y = rg_input(graph, "y", RG_F32,
                        p->y_turned ? rg_shape_of(p->n, p->k) : rg_shape_of(p->k, p->n));
    rg_val z = rg_dot(x, y,
                      &(rg_dot_axes){.n_contract = 1,
                                     .contract_x = {p->x_turned ? 0 : 1},
                                     .contract_y = {p->y_turned ? 1 : 0}});
    rg_plan *plan =
        rg_plan_compile(graph, &z, 1, NULL, 0, &(rg_plan_options){.threads = 1}, err);
    double s = -1;
    if (plan) {
        fill(plan, x);
        fill(plan, y);
        s = time_of(plan, 2.0 * (double)p->m * (double)p->n * (double)p->k, err);
    }
    rg_plan_free(plan);
    rg_graph_free(graph);
    return s;
}

int main(void)
{
    double most = peak();
    fprintf(stderr, "peak %.1f GFLOP/s\n%-40s %8s %8s %8s\n", most, "GFLOP/s", "own", "oneDNN",
            "of peak");
    for (size_t i = 0; i < RG_COUNT(products); i++) {
        const product *p = &products[i];
        rg_err err = {0};
        double flops = 2e-9 * (double)p->m * (double)p->n * (double)p->k;
        double own = measure(p, "off", &err), onednn = measure(p, "always", &err);
        double chosen = measure(p, NULL, &err);
        if (own < 0 || onednn < 0 || chosen < 0) {
            rg_err_print(&err);
            return (int)err.code;
        }
        fprintf(stderr, "%-40s %8.1f %8.1f %7.1f%%\n", p->name, flops / own, flops / onednn,
                most > 0 ? 100 * flops / chosen / most : 0);
        printf("{\"workload\": \"%s\", \"who\": \"rigor\", \"us\": %.3f}\n", p->name,
               chosen * 1e6);
        fflush(stdout);
    }
    return 0;
}
