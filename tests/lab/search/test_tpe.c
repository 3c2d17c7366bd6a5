/* test_tpe.c - the TPE sampler learns, keeps to its promises on odd histories, and stays cheap.
 */
#include "support.h"

#include "lab/search/parzen.h"
#include "rigor/search.h"

#define MAX_TRIALS 100
#define MAX_DIMS 4

typedef double objective(const double *point);

/* The best loss of one study. */
static double best_of(const char *sampler, const rg_space *space, objective *loss,
                      size_t trials, uint64_t seed)
{
    rg_obs history[MAX_TRIALS];
    double points[MAX_TRIALS][MAX_DIMS], best = INFINITY;
    for (size_t trial = 0; trial < trials; trial++) {
        rg_ask ask = {.space = space,
                      .history = history,
                      .count = trial,
                      .seed = seed,
                      .trial = trial,
                      .trials = trials};
        rg_suggest(rg_sampler_find(sampler), &ask, points[trial]);
        history[trial] = (rg_obs){points[trial], loss(points[trial]), RG_OBS_DONE};
        best = fmin(best, history[trial].loss);
    }
    return best;
}

static double mean_best(const char *sampler, const rg_space *space, objective *loss,
                        size_t trials)
{
    double sum = 0;
    for (uint64_t seed = 0; seed < 20; seed++)
        sum += best_of(sampler, space, loss, trials, seed) / 20;
    return sum;
}

static void assert_beats_random(const rg_space *space, objective *loss, size_t trials,
                                double times)
{
    double tpe = mean_best("tpe", space, loss, trials);
    double random = mean_best("random", space, loss, trials);
    if (!(tpe * times < random))
        fail_msg("TPE %.4g, random %.4g: not %.3g times better", tpe, random, times);
}

static double quadratic(const double *x)
{
    return (x[0] - 0.3) * (x[0] - 0.3) + 4 * pow(log10(x[1]) + 3, 2) + pow((x[2] - 40) / 50, 2);
}

static void test_beats_random_on_a_quadratic(void **state)
{
    (void)state;
    rg_dim dim[] = {{.kind = RG_DIM_UNIFORM, .lo = -1, .hi = 1, .when = -1},
                    {.kind = RG_DIM_LOG, .lo = 1e-6, .hi = 1, .when = -1},
                    {.kind = RG_DIM_INT, .lo = 0, .hi = 200, .step = 2, .when = -1}};
    assert_beats_random(&(rg_space){3, dim}, quadratic, 80, 5);
}

static double branin(const double *x)
{
    double bow = x[1] - 5.1 / (4 * M_PI * M_PI) * x[0] * x[0] + 5 / M_PI * x[0] - 6;
    return bow * bow + 10 * (1 - 1 / (8 * M_PI)) * cos(x[0]) + 10 - 0.397887;
}

static void test_beats_random_on_branin(void **state)
{
    (void)state;
    rg_dim dim[] = {{.kind = RG_DIM_UNIFORM, .lo = -5, .hi = 10, .when = -1},
                    {.kind = RG_DIM_UNIFORM, .lo = 0, .hi = 15, .when = -1}};
    assert_beats_random(&(rg_space){2, dim}, branin, 80, 5);
}

/* Mismatches with a secret word, and a bonus for a pair: 6^4 = 1,296 words. */
static double secret_word(const double *x)
{
    static const double word[4] = {3, 1, 5, 0};
    double wrong = 0;
    for (int d = 0; d < 4; d++)
        wrong += x[d] != word[d];
    return wrong + (x[0] != word[0] || x[1] != word[1]);
}

static void test_beats_random_on_categories(void **state)
{
    (void)state;
    rg_dim dim[4];
    for (int d = 0; d < 4; d++)
        dim[d] = (rg_dim){.kind = RG_DIM_CHOICE, .n_choices = 6, .when = -1};
    assert_beats_random(&(rg_space){4, dim}, secret_word, 80, 3);
}

/* Two branches with different optima; the one with the better optimum has two dimensions more.
 */
static double branches(const double *x)
{
    if (x[0] == 0)
        return 0.2 + (x[1] - 0.7) * (x[1] - 0.7);
    return (x[2] - 0.2) * (x[2] - 0.2) + (x[3] - 0.8) * (x[3] - 0.8);
}

static void test_beats_random_in_branches(void **state)
{
    (void)state;
    double left[] = {0}, right[] = {1};
    rg_dim dim[] = {
        {.kind = RG_DIM_CHOICE, .n_choices = 2, .when = -1},
        {.kind = RG_DIM_UNIFORM, .hi = 1, .when = 0, .n_when = 1, .when_values = left},
        {.kind = RG_DIM_UNIFORM, .hi = 1, .when = 0, .n_when = 1, .when_values = right},
        {.kind = RG_DIM_UNIFORM, .hi = 1, .when = 0, .n_when = 1, .when_values = right},
    };
    assert_beats_random(&(rg_space){4, dim}, branches, 80, 5);
}

/* ---- Histories --------------------------------------------------------------------------- */
#define PAST 30
typedef struct past {
    rg_dim dim;
    rg_space space;
    rg_obs obs[PAST];
    double point[PAST];
} past;

/* One dimension, points spread evenly, loss = distance from 0.25. */
static void make_line(past *line)
{
    line->dim = (rg_dim){.kind = RG_DIM_UNIFORM, .lo = 0, .hi = 1, .when = -1};
    line->space = (rg_space){1, &line->dim};
    for (size_t i = 0; i < PAST; i++) {
        line->point[i] = ((double)(i * 7 % PAST) + 0.5) / PAST;
        line->obs[i] = (rg_obs){&line->point[i], fabs(line->point[i] - 0.25), RG_OBS_DONE};
    }
}

static double suggestion(const past *line, uint64_t seed)
{
    double point;
    rg_ask ask = {.space = &line->space,
                  .history = line->obs,
                  .count = PAST,
                  .seed = seed,
                  .trial = PAST};
    rg_suggest(rg_sampler_find("tpe"), &ask, &point);
    return point;
}

/* The share of suggestions over seeds that lie in [lo, hi]. */
static double share_in(const past *line, double lo, double hi)
{
    double inside = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        double point = suggestion(line, seed);
        inside += point >= lo && point <= hi;
    }
    return inside / 200;
}

static void test_failures_repel(void **state)
{
    (void)state;
    past line;
    make_line(&line);
    assert_true(share_in(&line, 0.1, 0.4) > 0.8);
    /* All trials between 0.1 and 0.4 fail, whatever their loss field says: the best are gone.
     */
    for (size_t i = 0; i < PAST; i++)
        if (line.point[i] > 0.1 && line.point[i] < 0.4)
            line.obs[i] = (rg_obs){&line.point[i], i % 2 ? -1e9 : NAN, RG_OBS_FAILED};
    assert_true(share_in(&line, 0.12, 0.38) < 0.1);
    /* A loss that is not finite is the same as a failure. */
    double before = suggestion(&line, 5);
    for (size_t i = 0; i < PAST; i++)
        if (line.obs[i].state == RG_OBS_FAILED)
            line.obs[i] = (rg_obs){&line.point[i], i % 2 ? INFINITY : NAN, RG_OBS_DONE};
    assert_true(suggestion(&line, 5) == before);
}

static void test_pending_repels(void **state)
{
    (void)state;
    past line;
    make_line(&line);
    double alone = share_in(&line, 0.2, 0.3);
    for (size_t i = 0; i < PAST;
         i++) /* the worst third is still running, beside the best point */
        if (line.point[i] > 0.66) {
            line.point[i] = 0.22 + 0.002 * (double)i;
            line.obs[i].state = RG_OBS_PENDING;
        }
    assert_true(share_in(&line, 0.2, 0.3) < alone - 0.2);
}

static void test_only_pending_or_failed(void **state)
{
    (void)state;
    for (rg_obs_state which = RG_OBS_FAILED; which <= RG_OBS_PENDING; which++) {
        past line;
        make_line(&line);
        for (size_t i = 0; i < PAST; i++)
            line.obs[i].state = which;
        double point = suggestion(&line, 1);
        assert_true(point >= 0 && point <= 1);
    }
}

/* Only the order of the losses counts: any increasing function of them changes no bit. */
static void test_order_of_losses_decides(void **state)
{
    (void)state;
    past line;
    make_line(&line);
    for (size_t i = 0; i < PAST; i++)
        line.obs[i].loss = (double)(i * 11 % PAST);
    double before = suggestion(&line, 3);
    for (size_t i = 0; i < PAST; i++)
        line.obs[i].loss = exp(2 * line.obs[i].loss) - 1e3;
    assert_true(suggestion(&line, 3) == before);
}

static void test_constant_objective(void **state)
{
    (void)state;
    past line;
    make_line(&line);
    for (size_t i = 0; i < PAST; i++)
        line.obs[i].loss = 7;
    double point = suggestion(&line, 3);
    assert_true(point >= 0 && point <= 1);
}

/* Known points are left alone while there are others; after that the search goes on. */
static void test_small_spaces_are_exhausted(void **state)
{
    (void)state;
    rg_dim dim[] = {{.kind = RG_DIM_CHOICE, .n_choices = 20, .when = -1}};
    rg_space space = {1, dim};
    rg_obs history[40];
    double point[40];
    int seen[20] = {0};
    for (size_t i = 0; i < 40; i++) {
        rg_ask ask = {.space = &space, .history = history, .count = i, .trial = i, .seed = 2};
        rg_suggest(rg_sampler_find("tpe"), &ask, &point[i]);
        history[i] = (rg_obs){&point[i], point[i], RG_OBS_DONE};
        seen[(int)point[i]]++;
    }
    int known = 0;
    for (int i = 0; i < 20; i++)
        known += seen[i] > 0;
    assert_true(known >= 18);
}

static void test_single_point_and_empty_space(void **state)
{
    (void)state;
    rg_dim dim[] = {{.kind = RG_DIM_INT, .lo = 4, .hi = 4, .step = 1, .when = -1},
                    {.kind = RG_DIM_LOG, .lo = 0.5, .hi = 0.5, .when = -1},
                    {.kind = RG_DIM_CHOICE, .n_choices = 1, .when = -1}};
    double only[] = {4, 0.5, 0}, point[3];
    rg_obs history[PAST];
    for (size_t i = 0; i < PAST; i++)
        history[i] = (rg_obs){only, 1, RG_OBS_DONE};
    rg_ask ask = {
        .space = &(rg_space){3, dim}, .history = history, .count = PAST, .trial = PAST};
    rg_suggest(rg_sampler_find("tpe"), &ask, point);
    assert_memory_equal(point, only, sizeof(only));
    ask.space = &(rg_space){0, NULL};
    rg_suggest(rg_sampler_find("tpe"), &ask, point);
}

/* ---- Cost -------------------------------------------------------------------------------- */
/* No more for 20,000 trials than ten times what it is for 1,000: the history is read, not
 * modelled, as a whole.  (Milliseconds are in bench/search; here only growth is checked.) */
static void test_cost_stays_flat(void **state)
{
    (void)state;
    enum { MANY = 20000, DIMS = 4 };
    rg_dim dim[DIMS];
    for (int d = 0; d < DIMS; d++)
        dim[d] = (rg_dim){.kind = RG_DIM_UNIFORM, .hi = 1, .when = -1};
    rg_space space = {DIMS, dim};
    rg_obs *history = RG_NEW_ARRAY(rg_obs, MANY);
    double *points = RG_NEW_ARRAY(double, MANY *DIMS), point[DIMS];
    rg_rng rng = rg_rng_open(support_seed(), "test/cost");
    for (size_t i = 0; i < MANY * DIMS; i++)
        points[i] = rg_rng_unit(&rng);
    for (size_t i = 0; i < MANY; i++)
        history[i] = (rg_obs){points + i * DIMS, rg_rng_unit(&rng), RG_OBS_DONE};
    uint64_t least[2] = {UINT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < 20; i++)
        for (int many = 0; many < 2; many++) {
            rg_ask ask = {.space = &space,
                          .history = history,
                          .count = many ? MANY : 1000,
                          .trial = MANY + i};
            uint64_t start = rg_clock_ns();
            rg_suggest(rg_sampler_find("tpe"), &ask, point);
            uint64_t took = rg_clock_ns() - start;
            least[many] = took < least[many] ? took : least[many];
        }
    assert_true(least[1] < 10 * least[0]);
    rg_free(points);
    rg_free(history);
}

/* ---- The density ------------------------------------------------------------------------- */
/* With respect to the prior, the mean density over uniform points of a space is 1. */
static void test_density_integrates_to_one(void **state)
{
    (void)state;
    double on[] = {1};
    rg_dim dim[] = {
        {.kind = RG_DIM_CHOICE, .n_choices = 3, .when = -1},
        {.kind = RG_DIM_UNIFORM, .lo = -2, .hi = 2, .when = 0, .n_when = 1, .when_values = on},
        {.kind = RG_DIM_INT, .lo = 1, .hi = 40, .step = 1, .log = true, .when = -1},
        {.kind = RG_DIM_ORDER, .n_choices = 4, .when = -1},
    };
    rg_space space = {4, dim};
    static const double seen[3][4] = {{1, 0.5, 3, 0}, {0, NAN, 40, 2}, {1, 1.9, 1, 3}};
    const double *points[] = {seen[0], seen[1], seen[2]};
    rg_arena *arena = rg_arena_new();
    rg_parzen *parzen = rg_parzen_new(arena, &space, points, (double[]){2, 0.5, 0.5}, 3);
    double mean = 0;
    size_t draws = 200000;
    for (size_t i = 0; i < draws; i++) {
        double point[4];
        rg_ask ask = {.space = &space, .seed = support_seed(), .trial = i};
        rg_suggest(rg_sampler_find("random"), &ask, point);
        mean += exp(rg_parzen_log_density(parzen, point)) / (double)draws;
    }
    assert_close(mean, 1, 0.05);
    rg_arena_free(arena);
}

/* Draws come from the density: E[1 / density] over draws is 1, too. */
static void test_draws_follow_the_density(void **state)
{
    (void)state;
    rg_dim dim[] = {{.kind = RG_DIM_UNIFORM, .hi = 1, .when = -1},
                    {.kind = RG_DIM_CHOICE, .n_choices = 4, .when = -1},
                    {.kind = RG_DIM_ORDER, .n_choices = 5, .when = -1}};
    rg_space space = {3, dim};
    static const double seen[2][3] = {{0.1, 2, 0}, {0.8, 1, 4}};
    const double *points[] = {seen[0], seen[1]};
    rg_arena *arena = rg_arena_new();
    rg_parzen *parzen = rg_parzen_new(arena, &space, points, NULL, 2);
    rg_rng rng = rg_rng_open(support_seed(), "test/draws");
    double mean = 0;
    size_t draws = 100000;
    for (size_t i = 0; i < draws; i++) {
        double point[3];
        rg_parzen_draw(parzen, &rng, point);
        mean += exp(-rg_parzen_log_density(parzen, point)) / (double)draws;
    }
    assert_close(mean, 1, 0.03);
    rg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beats_random_on_a_quadratic),
        cmocka_unit_test(test_beats_random_on_branin),
        cmocka_unit_test(test_beats_random_on_categories),
        cmocka_unit_test(test_beats_random_in_branches),
        cmocka_unit_test(test_failures_repel),
        cmocka_unit_test(test_pending_repels),
        cmocka_unit_test(test_only_pending_or_failed),
        cmocka_unit_test(test_order_of_losses_decides),
        cmocka_unit_test(test_constant_objective),
        cmocka_unit_test(test_small_spaces_are_exhausted),
        cmocka_unit_test(test_single_point_and_empty_space),
        cmocka_unit_test(test_cost_stays_flat),
        cmocka_unit_test(test_density_integrates_to_one),
        cmocka_unit_test(test_draws_follow_the_density),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
