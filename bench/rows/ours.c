/* ours.c - operations with statistics of rows: softmax and layer norm of (rows, length), alone and
 * with the derivative by x for a cotangent.  Prints {"workload", "who", "us"}: microseconds for a
 * thousand elements, that is nanoseconds an element, of the thread's processor time; the fastest of
 * the runs. */
#include "rigor/nn.h"
#include "rigor/plan.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define ROWS 768
#define RUNS 301

static rg_val layer_norm(rg_val x)
{
    rg_val over = rg_const(x.graph, 1.0 / (double)rg_val_shape(x).dim[1], RG_F32);
    rg_val centred = rg_sub(x, rg_mul(rg_sum(x, RG_AXIS(1), true), over));
    rg_val variance = rg_mul(rg_sum(rg_mul(centred, centred), RG_AXIS(1), true), over);
    return rg_div(centred, rg_sqrt(rg_add(variance, rg_const(x.graph, 1e-5, RG_F32))));
}

static rg_val softmax(rg_val x)
{
    return rg_softmax(x);
}

static const struct {
    const char *name;
    rg_val (*build)(rg_val x);
} operations[] = {{"softmax", softmax}, {"layer norm", layer_norm}};

static void fill(rg_plan *plan, rg_val x)
{
    rg_rng rng = rg_rng_open(1, "rows");
    float *data = rg_plan_buffer(plan, x);
    for (int64_t i = 0; i < rg_val_count(x); i++)
        data[i] = (float)rg_rng_normal(&rng);
}

/* The processor time of this thread: what else runs on the machine counts little. */
static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds of the fastest run. */
static double time_of(rg_plan *plan, rg_err *err)
{
    double least = INFINITY;
    for (int i = 0; i < RUNS; i++) {
        double start = now_ns();
        if (!rg_plan_run(plan, err))
            return NAN;
        double ns = now_ns() - start;
        least = ns < least ? ns : least;
    }
    return least;
}

static bool measure(size_t operation, int64_t length, bool backward, rg_err *err)
{
    rg_graph *graph = rg_graph_new();
    rg_shape shape = rg_shape_of(ROWS, length);
    rg_val x = rg_input(graph, "x", RG_F32, shape), dy = rg_input(graph, "dy", RG_F32, shape);
    rg_val output[2] = {operations[operation].build(x)};
    if (backward)
        rg_vjp(&output[0], &dy, 1, &x, 1, &output[1]);
    rg_plan *plan = rg_plan_compile(graph, output, backward ? 2 : 1, NULL, 0, NULL, err);
    double ns = NAN;
    if (plan) {
        fill(plan, x);
        if (backward)
            fill(plan, dy);
        ns = time_of(plan, err);
        printf("{\"workload\": \"ns an element: %s%s, (%d, %lld)\", \"who\": \"rigor\", "
               "\"us\": %.3f}\n",
               operations[operation].name, backward ? " with its derivative" : "", ROWS,
               (long long)length, ns / (double)(ROWS * length));
    }
    rg_plan_free(plan);
    rg_graph_free(graph);
    return !isnan(ns);
}

int main(void)
{
    static const int64_t lengths[] = {64, 128, 512};
    rg_err err = {0};
    for (size_t o = 0; o < RG_COUNT(operations); o++)
        for (int backward = 0; backward < 2; backward++)
            for (size_t l = 0; l < RG_COUNT(lengths); l++)
                if (!measure(o, lengths[l], backward, &err)) {
                    fprintf(stderr, "%s: %s\n", err.where, err.what);
                    return 1;
                }
    return 0;
}
