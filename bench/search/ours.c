/* ours.c - cost and quality of the samplers.
 *
 *     build/bench/search                          microseconds a suggestion, as JSON lines
 *     build/bench/search regret SAMPLER SEEDS FOLDER
 *                                                 "WORKLOAD/TRIALS REGRET" lines: the mean over
 *                                                 study seeds, for the tables of the folder and
 *                                                 for continuous functions
 *
 * On a table (data/hpo_tables), one observation is one seed's value drawn at random; the regret
 * is that of the configuration with the best observation, 0 for the best and 1 for the median
 * configuration by their mean over the table's seeds.  On a function it is the best value found
 * minus the minimum. */
#include "rigor/data.h"
#include "rigor/search.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIMS 9
#define TRIALS 100
static const size_t budgets[] = {30, 50, TRIALS};

/* ---- Tables ------------------------------------------------------------------------------ */
/* `unordered` has the bit of each dimension without an order; `sign` turns accuracies. */
static const struct family {
    const char *prefix, *names[4];
    unsigned unordered;
    double sign;
} families[] = {
    {"hpobench", {"australian", "car", "phoneme", "vehicle"}, 0, -1},
    {"hpolib", {"naval_propulsion", "parkinsons_telemonitoring"}, 0x43, 1},
    {"nasbench201", {"cifar10"}, 0x3f, -1},
};

typedef struct grid {
    size_t rows, seeds, dims, size[MAX_DIMS];
    unsigned unordered;
    double *value; /* rows x seeds, NaN where a seed is missing; to be minimised */
    double *truth; /* rows: the mean over seeds */
    double best, median;
} grid;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarise(rg_arena *arena, grid *table)
{
    double *known = RG_ARENA_ARRAY(arena, double, table->rows);
    size_t n = 0;
    table->truth = RG_ARENA_ARRAY(arena, double, table->rows);
    for (size_t row = 0; row < table->rows; row++) {
        double sum = 0, count = 0;
        for (size_t seed = 0; seed < table->seeds; seed++) {
            double value = table->value[row * table->seeds + seed];
            sum += isnan(value) ? 0 : value;
            count += !isnan(value);
        }
        table->truth[row] = sum / count; /* NaN when there is none */
        if (count > 0)
            known[n++] = table->truth[row];
    }
    qsort(known, n, sizeof(*known), by_value);
    table->best = known[0];
    table->median = (known[(n - 1) / 2] + known[n / 2]) / 2;
}

static double element(const rg_array *array, size_t i)
{
    return array->type == RG_ARRAY_F32   ? ((const float *)array->data)[i]
           : array->type == RG_ARRAY_F64 ? ((const double *)array->data)[i]
                                         : ((const int32_t *)array->data)[i];
}

static bool read_table(rg_arena *arena, const char *path, const struct family *family,
                       grid *ret_table, rg_err *err)
{
    rg_arrays arrays;
    if (!rg_npz_read(path, arena, &arrays, err))
        return false;
    const rg_array *values = rg_arrays_find(&arrays, "values");
    const rg_array *sizes = rg_arrays_find(&arrays, "sizes");
    grid table = {.rows = (size_t)values->dim[0],
                  .seeds = (size_t)values->dim[1],
                  .dims = (size_t)sizes->dim[0],
                  .unordered = family->unordered};
    table.value = RG_ARENA_ARRAY(arena, double, table.rows *table.seeds);
    for (size_t i = 0; i < table.rows * table.seeds; i++)
        table.value[i] = family->sign * element(values, i);
    for (size_t d = 0; d < table.dims; d++)
        table.size[d] = (size_t)element(sizes, d);
    summarise(arena, &table);
    *ret_table = table;
    return true;
}

static size_t row_of(const grid *table, const double *point)
{
    size_t row = 0;
    for (size_t d = 0; d < table->dims; d++)
        row = row * table->size[d] + (size_t)point[d];
    return row;
}

/* *ret_regret is what a study reports that keeps this observation. */
static double observe_table(const void *ctx, const double *point, rg_rng *rng,
                            double *ret_regret)
{
    const grid *table = ctx;
    size_t row = row_of(table, point);
    *ret_regret = (table->truth[row] - table->best) / (table->median - table->best);
    if (isnan(*ret_regret))
        return INFINITY;
    double value = NAN;
    while (isnan(value))
        value = table->value[row * table->seeds + rg_rng_below(rng, table->seeds)];
    return value;
}

/* ---- Functions of the unit cube, minimum 0 ----------------------------------------------- */
static double branin(const double *u)
{
    double x = 15 * u[0] - 5, y = 15 * u[1];
    double bow = y - 5.1 / (4 * M_PI * M_PI) * x * x + 5 / M_PI * x - 6;
    return bow * bow + 10 * (1 - 1 / (8 * M_PI)) * cos(x) + 10 - 0.397887357729738;
}

static double hartmann6(const double *u)
{
    static const double height[4] = {1, 1.2, 3, 3.2};
    static const double scale[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                       {0.05, 10, 17, 0.1, 8, 14},
                                       {3, 3.5, 1.7, 10, 17, 8},
                                       {17, 8, 0.05, 10, 0.1, 14}};
    static const double centre[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                                        {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                                        {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                                        {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double exponent = 0;
        for (int d = 0; d < 6; d++)
            exponent += scale[i][d] * (u[d] - centre[i][d]) * (u[d] - centre[i][d]);
        sum += height[i] * exp(-exponent);
    }
    return 3.32236801141551 - sum;
}

static double ackley5(const double *u)
{
    double squares = 0, waves = 0;
    for (int d = 0; d < 5; d++) {
        double x = 30 * u[d] - 10;
        squares += x * x / 5;
        waves += cos(2 * M_PI * x) / 5;
    }
    return 20 - 20 * exp(-0.2 * sqrt(squares)) + M_E - exp(waves);
}

static double rosenbrock5(const double *u)
{
    double sum = 0;
    for (int d = 0; d < 4; d++) {
        double x = 4 * u[d] - 2, y = 4 * u[d + 1] - 2;
        sum += 100 * (y - x * x) * (y - x * x) + (1 - x) * (1 - x);
    }
    return log10(1 + sum);
}

static double rastrigin3(const double *u)
{
    double sum = 0;
    for (int d = 0; d < 3; d++) {
        double x = 7 * u[d] - 4;
        sum += x * x + 10 - 10 * cos(2 * M_PI * x);
    }
    return sum;
}

static double styblinski4(const double *u)
{
    double sum = 0;
    for (int d = 0; d < 4; d++) {
        double x = 10 * u[d] - 5;
        sum += (x * x * x * x - 16 * x * x + 5 * x) / 2 + 39.1661657037714;
    }
    return sum;
}

typedef struct formula {
    const char *name;
    size_t dims;
    double (*value)(const double *u);
} formula;
static const formula functions[] = {
    {"branin", 2, branin},         {"hartmann6", 6, hartmann6},
    {"ackley5", 5, ackley5},       {"rosenbrock5", 5, rosenbrock5},
    {"rastrigin3", 3, rastrigin3}, {"styblinski4", 4, styblinski4},
};

static double observe_function(const void *ctx, const double *point, rg_rng *rng,
                               double *ret_regret)
{
    (void)rng;
    return *ret_regret = ((const formula *)ctx)->value(point);
}

/* ---- Regret ------------------------------------------------------------------------------ */
typedef double observer(const void *ctx, const double *point, rg_rng *rng, double *ret_regret);

/* One study; adds its regret after each trial to the sums. */
static void search(const rg_sampler *sampler, const rg_space *space, observer *observe,
                   const void *ctx, uint64_t seed, double sum[TRIALS])
{
    rg_obs history[TRIALS];
    double points[TRIALS][MAX_DIMS], best = INFINITY, regret_of_best = NAN;
    rg_rng noise = rg_rng_open(seed, "noise");
    for (size_t trial = 0; trial < TRIALS; trial++) {
        rg_ask ask = {.space = space,
                      .history = history,
                      .count = trial,
                      .seed = seed,
                      .trial = trial,
                      .trials = TRIALS};
        double regret;
        rg_suggest(sampler, &ask, points[trial]);
        double loss = observe(ctx, points[trial], &noise, &regret);
        history[trial] = (rg_obs){points[trial], loss, RG_OBS_DONE};
        if (loss < best) {
            best = loss;
            regret_of_best = regret;
        }
        sum[trial] += regret_of_best;
    }
}

static void print_regret(const rg_sampler *sampler, const rg_space *space, observer *observe,
                         const void *ctx, size_t seeds, const char *workload)
{
    double sum[TRIALS] = {0};
    for (uint64_t seed = 0; seed < seeds; seed++)
        search(sampler, space, observe, ctx, seed, sum);
    for (size_t i = 0; i < RG_COUNT(budgets); i++)
        printf("%s/%zu %.6g\n", workload, budgets[i], sum[budgets[i] - 1] / (double)seeds);
    fflush(stdout);
}

static bool regret_on_table(const rg_sampler *sampler, size_t seeds, const char *folder,
                            const struct family *family, const char *name, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    char *workload = rg_arena_printf(arena, "%s_%s", family->prefix, name);
    char *path = rg_arena_printf(arena, "%s/%s.npz", folder, workload);
    grid table;
    bool ok = read_table(arena, path, family, &table, err);
    if (ok) {
        rg_dim dims[MAX_DIMS] = {0};
        for (size_t d = 0; d < table.dims; d++)
            dims[d] = (rg_dim){.kind = table.unordered >> d & 1 ? RG_DIM_CHOICE : RG_DIM_ORDER,
                               .n_choices = table.size[d],
                               .when = -1};
        rg_space space = {table.dims, dims};
        print_regret(sampler, &space, observe_table, &table, seeds, workload);
    }
    rg_arena_free(arena);
    return ok;
}

static void regret_on_functions(const rg_sampler *sampler, size_t seeds)
{
    for (size_t i = 0; i < RG_COUNT(functions); i++) {
        rg_dim dims[MAX_DIMS];
        for (size_t d = 0; d < functions[i].dims; d++)
            dims[d] = (rg_dim){.kind = RG_DIM_UNIFORM, .hi = 1, .when = -1};
        rg_space space = {functions[i].dims, dims};
        print_regret(sampler, &space, observe_function, &functions[i], seeds,
                     functions[i].name);
    }
}

static int regret(const char *sampler_name, const char *seeds_text, const char *folder)
{
    const rg_sampler *sampler = rg_sampler_find(sampler_name);
    int64_t seeds = 0;
    rg_err err = {0};
    if (!sampler || !rg_text_int(seeds_text, &seeds) || seeds < 1) {
        fprintf(stderr, "search: no sampler %s, or no number of seeds %s\n", sampler_name,
                seeds_text);
        return RG_INPUT;
    }
    for (size_t i = 0; i < RG_COUNT(families); i++)
        for (size_t k = 0; k < RG_COUNT(families[i].names) && families[i].names[k]; k++)
            if (!regret_on_table(sampler, (size_t)seeds, folder, &families[i],
                                 families[i].names[k], &err)) {
                rg_err_print(&err);
                return err.code;
            }
    regret_on_functions(sampler, (size_t)seeds);
    return RG_OK;
}

/* ---- Cost -------------------------------------------------------------------------------- */
#define COST_DIMS 8
#define COST_REPEATS 9

/* Four uniform, two logarithmic, a whole number, a choice. */
static rg_dim cost_dims[COST_DIMS] = {
    {.kind = RG_DIM_UNIFORM, .hi = 1, .when = -1},
    {.kind = RG_DIM_UNIFORM, .hi = 1, .when = -1},
    {.kind = RG_DIM_UNIFORM, .hi = 1, .when = -1},
    {.kind = RG_DIM_UNIFORM, .hi = 1, .when = -1},
    {.kind = RG_DIM_LOG, .lo = 1e-5, .hi = 1, .when = -1},
    {.kind = RG_DIM_LOG, .lo = 1e-5, .hi = 1, .when = -1},
    {.kind = RG_DIM_INT, .lo = 1, .hi = 16, .step = 1, .when = -1},
    {.kind = RG_DIM_CHOICE, .n_choices = 4, .when = -1},
};

static double cost_us(size_t trials)
{
    const rg_space space = {COST_DIMS, cost_dims};
    rg_obs *history = RG_NEW_ARRAY(rg_obs, trials);
    double *points = RG_NEW_ARRAY(double, trials *COST_DIMS), point[COST_DIMS];
    rg_rng rng = rg_rng_open(1, "cost");
    for (size_t i = 0; i < trials; i++) {
        double *at = points + i * COST_DIMS;
        rg_suggest(rg_sampler_find("random"), &(rg_ask){.space = &space, .trial = i}, at);
        history[i] = (rg_obs){at, rg_rng_unit(&rng), RG_OBS_DONE};
    }
    double us[COST_REPEATS];
    for (size_t i = 0; i < COST_REPEATS; i++) {
        rg_ask ask = {
            .space = &space, .history = history, .count = trials, .trial = trials + i};
        uint64_t start = rg_clock_ns();
        rg_suggest(rg_sampler_find("tpe"), &ask, point);
        us[i] = (double)(rg_clock_ns() - start) / 1000;
    }
    qsort(us, COST_REPEATS, sizeof(*us), by_value);
    rg_free(points);
    rg_free(history);
    return us[COST_REPEATS / 2];
}

static int cost(void)
{
    static const size_t trials[] = {100, 1000, 10000};
    for (size_t i = 0; i < RG_COUNT(trials); i++)
        printf(
            "{\"workload\": \"TPE suggestion, 8 dimensions, %zu trials\", \"who\": \"rigor\", "
            "\"us\": %.1f}\n",
            trials[i], cost_us(trials[i]));
    return RG_OK;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return cost();
    if (argc == 5 && strcmp(argv[1], "regret") == 0)
        return regret(argv[2], argv[3], argv[4]);
    fputs("usage: search | search regret SAMPLER SEEDS FOLDER\n", stderr);
    return RG_INPUT;
}
