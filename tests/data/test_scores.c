/* Metrics against golden and hand-computed numbers, predictions matched by id. */
#include "scratch.h"

#include "rigor/calibration.h"

static double score(const char *metric, const float *value, size_t classes, const void *truth,
                    size_t rows)
{
    const rg_metric *m = rg_metric_find(metric);
    assert_non_null(m);
    rg_predictions p = {rows, classes, value, NULL};
    rg_part part = {.rows = rows, .classes = classes};
    if (classes)
        part.label = truth;
    else
        part.target = truth;
    return m->score(&p, &part);
}

/* ---- classes
 * ---------------------------------------------------------------------------------------- */

/* Three classes, six rows; predicted 0 1 1 2 0 0, of which rows 0, 1, 3 and 4 are right. */
static const float three[] = {.7f, .2f, .1f, .1f, .8f, .1f, .3f, .6f, .1f,
                              .1f, .2f, .7f, .5f, .3f, .2f, .4f, .3f, .3f};
static const int32_t three_truth[] = {0, 1, 0, 2, 0, 1};

static void by_hand(void **state)
{
    (void)state;
    assert_close(score("accuracy", three, 3, three_truth, 6), 4. / 6, 1e-15);
    /* recalls 2/3, 1/2, 1 */
    assert_close(score("balanced_accuracy", three, 3, three_truth, 6), (2. / 3 + .5 + 1) / 3,
                 1e-15);
    /* F1: 2*2/(3+3), 2*1/(2+2), 2*1/(1+1) */
    assert_close(score("macro_f1", three, 3, three_truth, 6), (4. / 6 + .5 + 1) / 3, 1e-15);
    double likelihood = -(log(.7) + log(.8) + log(.3) + log(.7) + log(.5) + log(.3)) / 6;
    assert_close(score("nll", three, 3, three_truth, 6), likelihood, 1e-7);
    double brier = (.09 + .04 + .01 + .01 + .04 + .01 + .49 + .36 + .01 + .01 + .04 + .09 +
                    .25 + .09 + .04 + .16 + .49 + .09) /
                   6;
    assert_close(score("brier", three, 3, three_truth, 6), brier, 1e-7);
}

static void ties_go_to_the_first_class(void **state)
{
    (void)state;
    const float even[] = {.5f, .5f};
    const int32_t first[] = {0}, second[] = {1};
    assert_close(score("accuracy", even, 2, first, 1), 1, 0);
    assert_close(score("accuracy", even, 2, second, 1), 0, 0);
}

static void a_certain_mistake_is_clipped(void **state)
{
    (void)state;
    const float sure[] = {1, 0};
    const int32_t wrong[] = {1};
    assert_close(score("nll", sure, 2, wrong, 1), -log(1e-15), 1e-12);
    assert_close(score("brier", sure, 2, wrong, 1), 1, 0);
    const float sure3[] = {1, 0, 0};
    assert_close(score("brier", sure3, 3, wrong, 1), rg_metric_find("brier")->worst, 0);
    assert_close(score("ece", sure3, 3, wrong, 1), rg_metric_find("ece")->worst, 0);
}

static void a_class_that_does_not_occur(void **state)
{
    (void)state;
    const float p[] = {1, 0, 0, 0, 1, 0};
    const int32_t truth[] = {0, 1};
    assert_close(score("balanced_accuracy", p, 3, truth, 2), 1, 0);
    assert_close(score("macro_f1", p, 3, truth, 2), 1, 0);
}

/* ---- calibration: statistics golden number 17
 * ---------------------------------------------------------- */

static void calibration_golden(void **state)
{
    (void)state;
    const double p[] = {.25, .25, .55, .75, .75};
    const bool y[] = {false, false, true, true, true};
    rg_calibration c = rg_calibrate(p, y, 5, 2);
    assert_close(c.ece, .29, 1e-12);
    assert_close(c.rms, .2918333, 1e-7);
    assert_close(c.max, .3166667, 1e-7);
    const float value[] = {.75f, .25f, .75f, .25f, .45f, .55f, .25f, .75f, .25f, .75f};
    const int32_t label[] = {0, 0, 1, 1, 1};
    assert_close(score("brier", value, 2, label, 5), .0905, 1e-7);
    /* 15 bins: confidences .75 (twice), .55 and .75 (twice) are right: gaps .25 and .45 */
    assert_close(score("ece", value, 2, label, 5), .8 * .25 + .2 * .45, 1e-7);
}

static void bins_are_closed_above(void **state)
{
    (void)state;
    const double p[] = {0, .5, 1};
    const bool y[] = {false, true, true};
    rg_calibration c = rg_calibrate(p, y, 3, 2); /* 0 and .5 share the first bin */
    assert_close(c.ece, 2. / 3 * .25, 1e-15);
    assert_close(c.max, .25, 1e-15);
}

/* Outcomes drawn with the stated probability: the error vanishes with n. */
static void calibrated_predictions(void **state)
{
    (void)state;
    enum { N = 200000 };
    rg_rng rng = rg_rng_open(support_seed(), "calibrated");
    double *p = RG_NEW_ARRAY(double, N);
    bool *y = RG_NEW_ARRAY(bool, N);
    for (size_t i = 0; i < N; i++) {
        p[i] = rg_rng_unit(&rng);
        y[i] = rg_rng_unit(&rng) < p[i];
    }
    double ece = rg_calibrate(p, y, N, 15).ece;
    rg_free(p);
    rg_free(y);
    assert_true(ece < .01);
}

/* ---- numbers
 * ----------------------------------------------------------------------------------------- */

static void regression_metrics(void **state)
{
    (void)state;
    const float p[] = {2.5f, 0, 2, 8}, y[] = {3, -.5f, 2, 7};
    assert_close(score("mae", p, 0, y, 4), .5, 1e-15);
    assert_close(score("rmse", p, 0, y, 4), sqrt(.375), 1e-15);
    assert_close(score("r2", p, 0, y, 4), .9486081370449679,
                 1e-12); /* scikit-learn's example */
    const float flat[] = {1, 1, 1, 1};
    assert_true(isnan(score("r2", p, 0, flat, 4)));
}

static void the_table_is_sound(void **state)
{
    (void)state;
    for (const rg_metric *m = rg_metrics; m->name; m++) {
        assert_ptr_equal(rg_metric_find(m->name), m);
        assert_true(*m->title && m->score);
        assert_true(isnan(m->worst) || isfinite(m->worst));
    }
    assert_null(rg_metric_find("acc"));
}

/* ---- predictions
 * ------------------------------------------------------------------------------------- */

static const int64_t truth_ids[] = {10, 20, 30, 40};
static const rg_part classes_truth = {
    .task = RG_CLASSIFY, .rows = 4, .classes = 2, .id = truth_ids};
static const rg_part numbers_truth = {.task = RG_REGRESS, .rows = 4, .id = truth_ids};

static void values_follow_their_ids(void **state)
{
    const int64_t ids[] = {40, 10, 30, 20};
    const float value[] = {4, 1, 3, 2};
    rg_err err = {0};
    rg_predictions p = {4, 0, value, ids}, read;
    assert_good(rg_predictions_write("p.npz", &p, &err), err);
    assert_good(rg_predictions_read("p.npz", &numbers_truth, *state, &read, &err), err);
    assert_int_equal(read.rows, 4);
    assert_int_equal(read.classes, 0);
    const float expected[] = {1, 2, 3, 4};
    assert_memory_equal(read.value, expected, sizeof(expected));
    assert_memory_equal(read.id, truth_ids, sizeof(truth_ids));
}

static void refuses_ids(const int64_t *ids, size_t n, const char *what, rg_arena *arena)
{
    float value[32] = {0};
    rg_err err = {0};
    rg_predictions p = {n, 0, value, ids}, read = {.rows = 77};
    assert_good(rg_predictions_write("p.npz", &p, &err), err);
    assert_false(rg_predictions_read("p.npz", &numbers_truth, arena, &read, &err));
    assert_error(err, "p.npz", what);
    assert_int_equal(read.rows, 77);
}

static void ids_are_named(void **state)
{
    refuses_ids((int64_t[]){10, 30, 40}, 3, "there is no prediction for id 20", *state);
    refuses_ids((int64_t[]){40}, 1, "no prediction for ids 10, 20, 30", *state);
    refuses_ids((int64_t[]){10, 20, 30, 40, 50}, 5, "not in the test set: id 50", *state);
    refuses_ids((int64_t[]){10, 20, 30, 20, 40}, 5, "several predictions for id 20", *state);
    refuses_ids((int64_t[]){10, 20, 30, 20}, 4, "several predictions for id 20", *state);
    refuses_ids((int64_t[]){1, 2, 3, 4, 5, 6, 7, 10, 20, 30, 40}, 11,
                "ids 1, 2, 3, 4, 5 and 2 more", *state);
    refuses_ids((int64_t[]){0}, 0, "no prediction for ids 10, 20, 30, 40", *state);
}

static void refuses_values(const float *value, const char *what, rg_arena *arena)
{
    rg_err err = {0};
    rg_predictions p = {4, 2, value, truth_ids}, read;
    assert_good(rg_predictions_write("p.npz", &p, &err), err);
    assert_false(rg_predictions_read("p.npz", &classes_truth, arena, &read, &err));
    assert_error(err, "p.npz", what);
}

static void values_are_probabilities(void **state)
{
    refuses_values((float[]){.5f, .5f, 1, 0, NAN, 1, 0, 1}, "for id 30 is nan", *state);
    refuses_values((float[]){.5f, .5f, INFINITY, 0, 0, 1, 0, 1}, "for id 20 is inf", *state);
    refuses_values((float[]){.5f, .5f, 2.5f, -1.5f, 0, 1, 0, 1}, "id 20 holds 2.5", *state);
    refuses_values((float[]){.5f, .4f, 1, 0, 0, 1, 0, 1}, "id 10 sum to 0.9", *state);
}

static void other_shapes_and_types(void **state)
{
    rg_err err = {0};
    rg_predictions read;
    double wide[] = {.25, .75, 1, 0, 0, 1, .5, .5};
    int32_t ids[] = {10, 20, 30, 40};
    const rg_array good[] = {{"value", RG_ARRAY_F64, 2, {4, 2}, wide},
                             {"id", RG_ARRAY_I32, 1, {4}, ids}};
    assert_good(rg_npz_write("w.npz", good, 2, 0644, &err), err);
    assert_good(rg_predictions_read("w.npz", &classes_truth, *state, &read, &err), err);
    assert_close(read.value[1], .75, 0);
    const rg_array bad[][2] = {
        {{"value", RG_ARRAY_F64, 2, {2, 4}, wide}, good[1]},
        {{"value", RG_ARRAY_F64, 1, {4}, wide}, good[1]},
        {{"values", RG_ARRAY_F64, 2, {4, 2}, wide}, good[1]},
        {{"value", RG_ARRAY_I32, 2, {4, 1}, ids}, good[1]},
        {good[0], {"id", RG_ARRAY_F64, 1, {4}, wide}},
        {good[0], {"ids", RG_ARRAY_I32, 1, {4}, ids}},
    };
    for (size_t i = 0; i < RG_COUNT(bad); i++) {
        err = (rg_err){0};
        assert_good(rg_npz_write("w.npz", bad[i], 2, 0644, &err), err);
        assert_false(rg_predictions_read("w.npz", &classes_truth, *state, &read, &err));
        assert_error(err, "w.npz", "the predictions");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(by_hand),
        IN_ARENA(ties_go_to_the_first_class),
        IN_ARENA(a_certain_mistake_is_clipped),
        IN_ARENA(a_class_that_does_not_occur),
        IN_ARENA(calibration_golden),
        IN_ARENA(bins_are_closed_above),
        IN_ARENA(calibrated_predictions),
        IN_ARENA(regression_metrics),
        IN_ARENA(the_table_is_sound),
        IN_ARENA(values_follow_their_ids),
        IN_ARENA(ids_are_named),
        IN_ARENA(values_are_probabilities),
        IN_ARENA(other_shapes_and_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
