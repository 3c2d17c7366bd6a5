/* machine.c - what this machine's kernels reach, measured with plans of one step each. */
#include "rigor/plan.h"

#include <math.h>

#define TRIES 7

/* A graph of one step, and the times that it is repeated for the clock to see it. */
typedef struct probe {
    rg_val (*build)(rg_graph *graph, int64_t n);
    int64_t n;
    int repeats;
} probe;

static rg_val row(rg_graph *graph, const char *name, int64_t n)
{
    return rg_input(graph, name, RG_F32, rg_shape_of(n));
}

static rg_val build_dot(rg_graph *graph, int64_t n)
{
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(n, n));
    rg_val y = rg_input(graph, "y", RG_F32, rg_shape_of(n, n));
    return rg_matmul(x, y);
}

static rg_val build_half_dot(rg_graph *graph, int64_t n)
{
    rg_val x = rg_input(graph, "x", RG_BF16, rg_shape_of(n, n));
    rg_val y = rg_input(graph, "y", RG_BF16, rg_shape_of(n, n));
    return rg_matmul(x, y);
}

static rg_val build_sum(rg_graph *graph, int64_t n)
{
    return rg_add(row(graph, "x", n), row(graph, "y", n));
}

#define CHAIN 32 /* sums and products */
static rg_val build_chain(rg_graph *graph, int64_t n)
{
    rg_val x = row(graph, "x", n), y = row(graph, "y", n), z = x;
    for (int i = 0; i < CHAIN / 2; i++)
        z = rg_add(rg_mul(z, y), x);
    return z;
}

/* Seconds of one run, the best of some tries. */
static bool measure(const probe *p, double *ret, rg_err *err)
{
    rg_graph *graph = rg_graph_new();
    rg_val out = p->build(graph, p->n);
    rg_plan *plan = rg_plan_compile(graph, &out, 1, NULL, 0, NULL, err);
    double best = INFINITY;
    bool ok = plan != NULL;
    for (int i = 0; ok && i < TRIES; i++) {
        uint64_t start = rg_clock_ns();
        for (int k = 0; ok && k < p->repeats; k++)
            ok = rg_plan_run(plan, err);
        double seconds = (double)(rg_clock_ns() - start) * 1e-9 / p->repeats;
        best = seconds < best ? seconds : best;
    }
    rg_plan_free(plan);
    rg_graph_free(graph);
    *ret = best;
    return ok;
}

bool rg_machine_measure(rg_machine *ret, rg_err *err)
{
    enum { NOTHING, DOT, HALF_DOT, CHAIN_NEAR, SUM_NEAR, SUM_FAR, PROBES };
    static const probe probes[PROBES] = {
        [NOTHING] = {build_sum, 1, 2000},      [DOT] = {build_dot, 384, 1},
        [HALF_DOT] = {build_half_dot, 384, 1}, [CHAIN_NEAR] = {build_chain, 4096, 50},
        [SUM_NEAR] = {build_sum, 16384, 100},  [SUM_FAR] = {build_sum, (int64_t)8 << 20, 1},
    };
    double s[PROBES];
    for (int i = 0; i < PROBES; i++)
        if (!measure(&probes[i], &s[i], err))
            return false;
    for (int i = CHAIN_NEAR; i < PROBES; i++)
        s[i] = fmax(s[i] - s[NOTHING], 1e-9);
    *ret = (rg_machine){
        .dot_flops = 2.0 * 384 * 384 * 384 / s[DOT],
        .half_flops = 2.0 * 384 * 384 * 384 / s[HALF_DOT],
        .loop_flops = (double)CHAIN * (double)probes[CHAIN_NEAR].n / s[CHAIN_NEAR],
        .near_bytes = 12.0 * (double)probes[SUM_NEAR].n / s[SUM_NEAR],
        .far_bytes = 12.0 * (double)probes[SUM_FAR].n / s[SUM_FAR],
        .step_s = s[NOTHING],
    };
    return true;
}
