/* test_resample.c - published numbers, agreement with the slow and obvious way, the same bits
 * for any number of threads, and degenerate cases of the bootstrap and what is built on it. */
#include "rigor/resample.h"
#include "rigor/special.h"
#include "support.h"

static const rg_bootstrap_plan percentile = {RG_BOOTSTRAP_PERCENTILE, 0, 1, 0, .05};

static rg_bootstrap_plan of_kind(rg_bootstrap_kind kind)
{
    rg_bootstrap_plan plan = percentile;
    plan.kind = kind;
    return plan;
}

static rg_rng open_stream(const char *name)
{
    print_message("seed %llu\n", (unsigned long long)support_seed());
    return rg_rng_open(support_seed(), "%s", name);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void assert_near(double x, double y, double share)
{
    assert_close(x / y, 1, share);
}

static void assert_same(rg_interval x, rg_interval y)
{
    assert_memory_equal(&x, &y, sizeof(x));
}

static void assert_nothing(rg_interval i)
{
    assert_true(isnan(i.estimate) && isnan(i.lo) && isnan(i.hi));
}

/* ---- The bootstrap of a list */

static double slow_mean(const double *values, size_t n, void *ctx)
{
    (void)ctx;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

static void golden_intervals(void **state)
{
    (void)state;
    static const double x[] = {10, 12, 12.5, 12.5, 13.9, 15,  21,  22,
                               23, 34, 50,   81,   89,   121, 134, 213};
    static const struct {
        rg_bootstrap_kind kind;
        double lo, hi;
    } golden[] = {{RG_BOOTSTRAP_PERCENTILE, 28.86, 84.21},
                  {RG_BOOTSTRAP_BASIC, 23.77, 79.12},
                  {RG_BOOTSTRAP_BCA, 32.31, 91.43}};
    for (size_t i = 0; i < RG_COUNT(golden); i++) {
        rg_bootstrap_plan plan = of_kind(golden[i].kind);
        plan.resamples = 500000;
        rg_interval mean = rg_bootstrap(x, 16, NULL, NULL, &plan);
        print_message("kind %d: %.3f to %.3f\n", plan.kind, mean.lo, mean.hi);
        assert_close(mean.estimate, 53.99375, 1e-9);
        assert_near(mean.lo, golden[i].lo, .005);
        assert_near(mean.hi, golden[i].hi, .005);
    }
}

static void the_mean_needs_no_statistic(void **state)
{
    (void)state;
    rg_rng rng = open_stream("mean");
    double x[40];
    for (size_t i = 0; i < 40; i++)
        x[i] = rg_rng_normal(&rng);
    for (int kind = RG_BOOTSTRAP_PERCENTILE; kind <= RG_BOOTSTRAP_BCA; kind++) {
        rg_bootstrap_plan plan = of_kind(kind);
        plan.resamples = 2000;
        rg_interval fast = rg_bootstrap(x, 40, NULL, NULL, &plan);
        rg_interval slow = rg_bootstrap(x, 40, slow_mean, NULL, &plan);
        assert_close(fast.estimate, slow.estimate, 1e-14);
        assert_close(fast.lo, slow.lo, 1e-12);
        assert_close(fast.hi, slow.hi, 1e-12);
    }
}

/* The bootstrap's own standard error is that of the mean with n in place of n - 1. */
static void resamples_are_uniform(void **state)
{
    (void)state;
    enum { N = 7, MANY = 200000 };
    double x[N] = {0, 0, 0, 1, 0, 0, 0};
    rg_bootstrap_plan plan = percentile;
    plan.resamples = MANY;
    /* how often place 3 is drawn is binomial (7, 1/7): P(none) = .33992, P(at least 4) = .01043
     */
    plan.alpha = 2 * .335;
    assert_close(rg_bootstrap(x, N, NULL, NULL, &plan).lo, 0, 0);
    plan.alpha = 2 * .345;
    assert_close(rg_bootstrap(x, N, NULL, NULL, &plan).lo, 1. / 7, 1e-12);
    plan.alpha = 2 * .0115;
    assert_close(rg_bootstrap(x, N, NULL, NULL, &plan).hi, 3. / 7, 1e-12);
    plan.alpha = 2 * .0094;
    assert_close(rg_bootstrap(x, N, NULL, NULL, &plan).hi, 4. / 7, 1e-12);
}

static void long_lists(void **state)
{
    (void)state;
    enum { N = 20000 };
    rg_rng rng = open_stream("long");
    double *x = RG_NEW_ARRAY(double, N), mean = 0, squares = 0;
    for (size_t i = 0; i < N; i++) {
        x[i] = rg_rng_normal(&rng);
        mean += x[i] / N;
    }
    for (size_t i = 0; i < N; i++)
        squares += (x[i] - mean) * (x[i] - mean) / N;
    rg_bootstrap_plan plan = percentile;
    plan.resamples = 4000;
    rg_interval i = rg_bootstrap(x, N, NULL, NULL, &plan);
    double se = sqrt(squares / N);
    assert_close((i.lo - mean) / se, -1.96, .09);
    assert_close((i.hi - mean) / se, 1.96, .09);
    rg_free(x);
}

static double never(const double *values, size_t n, void *ctx)
{
    (void)ctx;
    return values[0] == values[n - 1] ? NAN : values[0];
}

static void degenerate_lists(void **state)
{
    (void)state;
    const double x[] = {.1, .1, .1, .1, .1}, bad[] = {1, NAN, 2}, two[] = {1, 2};
    assert_nothing(rg_bootstrap(x, 0, NULL, NULL, &percentile));
    assert_nothing(rg_bootstrap(bad, 3, NULL, NULL, &percentile));
    rg_interval one = rg_bootstrap(x, 1, NULL, NULL, &percentile);
    assert_true(one.estimate == .1 && isnan(one.lo) && isnan(one.hi));
    for (int kind = RG_BOOTSTRAP_PERCENTILE; kind <= RG_BOOTSTRAP_BCA; kind++) {
        rg_bootstrap_plan plan = of_kind(kind);
        rg_interval equal = rg_bootstrap(x, 5, NULL, NULL, &plan);
        assert_true(equal.estimate == .1 && equal.lo == .1 && equal.hi == .1);
    }
    rg_interval undefined = rg_bootstrap(two, 2, never, NULL, &percentile);
    assert_true(undefined.estimate == 1 && isnan(undefined.lo) && isnan(undefined.hi));
    rg_bootstrap_plan plan = percentile;
    plan.alpha = 0;
    assert_true(isnan(rg_bootstrap(two, 2, NULL, NULL, &plan).lo));
}

/* ---- Many tasks */

enum { TASKS = 7, RUNS = 6 };

static void draw_scores(rg_rng *rng, double *ret, size_t n, bool ties)
{
    for (size_t i = 0; i < n; i++) {
        double x = rg_rng_normal(rng);
        ret[i] = ties ? rint(2 * x) / 2 : x;
    }
}

static void interquartile_mean(void **state)
{
    (void)state;
    double x[80], tasks[] = {1, 2, 1, 2, 2, 2, 1, 1}; /* the runs of each task lie together */
    for (size_t i = 0; i < 80; i++)
        x[i] = (double)((i * 37) % 80);
    assert_close(rg_interquartile_mean(x, 80), 39.5, 0);
    for (int what = RG_AGGREGATE_IQM; what <= RG_AGGREGATE_MEDIAN; what++) {
        rg_task_scores scores = {tasks, 2, 4};
        assert_close(rg_aggregate_interval(scores, what, &percentile).estimate, 1.5, 0);
    }
    assert_true(isnan(rg_interquartile_mean(x, 0)));
    assert_close(rg_interquartile_mean(x + 1, 1), 37, 0);
    const double three[] = {5, 1, INFINITY}, four[] = {-INFINITY, 1, 2, INFINITY};
    assert_true(rg_interquartile_mean(three, 3) == INFINITY);
    assert_close(rg_interquartile_mean(four, 4), 1.5, 0);
}

static void aggregates_of_sorted_lists(void **state)
{
    (void)state;
    rg_rng rng = open_stream("aggregates");
    for (size_t n = 1; n <= 60; n++) {
        double x[60], mean = 0, middle = 0;
        draw_scores(&rng, x, n, n % 2);
        rg_task_scores scores = {x, n, 1};
        double iqm = rg_aggregate_interval(scores, RG_AGGREGATE_IQM, &percentile).estimate;
        double all = rg_aggregate_interval(scores, RG_AGGREGATE_MEAN, &percentile).estimate;
        double median =
            rg_aggregate_interval(scores, RG_AGGREGATE_MEDIAN, &percentile).estimate;
        qsort(x, n, sizeof(*x), ascending);
        for (size_t i = 0; i < n; i++) {
            mean += x[i] / (double)n;
            if (i >= n / 4 && i < n - n / 4)
                middle += x[i] / (double)(n - 2 * (n / 4));
        }
        assert_close(iqm, middle, 1e-13);
        assert_close(all, mean, 1e-13);
        assert_close(median, .5 * (x[(n - 1) / 2] + x[n / 2]), 1e-15);
    }
}

/* Runs resampled within tasks by drawing, copying and sorting, with another generator. */
static rg_interval slow_aggregate(rg_rng *rng, const double *scores)
{
    enum { MANY = 20000, N = TASKS * RUNS };
    static double replicate[MANY];
    for (size_t b = 0; b < MANY; b++) {
        double x[N];
        for (size_t i = 0; i < N; i++)
            x[i] = scores[i / RUNS * RUNS + rg_rng_below(rng, RUNS)];
        qsort(x, N, sizeof(*x), ascending);
        replicate[b] = slow_mean(x + N / 4, N - 2 * (N / 4), NULL);
    }
    qsort(replicate, MANY, sizeof(*replicate), ascending);
    return (rg_interval){0, replicate[MANY / 40], replicate[MANY - MANY / 40]};
}

static void aggregates_resample_within_tasks(void **state)
{
    (void)state;
    rg_rng rng = open_stream("stratified");
    double x[TASKS * RUNS];
    draw_scores(&rng, x, TASKS * RUNS, false);
    for (size_t i = 0; i < TASKS * RUNS; i++)
        x[i] += (double)(i / RUNS); /* tasks differ: resampling across them would show */
    rg_interval slow = slow_aggregate(&rng, x);
    rg_interval fast =
        rg_aggregate_interval((rg_task_scores){x, TASKS, RUNS}, RG_AGGREGATE_IQM, &percentile);
    double width = slow.hi - slow.lo;
    assert_close((fast.lo - slow.lo) / width, 0, .03);
    assert_close((fast.hi - slow.hi) / width, 0, .03);
}

/* With one task the stratified bootstrap of the mean is the bootstrap of the mean. */
static void one_task_is_a_list(void **state)
{
    (void)state;
    rg_rng rng = open_stream("one task");
    double x[24];
    draw_scores(&rng, x, 24, false);
    for (int kind = RG_BOOTSTRAP_PERCENTILE; kind <= RG_BOOTSTRAP_BCA; kind++) {
        rg_bootstrap_plan plan = of_kind(kind);
        rg_interval list = rg_bootstrap(x, 24, NULL, NULL, &plan);
        rg_interval task =
            rg_aggregate_interval((rg_task_scores){x, 1, 24}, RG_AGGREGATE_MEAN, &plan);
        assert_close(task.estimate, list.estimate, 1e-14);
        assert_close(task.lo, list.lo, 1e-12);
        assert_close(task.hi, list.hi, 1e-12);
    }
}

static void improvement(void **state)
{
    (void)state;
    /* the published example; the runs of each task lie together */
    const double x[] = {1, 2, 1, 2, 2, 2, 1, 1}, y[] = {1, 2, 3, 1, 2, 3};
    rg_task_scores a = {x, 2, 4}, b = {y, 2, 3};
    for (int kind = RG_BOOTSTRAP_PERCENTILE; kind <= RG_BOOTSTRAP_BCA; kind++) {
        rg_bootstrap_plan plan = of_kind(kind);
        rg_interval ab = rg_probability_of_improvement(a, b, &plan);
        rg_interval ba = rg_probability_of_improvement(b, a, &plan);
        assert_close(ab.estimate, 1. / 3, 1e-15);
        assert_close(ba.estimate, 2. / 3, 1e-15);
        assert_true(ab.lo < 1. / 3 && ab.hi > 1. / 3 && ab.lo >= 0 && ab.hi <= 1);
        assert_close(ab.lo, 1 - ba.hi, .03);
    }
    assert_nothing(rg_probability_of_improvement(a, (rg_task_scores){y, 3, 2}, &percentile));
    assert_nothing(rg_probability_of_improvement(a, (rg_task_scores){y, 2, 0}, &percentile));
    rg_interval single =
        rg_probability_of_improvement((rg_task_scores){x, 2, 1}, b, &percentile);
    assert_close(single.estimate, 1. / 3, 1e-15);
    assert_true(isnan(single.lo));
}

/* The variance of U's resamples, from the definition. */
static void improvement_resamples_pairs(void **state)
{
    (void)state;
    rg_rng rng = open_stream("improvement");
    enum { A = 5, B = 9, MANY = 20000 };
    double a[TASKS * A], b[TASKS * B];
    static double replicate[MANY];
    draw_scores(&rng, a, TASKS * A, true);
    draw_scores(&rng, b, TASKS * B, true);
    for (size_t k = 0; k < MANY; k++) {
        double wins = 0, x[A], y[B];
        for (size_t t = 0; t < TASKS; t++) {
            for (size_t i = 0; i < A; i++)
                x[i] = a[t * A + rg_rng_below(&rng, A)];
            for (size_t i = 0; i < B; i++)
                y[i] = b[t * B + rg_rng_below(&rng, B)];
            for (size_t i = 0; i < A * B; i++)
                wins += x[i / B] > y[i % B] ? 1 : x[i / B] == y[i % B] ? .5 : 0;
        }
        replicate[k] = wins / (TASKS * A * B);
    }
    qsort(replicate, MANY, sizeof(*replicate), ascending);
    rg_interval fast = rg_probability_of_improvement(
        (rg_task_scores){a, TASKS, A}, (rg_task_scores){b, TASKS, B}, &percentile);
    double width = replicate[MANY - MANY / 40] - replicate[MANY / 40];
    assert_close((fast.lo - replicate[MANY / 40]) / width, 0, .04);
    assert_close((fast.hi - replicate[MANY - MANY / 40]) / width, 0, .04);
}

static void profile_by_resampling(void **state)
{
    (void)state;
    rg_rng rng = open_stream("profile");
    enum { THRESHOLDS = 5, MANY = 20000 };
    const double thresholds[THRESHOLDS] = {-9, -.7, 0, .6, 9};
    static double replicate[THRESHOLDS][MANY];
    double x[TASKS * RUNS];
    draw_scores(&rng, x, TASKS * RUNS, true);
    for (size_t b = 0; b < MANY; b++) {
        for (size_t i = 0; i < TASKS * RUNS; i++) {
            double score = x[i / RUNS * RUNS + rg_rng_below(&rng, RUNS)];
            for (size_t t = 0; t < THRESHOLDS; t++)
                replicate[t][b] += (score > thresholds[t]) / (double)(TASKS * RUNS);
        }
    }
    rg_interval profile[THRESHOLDS];
    rg_performance_profile((rg_task_scores){x, TASKS, RUNS}, thresholds, THRESHOLDS,
                           &percentile, profile);
    double step = 1. / (TASKS * RUNS);
    for (size_t t = 0; t < THRESHOLDS; t++) {
        qsort(replicate[t], MANY, sizeof(double), ascending);
        assert_close(profile[t].lo, replicate[t][MANY / 40], 1.01 * step);
        assert_close(profile[t].hi, replicate[t][MANY - MANY / 40], 1.01 * step);
        assert_true(profile[t].lo <= profile[t].estimate &&
                    profile[t].estimate <= profile[t].hi);
    }
    assert_true(profile[0].lo == 1 && profile[0].hi == 1 && profile[0].estimate == 1);
    assert_true(profile[4].lo == 0 && profile[4].hi == 0 && profile[4].estimate == 0);
}

/* The smallest k with P(X <= k) >= p for a binomial X, by summing. */
static double binomial_quantile(double p, int n, double share)
{
    double sum = 0;
    for (int k = 0; k <= n; k++) {
        sum += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(share) +
                   (n - k) * log(1 - share));
        if (sum >= p)
            return k;
    }
    return n;
}

/* One task: the count is binomial. */
static void profile_is_exact(void **state)
{
    (void)state;
    enum { N = 400 };
    double x[N];
    for (size_t i = 0; i < N; i++)
        x[i] = (double)i;
    const double thresholds[] = {N / 4 - 1, NAN}; /* three quarters are above */
    rg_interval band[2];
    rg_performance_profile((rg_task_scores){x, 1, N}, thresholds, 2, &percentile, band);
    assert_close(band[0].estimate, .75, 0);
    assert_close(band[0].lo, binomial_quantile(.025, N, .75) / N, 1e-15);
    assert_close(band[0].hi, binomial_quantile(.975, N, .75) / N, 1e-15);
    assert_nothing(band[1]);
}

static void degenerate_tasks(void **state)
{
    (void)state;
    double bad[] = {1, 2, NAN, 4}, same[] = {.7, .7, .7, .7, .7, .7}, threshold = 2;
    rg_interval band;
    assert_nothing(
        rg_aggregate_interval((rg_task_scores){bad, 2, 2}, RG_AGGREGATE_IQM, &percentile));
    assert_nothing(
        rg_aggregate_interval((rg_task_scores){bad, 0, 2}, RG_AGGREGATE_IQM, &percentile));
    rg_interval single =
        rg_aggregate_interval((rg_task_scores){bad, 2, 1}, RG_AGGREGATE_MEAN, &percentile);
    assert_true(single.estimate == 1.5 && isnan(single.lo) && isnan(single.hi));
    rg_performance_profile((rg_task_scores){bad, 2, 2}, &threshold, 1, &percentile, &band);
    assert_nothing(band);
    for (int kind = RG_BOOTSTRAP_PERCENTILE; kind <= RG_BOOTSTRAP_BCA; kind++) {
        rg_bootstrap_plan plan = of_kind(kind);
        rg_interval equal =
            rg_aggregate_interval((rg_task_scores){same, 3, 2}, RG_AGGREGATE_IQM, &plan);
        assert_true(equal.estimate == .7 && equal.lo == .7 && equal.hi == .7);
    }
}

/* ---- The same bits for any number of threads, others for another seed */

static void any_number_of_threads(void **state)
{
    (void)state;
    rg_rng rng = open_stream("threads");
    double x[TASKS * RUNS], y[TASKS * RUNS];
    draw_scores(&rng, x, TASKS * RUNS, false);
    draw_scores(&rng, y, TASKS * RUNS, true);
    rg_task_scores a = {x, TASKS, RUNS}, b = {y, TASKS, RUNS};
    rg_bootstrap_plan one = of_kind(RG_BOOTSTRAP_BCA);
    one.resamples = 5003;
    one.threads = 1;
    for (int threads = 2; threads <= 8; threads *= 2) {
        rg_bootstrap_plan many = one;
        many.threads = threads;
        assert_same(rg_bootstrap(x, 42, NULL, NULL, &one),
                    rg_bootstrap(x, 42, NULL, NULL, &many));
        assert_same(rg_bootstrap(x, 42, slow_mean, NULL, &one),
                    rg_bootstrap(x, 42, slow_mean, NULL, &many));
        assert_same(rg_aggregate_interval(a, RG_AGGREGATE_IQM, &one),
                    rg_aggregate_interval(a, RG_AGGREGATE_IQM, &many));
        assert_same(rg_probability_of_improvement(a, b, &one),
                    rg_probability_of_improvement(a, b, &many));
        rg_aso_result once = rg_aso(x, 42, y, 42, 1, &one),
                      again = rg_aso(x, 42, y, 42, 1, &many);
        assert_memory_equal(&once, &again, sizeof(once));
    }
    rg_bootstrap_plan other = one;
    other.seed++;
    assert_true(rg_bootstrap(x, 42, NULL, NULL, &one).lo !=
                rg_bootstrap(x, 42, NULL, NULL, &other).lo);
}

/* ---- The best of k trials */

static void expected_best(void **state)
{
    (void)state;
    const double x[] = {.3, .1, .5, .2, .4}, golden_with[] = {.3, .38, .42, .44336, .4584},
                 golden_without[] = {.3, .4, .45, .48, .5};
    double with[5], without[5];
    rg_expected_best(x, 5, true, with);
    rg_expected_best(x, 5, false, without);
    for (size_t k = 0; k < 5; k++) {
        assert_close(with[k], golden_with[k], 1e-12);
        assert_close(without[k], golden_without[k], 1e-12);
    }
    const double bad[] = {1, NAN}, failed[] = {1, -INFINITY, 3};
    rg_expected_best(bad, 2, true, with);
    assert_true(isnan(with[0]) && isnan(with[1]));
    rg_expected_best(failed, 3, false, without);
    assert_true(without[0] == -INFINITY);
    assert_close(without[1], 3 * 2. / 3 + 1. / 3 * 1, 1e-15);
    assert_close(without[2], 3, 1e-15);
}

/* Over all subsets of k trials. */
static void expected_best_by_enumeration(void **state)
{
    (void)state;
    rg_rng rng = open_stream("expected best");
    enum { N = 11 };
    double x[N], curve[N], sum[N] = {0}, subsets[N] = {0};
    draw_scores(&rng, x, N, true);
    for (unsigned set = 1; set < 1u << N; set++) {
        double best = -INFINITY;
        size_t k = 0;
        for (size_t i = 0; i < N; i++) {
            if (set >> i & 1) {
                best = fmax(best, x[i]);
                k++;
            }
        }
        sum[k - 1] += best;
        subsets[k - 1]++;
    }
    rg_expected_best(x, N, false, curve);
    for (size_t k = 0; k < N; k++)
        assert_close(curve[k], sum[k] / subsets[k], 1e-13);
}

/* ---- Almost stochastic order */

static void stochastic_order(void **state)
{
    (void)state;
    const double low[] = {1, 2, 3}, high[] = {4, 5, 6}, apart[] = {0, 10};
    rg_bootstrap_plan plan = percentile;
    plan.resamples = 2000;
    rg_aso_result above = rg_aso(high, 3, low, 3, 1, &plan);
    assert_true(above.epsilon == 0 && above.epsilon_max == 0);
    rg_aso_result below = rg_aso(low, 3, high, 3, 1, &plan);
    assert_true(below.epsilon == 1 && below.epsilon_max == 1);
    /* pieces [0, 1/3]: 1 - 0, [1/3, 1/2]: 2 - 0, [1/2, 2/3]: 2 - 10, [2/3, 1]: 3 - 10 */
    double against = 64. / 6 + 49. / 3, all = against + 1. / 3 + 4. / 6;
    assert_close(rg_aso(low, 3, apart, 2, 1, &plan).epsilon, against / all, 1e-14);
    assert_close(rg_aso(apart, 2, low, 3, 1, &plan).epsilon, 1 - against / all, 1e-14);
    assert_close(rg_aso(low, 3, low, 3, 1, &plan).epsilon, .5, 0);
    rg_aso_result single = rg_aso(low, 1, high, 3, 1, &plan);
    assert_true(single.epsilon == 1 && isnan(single.epsilon_max));
    assert_true(isnan(rg_aso(low, 0, high, 3, 1, &plan).epsilon));
}

/* Bonferroni: the bound of m comparisons at alpha is the bound of one at alpha / m. */
static void stochastic_order_of_several(void **state)
{
    (void)state;
    rg_rng rng = open_stream("order");
    double a[12], b[12];
    draw_scores(&rng, a, 12, false);
    draw_scores(&rng, b, 12, false);
    for (size_t i = 0; i < 12; i++)
        a[i] += 1;
    rg_bootstrap_plan plan = percentile, seventh = percentile;
    plan.resamples = seventh.resamples = 4000;
    seventh.alpha = plan.alpha / 7;
    rg_aso_result one = rg_aso(a, 12, b, 12, 1, &plan), of_7 = rg_aso(a, 12, b, 12, 7, &plan);
    assert_true(of_7.epsilon_max == rg_aso(a, 12, b, 12, 1, &seventh).epsilon_max);
    assert_true(of_7.epsilon_max > one.epsilon_max && of_7.epsilon == one.epsilon);
    assert_close((of_7.epsilon_max - one.epsilon) / (one.epsilon_max - one.epsilon),
                 rg_normal_quantile(1 - .05 / 7) / rg_normal_quantile(.95), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_intervals),
        cmocka_unit_test(the_mean_needs_no_statistic),
        cmocka_unit_test(resamples_are_uniform),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(degenerate_lists),
        cmocka_unit_test(interquartile_mean),
        cmocka_unit_test(aggregates_of_sorted_lists),
        cmocka_unit_test(aggregates_resample_within_tasks),
        cmocka_unit_test(one_task_is_a_list),
        cmocka_unit_test(improvement),
        cmocka_unit_test(improvement_resamples_pairs),
        cmocka_unit_test(profile_by_resampling),
        cmocka_unit_test(profile_is_exact),
        cmocka_unit_test(degenerate_tasks),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(expected_best),
        cmocka_unit_test(expected_best_by_enumeration),
        cmocka_unit_test(stochastic_order),
        cmocka_unit_test(stochastic_order_of_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
