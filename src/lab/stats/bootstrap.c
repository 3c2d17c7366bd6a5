/* bootstrap.c - resampling a list: streams of indices, replicates on all cores, and the mean as
 * the statistic that needs no copy of the resample. */
#include "lab/stats/bootstrap.h"

#include "rigor/stats.h"

#include <math.h>
#include <stdlib.h>

/* Small lists are resampled so often that the ends move by less than 1 % of the half width from
 * seed to seed; long ones (whose bootstrap distribution is close to normal) less often, so that
 * their cost stays at a second. */
enum { MOST_RESAMPLES = 50000, FEWEST_RESAMPLES = 10000, BLOCK = 128 };
#define MOST_DRAWS ((size_t)1 << 29)

int rg_ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool rg_any_nan(const double *values, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any |= isnan(values[i]);
    return any;
}

/* ---- Streams of indices */

void rg_bootstrap_key(const rg_bootstrap_plan *plan, uint32_t ret_key[2])
{
    rg_rng rng = rg_rng_open(plan->seed, "bootstrap");
    ret_key[0] = rng.key[0];
    ret_key[1] = rng.key[1];
}

rg_index_stream rg_index_stream_open(const uint32_t key[2], size_t resample, uint32_t part,
                                     size_t n)
{
    const uint32_t counter[2] = {(uint32_t)resample, part};
    uint32_t start[2];
    rg_threefry(key, counter, start);
    rg_index_stream stream = {
        .state = (uint64_t)start[1] << 32 | start[0], .n = n, .per_word = 1};
    const uint64_t most = (uint64_t)1 << 40; /* 2^24 values of a word for each outcome */
    for (uint64_t outcomes = n; n > 1 && outcomes <= most / n && stream.per_word < 32;
         outcomes *= n)
        stream.per_word++;
    return stream;
}

/* ---- Replicates on all cores */

size_t rg_bootstrap_resamples(const rg_bootstrap_plan *plan, size_t draws_each)
{
    if (plan->resamples > 0)
        return plan->resamples;
    size_t affordable = MOST_DRAWS / (draws_each ? draws_each : 1);
    return affordable > MOST_RESAMPLES     ? MOST_RESAMPLES
           : affordable < FEWEST_RESAMPLES ? FEWEST_RESAMPLES
                                           : affordable;
}

typedef struct batch {
    const rg_replicator *how;
    uint32_t key[2];
    size_t resamples;
    double *ret;
} batch;

static void run_block(void *ctx, size_t block)
{
    const batch *b = ctx;
    size_t from = block * BLOCK, to = from + BLOCK < b->resamples ? from + BLOCK : b->resamples;
    void *scratch = rg_alloc(b->how->scratch_bytes + 1);
    for (size_t i = from; i < to; i++)
        b->ret[i] = b->how->replicate(b->how->data, b->key, i, scratch);
    rg_free(scratch);
}

void rg_bootstrap_replicates(const rg_replicator *how, const rg_bootstrap_plan *plan,
                             size_t resamples, double *ret)
{
    batch b = {.how = how, .resamples = resamples, .ret = ret};
    rg_bootstrap_key(plan, b.key);
    rg_parallel(plan->threads > 0 ? plan->threads : rg_cpu_count(),
                (resamples + BLOCK - 1) / BLOCK, run_block, &b);
}

/* ---- A statistic of one list */

typedef struct list {
    const double *values;
    size_t n;
    rg_statistic *statistic; /* NULL: the mean */
    void *ctx;
} list;

static double replicate_mean(const void *data, const uint32_t key[2], size_t resample,
                             void *scratch)
{
    (void)scratch;
    const list *l = data;
    rg_index_stream stream = rg_index_stream_open(key, resample, 0, l->n);
    double sum = 0, first = isfinite(l->values[0]) ? l->values[0] : 0;
    for (size_t i = 0; i < l->n; i++)
        sum += l->values[rg_index_next(&stream)] - first;
    return first + sum / (double)l->n;
}

static double replicate_list(const void *data, const uint32_t key[2], size_t resample,
                             void *scratch)
{
    const list *l = data;
    double *values = scratch;
    rg_index_stream stream = rg_index_stream_open(key, resample, 0, l->n);
    for (size_t i = 0; i < l->n; i++)
        values[i] = l->values[rg_index_next(&stream)];
    return l->statistic(values, l->n, l->ctx);
}

static double estimate_of(const list *l)
{
    return l->statistic ? l->statistic(l->values, l->n, l->ctx) : rg_mean(l->values, l->n);
}

/* The statistic without each value in turn; for the mean, up to a constant and a factor, which
 * both cancel, that is the value itself with its sign changed. */
static rg_acceleration jackknife(const list *l)
{
    rg_acceleration a = {0};
    double *left_out = RG_NEW_ARRAY(double, l->n), *others = RG_NEW_ARRAY(double, l->n);
    for (size_t i = 0; i + 1 < l->n; i++)
        others[i] = l->values[i + 1]; /* all but the first */
    for (size_t i = 0; i < l->n; i++) {
        left_out[i] = l->statistic ? l->statistic(others, l->n - 1, l->ctx) : -l->values[i];
        others[i] = l->values[i]; /* from all but i to all but i + 1 */
    }
    rg_acceleration_add(&a, left_out, l->n);
    rg_free(left_out);
    rg_free(others);
    return a;
}

rg_interval rg_bootstrap(const double *values, size_t n, rg_statistic *statistic, void *ctx,
                         const rg_bootstrap_plan *plan)
{
    list l = {values, n, statistic, ctx};
    rg_interval nothing = {NAN, NAN, NAN};
    if (n == 0 || rg_any_nan(values, n))
        return nothing;
    double estimate = estimate_of(&l);
    if (n == 1 || isnan(estimate))
        return (rg_interval){estimate, NAN, NAN};
    rg_replicator how = {statistic ? replicate_list : replicate_mean, &l, n * sizeof(*values)};
    size_t resamples = rg_bootstrap_resamples(plan, n);
    double *replicates = RG_NEW_ARRAY(double, resamples);
    rg_bootstrap_replicates(&how, plan, resamples, replicates);
    rg_acceleration a = plan->kind == RG_BOOTSTRAP_BCA ? jackknife(&l) : (rg_acceleration){0};
    rg_interval interval = rg_bootstrap_interval(estimate, replicates, resamples, plan, &a);
    rg_free(replicates);
    return interval;
}
