/* Metrics of classes and numbers by hand, against golden numbers, and what scikit-learn says of
 * all of them (sklearn.json, recorded by tests/peers/scores_sklearn.py). */
#include "scratch.h"

#include "rigor/calibration.h"

/* What finds the likeliest classes first gives the same scores. */
static double score(const char *metric, const float *value, size_t classes, const void *truth,
                    size_t rows)
{
    const rg_metric *m = rg_metric_find(metric);
    assert_non_null(m);
    rg_predictions p = {rows, classes, value, NULL, false, NULL};
    rg_part part = {.rows = rows, .classes = classes};
    if (classes)
        part.label = truth;
    else
        part.target = truth;
    double ret = rg_metric_score(m, &p, &part);
    if (classes) {
        uint32_t *likeliest = RG_NEW_ARRAY(uint32_t, rows);
        rg_find_likeliest(&p, likeliest);
        p.likeliest = likeliest;
        double again = rg_metric_score(m, &p, &part);
        assert_memory_equal(&again, &ret, sizeof(ret));
        rg_free(likeliest);
    }
    return ret;
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
    const float all_sure[80] = {0};
    const int32_t all_wrong[40] = {0};
    assert_close(score("nll", all_sure, 2, all_wrong, 40), -log(1e-15), 1e-12);
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

static void rank_correlation(void **state)
{
    (void)state;
    const float p[] = {1, 2, 3, 4, 5}, y[] = {5, 6, 7, 8, 7}, flat[] = {2, 2, 2, 2, 2};
    assert_close(score("spearman", p, 0, y, 5), .8207826816681233, 1e-15); /* SciPy's example */
    const float up[] = {-1, 0, 1, 1e6f, 2e6f}, down[] = {9, 8, 7, 6, -1};
    assert_close(score("spearman", p, 0, up, 5), 1, 0);
    assert_close(score("spearman", p, 0, down, 5), rg_metric_find("spearman")->worst, 0);
    assert_close(score("spearman", flat, 0, y, 5), 0, 0);
    assert_true(isnan(score("spearman", p, 0, flat, 5)));
    assert_true(isnan(score("spearman", p, 0, y, 1)));
}

/* ---- areas
 * ------------------------------------------------------------------------------------------- */

static void areas_by_hand(void **state)
{
    (void)state;
    /* scikit-learn's example: scores .1 .4 .35 .8 of classes 0 0 1 1 */
    const float p[] = {.9f, .1f, .6f, .4f, .65f, .35f, .2f, .8f};
    const int32_t y[] = {0, 0, 1, 1}, ones[] = {1, 1, 1, 1}, zeros[] = {0, 0, 0, 0};
    assert_close(score("roc_auc", p, 2, y, 4), .75, 1e-15);
    assert_close(score("pr_auc", p, 2, y, 4), .5 * 1 + .5 * 2 / 3, 1e-15);
    assert_true(isnan(score("roc_auc", p, 2, ones, 4)) &&
                isnan(score("roc_auc", p, 2, zeros, 4)));
    assert_close(score("pr_auc", p, 2, ones, 4), 1, 0);
    assert_true(isnan(score("pr_auc", p, 2, zeros, 4)));
    const float even[] = {.5f, .5f, .5f, .5f, .5f, .5f, .5f, .5f};
    assert_close(score("roc_auc", even, 2, y, 4), .5, 0); /* all tied */
    assert_close(score("pr_auc", even, 2, y, 4), .5, 0);
    /* of three classes, of which the third does not occur: the mean over the other two */
    const float q[] = {.5f, .25f, .25f, .25f, .5f, .25f, .5f, .5f, 0};
    const int32_t two[] = {0, 1, 0};
    assert_close(score("roc_auc", q, 3, two, 3), (1 + .75) / 2, 1e-15);
}

static void f1_of_the_second_class(void **state)
{
    (void)state;
    const float p[] = {1, 0, 0, 1, 0, 1, 1, 0};
    const int32_t y[] = {0, 1, 0, 1}, zeros[] = {0, 0, 0, 0};
    assert_close(score("f1", p, 2, y, 4), .5, 0);
    const float none[] = {1, 0, 1, 0, 1, 0, 1, 0};
    assert_close(score("f1", none, 2, zeros, 4), 0, 0);
    assert_close(score("f1", none, 2, y, 4), 0, 0);
    assert_true(isnan(score("f1", three, 3, three_truth, 6))); /* not ready */
}

static void perplexity_is_the_exponential(void **state)
{
    (void)state;
    const float even[] = {.25f, .25f, .25f, .25f};
    assert_close(score("perplexity", even, 4, (int32_t[]){3}, 1), 4, 1e-15);
    assert_close(log(score("perplexity", three, 3, three_truth, 6)),
                 score("nll", three, 3, three_truth, 6), 1e-14);
}

/* ---- scikit-learn
 * ------------------------------------------------------------------------------------ */

static size_t numbers_read(const json_t *list, float *ret)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        ret[i] = (float)json_number_value(json_array_get(list, i));
    return json_array_size(list);
}

static size_t compare_case(const json_t *one)
{
    enum { MOST = 400 };
    float value[MOST], target[MOST];
    int32_t label[MOST];
    int64_t group[MOST];
    size_t classes = (size_t)json_integer_value(json_object_get(one, "classes")), compared = 0;
    size_t rows = numbers_read(json_object_get(one, "truth"), target);
    assert_true(rows > 0 && numbers_read(json_object_get(one, "value"), value) <= MOST);
    for (size_t i = 0; i < rows; i++) {
        label[i] = (int32_t)target[i];
        group[i] = json_integer_value(json_array_get(json_object_get(one, "group"), i));
    }
    rg_predictions p = {rows, classes, value, NULL, false, NULL};
    rg_part truth = {.rows = rows,
                     .classes = classes,
                     .label = classes ? label : NULL,
                     .target = classes ? NULL : target,
                     .group = group};
    const char *name;
    json_t *expected;
    json_object_foreach (json_object_get(one, "scores"), name, expected) {
        const rg_metric *metric = rg_metric_find(name);
        assert_non_null(metric);
        assert_close(rg_metric_score(metric, &p, &truth), rg_json_number(expected, NAN), 1e-12);
        compared++;
    }
    return compared;
}

static void as_scikit_learn(void **state)
{
    (void)state;
    char *text;
    size_t len, compared = 0, i;
    rg_err err = {0};
    assert_good(
        rg_file_read(RIGOR_SOURCE_DIR "/tests/data/sklearn.json", 1 << 24, &text, &len, &err),
        err);
    json_t *record = rg_json_parse(text, len, "sklearn.json", &err), *one;
    rg_free(text);
    json_array_foreach (json_object_get(record, "cases"), i, one)
        compared += compare_case(one);
    json_decref(record);
    assert_true(compared > 150);
}

/* ---- the table
 * --------------------------------------------------------------------------------------- */

static void the_table_is_sound(void **state)
{
    for (const rg_metric *m = rg_metrics; m->name; m++) {
        assert_true(*m->title && !m->score == !!m->score_at && m->k == 0);
        assert_true(isnan(m->worst) || isfinite(m->worst));
        if (m->score)
            assert_ptr_equal(rg_metric_find(m->name), m);
        else
            assert_null(rg_metric_find(m->name)); /* "ndcg@k" */
        char *aliases = rg_arena_strdup(*state, m->aliases), *rest = NULL;
        for (char *one = strtok_r(aliases, " ", &rest); one; one = strtok_r(NULL, " ", &rest))
            if (m->score)
                assert_ptr_equal(rg_metric_find(one), m);
    }
    static const char *const unknown[] = {"",          " ",         "acuracy",
                                          "log_loss ", "auc auroc", "accuracy@1"};
    for (size_t i = 0; i < RG_COUNT(unknown); i++)
        assert_null(rg_metric_find(unknown[i]));
}

static void metrics_with_a_number(void **state)
{
    const rg_metric *ten = rg_metric_find("ndcg@10");
    assert_string_equal(ten->name, "ndcg@10");
    assert_int_equal(ten->k, 10);
    assert_ptr_equal(rg_metric_find("ndcg@10"), ten);
    assert_ptr_equal(rg_metric_find("hits@3"), rg_metric_find("hit_rate@3"));
    assert_string_equal(rg_metric_find("hits@1000")->name, "hit_rate@1000");
    static const char *const wrong[] = {"ndcg",
                                        "ndcg@",
                                        "ndcg@0",
                                        "ndcg@1001",
                                        "ndcg@010",
                                        "ndcg@1.5",
                                        "ndcg@k",
                                        "ndcg@-1",
                                        "ndcg@ 3",
                                        "ndcg@+3",
                                        "ndcg@3@3",
                                        "hits",
                                        "ndcg@99999999999999999999"};
    for (size_t i = 0; i < RG_COUNT(wrong); i++) {
        assert_null(rg_metric_find(wrong[i]));
        const char *stem = wrong[i][0] == 'n' ? "write ndcg@10" : "write hit_rate@10";
        assert_true(rg_text_starts(rg_metric_suggest(wrong[i], *state), stem));
    }
    assert_string_equal(rg_metric_suggest("acuracy", *state), "did you mean 'accuracy'?");
    assert_non_null(strstr(rg_metric_suggest("zebra", *state), "ndcg@k, hit_rate@k, map"));
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
        IN_ARENA(rank_correlation),
        IN_ARENA(areas_by_hand),
        IN_ARENA(f1_of_the_second_class),
        IN_ARENA(perplexity_is_the_exponential),
        IN_ARENA(as_scikit_learn),
        IN_ARENA(the_table_is_sound),
        IN_ARENA(metrics_with_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
