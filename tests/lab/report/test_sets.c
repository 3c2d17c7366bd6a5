/* Many data sets: ranks and critical difference (Demsar 2006), aggregates over tasks. */
#include "support.h"

#include "lab/report/facts.h"
#include "rigor/groups.h"
#include "rigor/resample.h"

enum { SETS = 14, ARMS = 4 };
static const char *const arm_names[] = {"C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"};
static const char *const set_names[] = {
    "adult", "breast cancer", "bc wisconsin", "cmc",           "ionosphere", "iris",   "liver",
    "lung",  "lymphography",  "mushroom",     "primary tumor", "rheum",      "voting", "wine"};
/* Demsar (2006), table 6; voting as it is before rounding. */
static const double auc[SETS][ARMS] = {
    {.763, .768, .771, .798},   {.599, .591, .590, .569},
    {.954, .971, .968, .967},   {.628, .661, .654, .657},
    {.882, .888, .886, .898},   {.936, .931, .916, .931},
    {.661, .668, .609, .685},   {.583, .583, .563, .625},
    {.775, .838, .866, .875},   {1, 1, 1, 1},
    {.940, .962, .965, .962},   {.619, .666, .614, .669},
    {.972, .981, .9751, .9750}, {.957, .978, .946, .970},
};

/* `runs` runs of each arm on each set; run r is r * step above the table. */
typedef struct scene {
    rg_arena *arena;
    rg_scores arms[ARMS];
    rg_verdict_options options;
    cells all;
} scene;

static scene scene_of(size_t sets, uint32_t runs, double step, bool maximize)
{
    scene s = {.arena = rg_arena_new()};
    for (size_t arm = 0; arm < ARMS; arm++) {
        uint64_t *seed = RG_ARENA_ARRAY(s.arena, uint64_t, sets * runs);
        uint32_t *set = RG_ARENA_ARRAY(s.arena, uint32_t, sets * runs);
        double *value = RG_ARENA_ARRAY(s.arena, double, sets *runs);
        for (size_t i = 0; i < sets * runs; i++) {
            seed[i] = i % runs;
            set[i] = (uint32_t)(i / runs);
            value[i] = (maximize ? 1 : -1) * (auc[set[i]][arm] + step * (double)seed[i]);
        }
        s.arms[arm] = (rg_scores){.arm = arm_names[arm],
                                  .count = sets * runs,
                                  .seed = seed,
                                  .value = value,
                                  .set = set};
    }
    s.options = (rg_verdict_options){.metric = "auc",
                                     .maximize = maximize,
                                     .analysis = {.alpha = .05, .margin = NAN},
                                     .sets = set_names,
                                     .n_sets = sets};
    return s;
}

static void look(scene *s)
{
    s->all = cells_of(s->arms, ARMS, &s->options, s->arena);
}

static double at(const json_t *facts, const char *path)
{
    return rg_json_number(rg_json_path(facts, path), NAN);
}

/* ---- Ranks */

static void check_demsar(bool maximize)
{
    scene s = scene_of(SETS, 1, 0, maximize);
    look(&s);
    json_t *ranking = facts_ranking(&s.all);
    static const char *const order[] = {"C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"};
    static const double ranks[] = {1.964, 2.000, 2.893, 3.143};
    for (size_t i = 0; i < ARMS; i++) {
        const json_t *arm = json_array_get(json_object_get(ranking, "arms"), i);
        assert_string_equal(rg_json_text(arm, "name", ""), order[i]);
        assert_true(fabs(rg_json_number(json_object_get(arm, "rank"), NAN) - ranks[i]) < 5e-4);
    }
    assert_true(fabs(at(ranking, "friedman.chi2") - 9.28) < .005);
    assert_true(fabs(at(ranking, "friedman.f") - 3.69) < .005);
    assert_true(at(ranking, "friedman.df1") == 3 && at(ranking, "friedman.df2") == 39);
    assert_true(at(ranking, "friedman.chi2_ties") > at(ranking, "friedman.chi2"));
    assert_true(fabs(at(ranking, "critical_difference") - 1.25) < .005); /* q .05 = 2.569 */
    const json_t *cliques = json_object_get(ranking, "cliques");
    assert_int_equal(json_array_size(cliques), 1); /* ranks span 1.18: nobody is set apart */
    assert_int_equal(json_array_size(json_array_get(cliques, 0)), ARMS);
    json_decref(ranking);
    rg_arena_free(s.arena);
}

static void test_demsar(void **state)
{
    (void)state;
    check_demsar(true);
    check_demsar(false);
}

/* Ranks 1 to 4 on every set: at 14 sets neighbours stay within 1.25, others do not. */
static void test_cliques(void **state)
{
    (void)state;
    scene s = scene_of(SETS, 1, 0, true);
    for (size_t arm = 0; arm < ARMS; arm++)
        for (size_t i = 0; i < SETS; i++)
            ((double *)(uintptr_t)s.arms[arm].value)[i] = -(double)arm;
    look(&s);
    json_t *ranking = facts_ranking(&s.all), *clique;
    size_t i;
    assert_int_equal(json_array_size(json_object_get(ranking, "cliques")), 3);
    json_array_foreach (json_object_get(ranking, "cliques"), i, clique) {
        assert_int_equal(json_array_size(clique), 2);
        assert_string_equal(json_string_value(json_array_get(clique, 0)), arm_names[i]);
        assert_string_equal(json_string_value(json_array_get(clique, 1)), arm_names[i + 1]);
    }
    json_decref(ranking);
    rg_arena_free(s.arena);
}

/* Too few sets; a set that an arm lacks; an arm that failed without a value is last. */
static void test_incomplete(void **state)
{
    (void)state;
    scene s = scene_of(5, 1, 0, true);
    look(&s);
    json_t *ranking = facts_ranking(&s.all);
    assert_true(json_is_null(ranking));
    json_decref(ranking);
    rg_arena_free(s.arena);
    s = scene_of(8, 1, 0, true);
    s.arms[2].count = 7;
    ((double *)(uintptr_t)s.arms[3].value)[0] = NAN; /* the best one on adult */
    look(&s);
    ranking = facts_ranking(&s.all);
    assert_int_equal(at(ranking, "sets"), 7);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(ranking, "left_out"), 0)), "lung");
    double scores[7][ARMS], ranks[ARMS];
    memcpy(scores, auc, sizeof(scores));
    scores[0][3] = -1;
    rg_mean_ranks(&scores[0][0], 7, ARMS, ranks);
    const json_t *arm;
    size_t i;
    json_array_foreach (json_object_get(ranking, "arms"), i, arm)
        if (!strcmp(rg_json_text(arm, "name", ""), arm_names[3]))
            assert_true(rg_json_number(json_object_get(arm, "rank"), NAN) == ranks[3]);
    json_decref(ranking);
    rg_arena_free(s.arena);
}

/* ---- Tasks */

static const facts_task_options as_they_are = {false, 1, NULL}, normalized = {true, 1, NULL};

static const json_t *task_arm(const json_t *tasks, size_t arm)
{
    return json_array_get(json_object_get(tasks, "arms"), arm);
}

static void test_tasks(void **state)
{
    (void)state;
    static const rg_claim claims[] = {{"m > C4.5", 1, 0, RG_BETTER}};
    scene up = scene_of(SETS, 4, .01, true), down = scene_of(SETS, 4, .01, false);
    look(&up);
    look(&down);
    json_t *one = facts_tasks(&up.all, claims, 1, &as_they_are),
           *again = facts_tasks(&up.all, claims, 1, &as_they_are);
    json_t *other = facts_tasks(&down.all, claims, 1, &as_they_are);
    assert_true(json_equal(one, again));
    double iqm = rg_interquartile_mean(up.arms[1].value, SETS * 4);
    assert_true(fabs(at(task_arm(one, 1), "iqm.estimate") - iqm) < 1e-12);
    assert_true(fabs(at(task_arm(other, 1), "iqm.estimate") + iqm) < 1e-12);
    const json_t *interval = rg_json_path(task_arm(one, 1), "iqm.interval");
    const json_t *turned = rg_json_path(task_arm(other, 1), "iqm.interval");
    for (size_t i = 0; i < 2; i++) {
        double bound = rg_json_number(json_array_get(interval, i), NAN);
        assert_true(i ? bound > iqm : bound < iqm);
        assert_true(fabs(bound + rg_json_number(json_array_get(turned, 1 - i), NAN)) < 1e-12);
    }
    assert_true(at(one, "tasks") == SETS && at(one, "seed") == 1);
    assert_true(
        json_equal(json_object_get(one, "improvement"), json_object_get(other, "improvement")));
    json_t *profile = json_array_get(rg_json_path(one, "profiles.arms"), 0);
    const json_t *share = json_object_get(profile, "share");
    size_t n = json_array_size(share);
    assert_true(n > 10 && n == json_array_size(rg_json_path(one, "profiles.thresholds")));
    for (size_t i = 1; i < n; i++) /* better is rarer */
        assert_true(rg_json_number(json_array_get(share, i), 2) <=
                    rg_json_number(json_array_get(share, i - 1), -1));
    json_decref(one);
    json_decref(again);
    json_decref(other);
    rg_arena_free(up.arena);
    rg_arena_free(down.arena);
}

/* Nothing is told of the scene's tasks, and `why` is said, or nothing. */
static void check_untold(scene *s, const char *why)
{
    json_t *warnings = json_array();
    facts_task_options options = {false, 1, warnings};
    look(s);
    assert_null(facts_tasks(&s->all, NULL, 0, &options));
    assert_int_equal(json_array_size(warnings), why != NULL);
    if (why)
        assert_non_null(strstr(json_string_value(json_array_get(warnings, 0)), why));
    json_decref(warnings);
    rg_arena_free(s->arena);
}

static void test_no_tasks(void **state)
{
    (void)state;
    scene one = scene_of(SETS, 1, 0, true), failed = scene_of(SETS, 3, .01, true);
    scene many = scene_of(2, 3000, 1e-6, true);
    check_untold(&one, NULL);
    ((double *)(uintptr_t)failed.arms[0].value)[5] = NAN;
    check_untold(&failed, "a run that failed has no value");
    check_untold(&many, "up to 20000 in all, and here are 24000");
}

/* An arm with less runs on its last task; a task on another scale. */
static void test_task_notes(void **state)
{
    (void)state;
    scene s = scene_of(3, 3, .01, true);
    s.arms[0].count--;
    for (size_t i = 0; i < 3; i++)
        ((double *)(uintptr_t)s.arms[1].value)[i] *= 1000;
    look(&s);
    json_t *tasks = facts_tasks(&s.all, NULL, 0, &as_they_are);
    const json_t *notes = json_object_get(tasks, "notes");
    assert_int_equal(json_array_size(notes), 2);
    assert_non_null(strstr(json_string_value(json_array_get(notes, 0)), "Of 35 runs 33 are"));
    assert_non_null(strstr(json_string_value(json_array_get(notes, 1)), "The scores of adult"));
    assert_true(at(task_arm(tasks, 0), "runs") == 2 && at(task_arm(tasks, 1), "runs") == 3);
    json_decref(tasks);
    rg_arena_free(s.arena);
}

/* Two tasks of which one is a thousand times as wide; the best run of each is 1, the worst 0. */
static void check_normalized(bool maximize)
{
    scene s = scene_of(2, 2, .01, maximize);
    for (size_t arm = 0; arm < ARMS; arm++)
        for (size_t i = 2; i < 4; i++)
            ((double *)(uintptr_t)s.arms[arm].value)[i] *= 1000;
    look(&s);
    json_t *tasks = facts_tasks(&s.all, NULL, 0, &normalized);
    /* adult: .763 to .808 with the steps; breast cancer: .569 to .609 */
    double one = (.763 - .763 + .773 - .763) / (.808 - .763);
    double other = (.599 - .569 + .609 - .569) / (.609 - .569);
    assert_true(fabs(at(task_arm(tasks, 0), "mean.estimate") - (one + other) / 4) < 1e-9);
    assert_true(json_is_true(json_object_get(tasks, "normalized")));
    assert_int_equal(json_array_size(json_object_get(tasks, "notes")), 1);
    const json_t *thresholds = rg_json_path(tasks, "profiles.thresholds");
    assert_true(rg_json_number(json_array_get(thresholds, 0), NAN) == 0);
    json_decref(tasks);
    rg_arena_free(s.arena);
}

static void test_normalized(void **state)
{
    (void)state;
    check_normalized(true);
    check_normalized(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_demsar),     cmocka_unit_test(test_cliques),
        cmocka_unit_test(test_incomplete), cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_no_tasks),   cmocka_unit_test(test_task_notes),
        cmocka_unit_test(test_normalized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
