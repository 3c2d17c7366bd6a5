/* ours.c - the bootstrap on one core: microseconds, as JSON lines. */
#include "rigor/resample.h"

#include <stdio.h>

enum { TASKS = 30, RUNS = 10, RESAMPLES = 50000, EXAMPLES = 100000, LONG_RESAMPLES = 500 };

static void print_us(const char *workload, uint64_t start, double share)
{
    printf("{\"workload\": \"%s\", \"who\": \"rigor\", \"us\": %.2f}\n", workload,
           (double)(rg_clock_ns() - start) / 1000 / share);
}

int main(void)
{
    rg_rng rng = rg_rng_open(1, "bench");
    double *scores = RG_NEW_ARRAY(double, TASKS *RUNS),
           *other = RG_NEW_ARRAY(double, TASKS *RUNS);
    double *examples = RG_NEW_ARRAY(double, EXAMPLES);
    for (size_t i = 0; i < TASKS * RUNS; i++) {
        scores[i] = rg_rng_normal(&rng);
        other[i] = rg_rng_normal(&rng);
    }
    for (size_t i = 0; i < EXAMPLES; i++)
        examples[i] = rg_rng_normal(&rng);
    rg_task_scores a = {scores, TASKS, RUNS}, b = {other, TASKS, RUNS};
    rg_bootstrap_plan plan = {RG_BOOTSTRAP_PERCENTILE, RESAMPLES, 1, 1, .05};

    uint64_t start = rg_clock_ns();
    rg_aggregate_interval(a, RG_AGGREGATE_IQM, &plan);
    print_us("IQM, 30 tasks x 10 runs, 50,000 resamples", start, 1);
    start = rg_clock_ns();
    rg_probability_of_improvement(a, b, &plan);
    print_us("P(A > B), 30 tasks x 10 runs, 50,000 resamples", start, 1);
    plan.resamples = LONG_RESAMPLES;
    start = rg_clock_ns();
    rg_bootstrap(examples, EXAMPLES, NULL, NULL, &plan);
    print_us("mean of 100,000 examples, one resample", start, LONG_RESAMPLES);
    rg_free(scores);
    rg_free(other);
    rg_free(examples);
    return 0;
}
