/* test_verdict_situations.c - verdicts over runs without partners, folds and several data sets:
 * each decision by hand, what must not matter, what is missing, and the words. */
#include "rigor/groups.h"
#include "rigor/stats.h"
#include "rigor/study.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { MOST = 256 };

/* ---- Results, row by row */

typedef struct rows {
    size_t n;
    uint64_t seed[MOST];
    uint32_t set[MOST], fold[MOST];
    double value[MOST];
    bool failed[MOST];
} rows;

static void add(rows *r, uint32_t set, uint64_t seed, uint32_t fold, double value)
{
    assert_true(r->n < MOST);
    r->set[r->n] = set;
    r->seed[r->n] = seed;
    r->fold[r->n] = fold;
    r->failed[r->n] = isnan(value);
    r->value[r->n++] = value;
}

static void add_list(rows *r, uint32_t set, uint64_t first_seed, const double *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(r, set, first_seed + i, 0, value[i]);
}

static const char *const set_names[] = {"iris",  "wine", "lung",  "voting",
                                        "liver", "cmc",  "adult", "glass"};

static const rg_verdict_options usual = {.metric = "accuracy",
                                         .maximize = true,
                                         .analysis = {.05, NAN, RG_HOLM},
                                         .sets = set_names,
                                         .n_sets = COUNT(set_names),
                                         .test_over_train = NAN};

static rg_verdict_options with_margin(double margin)
{
    rg_verdict_options o = usual;
    o.analysis.margin = margin;
    return o;
}

static rg_scores scores_of(const char *name, const rows *r)
{
    rg_scores s = {.arm = name,
                   .count = r->n,
                   .seed = r->seed,
                   .value = r->value,
                   .failed = r->failed,
                   .set = r->set};
    for (size_t i = 0; i < r->n; i++)
        s.fold = r->fold[i] ? r->fold : s.fold;
    return s;
}

static json_t *judge(const rows *a, const rows *b, rg_relation relation,
                     const rg_verdict_options *options)
{
    static const char *const text[] = {"full > plain", "full = plain", "full >= plain"};
    rg_scores arms[] = {scores_of("full", a), scores_of("plain", b)};
    rg_claim claim = {text[relation], 0, 1, relation};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, options);
    json_t *only = json_incref(json_array_get(list, 0));
    json_decref(list);
    const char *sentence = rg_json_text(only, "sentence", "(none)");
    print_message("  %s\n", sentence);
    if (strstr(sentence, "nan") || strstr(sentence, "(null)"))
        fail_msg("a number that does not exist is told");
    const json_t *notes = json_object_get(only, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++)
        print_message("    - %s\n", json_string_value(json_array_get(notes, i)));
    return only;
}

static double real(const json_t *object, const char *key)
{
    const json_t *value = rg_json_path(object, key);
    if (!value)
        fail_msg("no key %s", key);
    return rg_json_number(value, NAN);
}

static double bound(const json_t *object, size_t which)
{
    return rg_json_number(json_array_get(json_object_get(object, "interval"), which), NAN);
}

static void assert_text(const json_t *claim, const char *key, const char *expected)
{
    const json_t *value = rg_json_path(claim, key);
    assert_string_equal(json_is_string(value) ? json_string_value(value) : "(none)", expected);
}

static bool says(const json_t *claim, const char *part)
{
    bool found = strstr(rg_json_text(claim, "sentence", ""), part);
    const json_t *notes = json_object_get(claim, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++)
        found |= strstr(json_string_value(json_array_get(notes, i)), part) != NULL;
    return found;
}

static void assert_says(const json_t *claim, const char *part)
{
    if (!says(claim, part))
        fail_msg("\"%s\" is neither in the notes nor in: %s", part,
                 rg_json_text(claim, "sentence", ""));
}

static const json_t *set_at(const json_t *claim, size_t i)
{
    return json_array_get(json_object_get(claim, "by_set"), i);
}

/* ---- Runs without partners */

static const double drug_1[] = {.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2};
static const double drug_2[] = {1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4};

/* Student's sleep data as two samples, against R. */
static void unpaired_is_welch(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    add_list(&a, 0, 1, drug_1, 10);
    add_list(&b, 0, 101, drug_2, 10);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "situation", "unpaired");
    assert_text(c, "methods.decides", "welch");
    assert_text(c, "verdict", "inconclusive");
    assert_close(real(c, "p"), .07939414, 1e-8);
    assert_close(real(c, "estimate"), -1.58, 1e-12);
    assert_close(bound(c, 0), -3.3654832, 1e-6);
    assert_close(bound(c, 1), .2054832, 1e-6);
    assert_int_equal(real(c, "n"), 20);
    assert_int_equal(json_array_size(json_object_get(c, "differences")), 0);
    assert_true(json_is_null(json_object_get(c, "p_signflip")));
    assert_true(json_is_null(json_object_get(c, "p_wilcoxon")));
    assert_close(real(c, "p_permutation"), rg_permutation(drug_1, 10, drug_2, 10, 0).p, 1e-15);
    assert_close(real(c, "p_superior"), rg_mann_whitney(drug_1, 10, drug_2, 10).superiority,
                 1e-15);
    assert_says(c, "10 and 10 unpaired runs");
    assert_says(c, "pairing them by seed would see smaller differences");
    /* what 80 % power needs: df 17.8, the noncentral t distribution */
    double df = 17.77647352, se = 1.58 / 1.860813467, t = -rg_t_quantile(.025, df);
    assert_close(rg_noncentral_t_upper(t, df, real(c, "mde") / se), .8, 1e-6);
    json_decref(c);
    b.n = a.n; /* the same seeds: pairs, unless an arm says that it has none */
    memcpy(b.seed, a.seed, sizeof(a.seed));
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "situation", "pairs");
    json_decref(c);
    rg_scores arms[] = {scores_of("full", &a), scores_of("plain", &b)};
    arms[1].unpaired = true;
    rg_claim claim = {"full > plain", 0, 1, RG_BETTER};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, &usual);
    assert_text(json_array_get(list, 0), "situation", "unpaired");
    assert_close(real(json_array_get(list, 0), "p"), .07939414, 1e-8);
    json_decref(list);
}

static void unpaired_mann_whitney(void **state)
{
    (void)state;
    static const double x[] = {.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46};
    static const double y[] = {1.15, .88, .90, .74, 1.21};
    rows a = {0}, b = {0};
    add_list(&a, 0, 1, x, 10);
    add_list(&b, 0, 101, y, 5);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_close(real(c, "p_mann_whitney"), 2 * .1272061272, 1e-9);
    assert_close(real(c, "p_superior"), .7, 1e-15);
    json_decref(c);
    /* a run without a value is worse than any score: ranks decide; by hand, all 15 choose 5
     * ways, and B's five are the lowest in one of them */
    for (size_t i = 0; i < 5; i++) {
        b.value[i] = i == 0 ? NAN : -(double)i;
        b.failed[i] = i == 0;
    }
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_text(c, "methods.decides", "mann-whitney");
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_close(real(c, "p_corrected"), 2 / 3003., 1e-12);
    assert_says(c, "1 run of plain failed (seed 101 on iris) and counts as worse than any");
    assert_says(c, "in 100 % of all pairings of runs");
    json_decref(c);
}

static void unpaired_fragile(void **state)
{
    (void)state;
    static const double x[] = {.92, 1.03, 1.03, 1.00, 1.13, 1.14, .95};
    static const double y[] = {1.02, .83, 1.05, .80, .75, .96, .82};
    rows a = {0}, b = {0};
    add_list(&a, 0, 1, x, 7);
    add_list(&b, 0, 101, y, 7);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "fragile");
    assert_true(real(c, "p") < .03);
    assert_true(real(c, "p_mann_whitney") > .06);
    assert_says(c, "by Welch's t test, but the tests that assume less (permutations, "
                   "Mann-Whitney) reach only p = 0.068. Look at run ");
    json_decref(c);
}

static void unpaired_failures_bar_equality(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (size_t i = 0; i < 8; i++) {
        add(&a, 0, 1 + i, 0, .9 + .001 * (double)(i % 3));
        add(&b, 0, 101 + i, 0, .9 + .001 * (double)(i % 4));
    }
    rg_verdict_options o = with_margin(.9);
    json_t *c = judge(&a, &b, RG_EQUAL, &o);
    assert_text(c, "verdict", "equivalent");
    json_decref(c);
    a.failed[2] = b.failed[5] = true;
    a.value[2] = b.value[5] = 0;
    for (int relation = RG_BETTER; relation <= RG_NOT_WORSE; relation++) {
        c = judge(&a, &b, (rg_relation)relation, &o);
        assert_text(c, "verdict", "inconclusive");
        assert_says(c, "Runs of both arms failed, which shows nothing");
        if (relation != RG_BETTER)
            assert_says(c, "runs of both arms failed, which leaves full ");
        json_decref(c);
    }
    b.failed[5] = false;
    b.value[5] = .9;
    c = judge(&a, &b, RG_NOT_WORSE, &o);
    assert_text(c, "verdict", "supported");
    json_decref(c);
    for (size_t i = 0; i < 8; i++) {
        a.failed[i] = b.failed[i] = true;
        a.value[i] = b.value[i] = 0;
    }
    c = judge(&a, &b, RG_EQUAL, &o);
    assert_text(c, "verdict", "inconclusive");
    assert_says(c, "every run of full and of plain failed");
    json_decref(c);
}

static void unpaired_degenerate(void **state)
{
    (void)state;
    rows a = {0}, b = {0}, none = {0};
    for (size_t i = 0; i < 8; i++) {
        add(&a, 0, 1 + i, 0, .9);
        add(&b, 0, 101 + i, 0, .8);
    }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_says(c, "All runs of an arm score the same");
    json_decref(c);
    memcpy(b.value, a.value, sizeof(a.value));
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_says(c, "score the same with each of the 8 runs of each arm");
    json_decref(c);
    a.n = 1;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_true(json_is_null(json_object_get(c, "p_corrected")));
    assert_says(c, "one run of an arm cannot tell a difference from luck");
    json_decref(c);
    c = judge(&a, &none, RG_BETTER, &usual);
    assert_text(c, "situation", "pairs");
    assert_says(c, "no seed in common");
    json_decref(c);
}

/* ---- Folds */

static const double fold_a[] = {.83, .85, .81, .88, .84, .86, .80, .87, .85, .84};
static const double fold_b[] = {.80, .84, .80, .84, .83, .83, .79, .83, .84, .82};

static void add_folds(rows *r, uint32_t set, uint64_t seed, const double *value, double plus)
{
    for (uint32_t k = 0; k < 10; k++)
        add(r, set, seed, k, value[k] + plus);
}

static void folds_are_corrected(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    add_folds(&a, 0, 7, fold_a, 0);
    add_folds(&b, 0, 7, fold_b, 0);
    /* by hand: differences 3 1 1 4 1 3 1 4 1 2 hundredths: mean 2.1, s^2 = 14.9 / 9 */
    double s = .01 * sqrt(14.9 / 9), se = s * sqrt(1. / 10 + 1. / 9), t = .021 / se;
    rg_verdict_options o = with_margin(.03);
    json_t *c = judge(&a, &b, RG_BETTER, &o);
    assert_text(c, "situation", "folds");
    assert_text(c, "methods.decides", "corrected t");
    assert_true(json_is_null(rg_json_path(c, "methods.signflip")));
    assert_close(real(c, "estimate"), .021, 1e-12);
    assert_close(real(c, "p"), rg_t_two_sided(t, 9), 1e-12);
    assert_close(bound(c, 0), .021 + rg_t_quantile(.025, 9) * se, 1e-12);
    assert_close(real(c, "tost_p"), rg_t_cdf((.021 - .03) / se, 9), 1e-12);
    assert_close(real(c, "posterior.inside"), rg_t_cdf(.009 / se, 9) - rg_t_cdf(-.051 / se, 9),
                 1e-10);
    assert_close(real(c, "posterior.above"), rg_t_upper(.009 / se, 9), 1e-10);
    assert_true(json_is_null(json_object_get(c, "p_signflip")));
    assert_true(json_is_null(json_object_get(c, "p_wilcoxon")));
    assert_true(json_is_null(json_object_get(c, "p_superior_interval")));
    assert_true(json_is_null(json_object_get(c, "seeds_needed")));
    assert_close(real(c, "mde"), rg_detectable_effect(10, .05) * se * sqrt(10), 1e-12);
    assert_int_equal(real(json_array_get(json_object_get(c, "differences"), 3), "fold"), 3);
    assert_text(c, "verdict", "supported");
    assert_says(c, "on average over 10 folds");
    assert_says(c, "Folds share training data");
    assert_says(c, "inside the margin with probability");
    json_decref(c);
    o.test_over_train = .25;
    c = judge(&a, &b, RG_BETTER, &o);
    se = s * sqrt(.1 + .25);
    assert_close(real(c, "p"), rg_t_two_sided(.021 / se, 9), 1e-12);
    json_decref(c);
    /* repeated: J = 20 of two seeds, still 1/9 */
    add_folds(&a, 0, 8, fold_a, .001);
    add_folds(&b, 0, 8, fold_b, 0);
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_int_equal(real(c, "n"), 20);
    double both = 2 * .01 * .01 * 14.9 + 20 * .0005 * .0005;
    se = sqrt(both / 19) * sqrt(1. / 20 + 1. / 9);
    assert_close(real(c, "p"), rg_t_two_sided(.0215 / se, 19), 1e-12);
    json_decref(c);
}

static void folds_degenerate(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    add_folds(&a, 0, 7, fold_b, .02);
    add_folds(&b, 0, 7, fold_b, 0);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_true(json_is_null(json_object_get(c, "p_corrected")));
    assert_true(json_is_null(rg_json_path(c, "methods.decides")));
    assert_says(c, "no other test can decide");
    assert_says(c, "Not settled: no test can decide full > plain here.");
    json_decref(c);
    a.value[4] = NAN;
    a.failed[4] = true;
    a.n = 9;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_says(c, "1 run of full failed (seed 7 (fold 4) on iris) and counts as worse");
    assert_says(c, "no other test can decide");
    assert_says(c, "plain with seed 7 (fold 9) on iris");
    json_decref(c);
    b.value[4] = NAN;
    b.failed[4] = true;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_int_equal(real(c, "n"), 8);
    assert_says(c, "least of all equality: both arms failed with seed 7 (fold 4) on iris");
    json_decref(c);
}

/* ---- Two to five data sets */

static const double golden[3][6] = {{.012, .009, .015, .004, .011, .007},
                                    {.020, -.004, .013, .009, .001, .016},
                                    {.003, .006, -.001, .004, .005, .002}};

static void golden_rows(rows *a, rows *b)
{
    for (uint32_t set = 0; set < 3; set++)
        for (uint64_t i = 0; i < 6; i++) {
            add(a, set, i, 0, .9 + golden[set][i]);
            add(b, set, i, 0, .9);
        }
}

static void sets_are_stratified(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    golden_rows(&a, &b);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "situation", "sets");
    assert_text(c, "methods.decides", "stratified t");
    assert_text(c, "verdict", "supported");
    assert_close(real(c, "estimate"), .00733333, 1e-8);
    assert_close(real(c, "p"), .000914675, 1e-9);
    double half = -rg_t_quantile(.025, 7.570153) * .00139443;
    assert_close(bound(c, 0), .00733333 - half, 2e-8);
    assert_close(bound(c, 1), .00733333 + half, 2e-8);
    assert_int_equal(real(c, "n"), 18);
    assert_int_equal(json_array_size(json_object_get(c, "by_set")), 3);
    double p[3];
    for (size_t i = 0; i < 3; i++) {
        rg_t_result t = rg_t_test(golden[i], 6, 0, .05);
        assert_close(real(set_at(c, i), "estimate"), t.mean, 1e-12);
        assert_close(real(set_at(c, i), "p"), t.p, 1e-9);
        assert_close(real(set_at(c, i), "mean_b"), .9, 1e-15);
        assert_close(real(set_at(c, i), "mean_a"), .9 + t.mean, 1e-12);
        assert_int_equal(real(set_at(c, i), "n"), 6);
        assert_string_equal(rg_json_text(set_at(c, i), "set", ""), set_names[i]);
        p[i] = t.p;
    }
    rg_adjust(RG_ADJUST_HOLM, p, 3, p);
    for (size_t i = 0; i < 3; i++)
        assert_close(real(set_at(c, i), "p_corrected"), p[i], 1e-9);
    assert_says(c, "on average over 18 pairs of runs on 3 data sets");
    assert_text(json_array_get(json_object_get(c, "differences"), 7), "set", "wine");
    json_decref(c);
}

/* Sets of unequal size weigh the same; sign flips keep to M. */
static void sets_weigh_the_same(void **state)
{
    (void)state;
    static const double few[] = {.03, -.01}, many[] = {.02, .01, .04, .01, .02, .03};
    rows a = {0}, b = {0};
    add_list(&a, 0, 1, few, 2);
    add_list(&a, 1, 1, many, 6);
    for (size_t i = 0; i < 8; i++)
        add(&b, a.set[i], a.seed[i], 0, 0);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    double mean = (.01 + .13 / 6) / 2, reached = 0;
    assert_close(real(c, "estimate"), mean, 1e-12);
    for (unsigned flips = 0; flips < 256; flips++) {
        double sum[2] = {0, 0};
        for (size_t i = 0; i < 8; i++)
            sum[a.set[i]] += (flips >> i & 1 ? -1 : 1) * a.value[i];
        reached += fabs((sum[0] / 2 + sum[1] / 6) / 2) >= mean - 1e-12;
    }
    assert_close(real(c, "p_signflip"), reached / 256, 1e-12);
    json_decref(c);
}

static void sets_of_folds(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    add_folds(&a, 0, 7, fold_a, 0);
    add_folds(&b, 0, 7, fold_b, 0);
    add_folds(&a, 1, 7, fold_a, .01);
    add_folds(&b, 1, 7, fold_b, 0);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    double v = .01 * .01 * 14.9 / 9 * (1. / 10 + 1. / 9), se = sqrt(2 * v) / 2;
    assert_text(c, "situation", "sets");
    assert_close(real(c, "estimate"), .026, 1e-12);
    assert_close(real(c, "p"), rg_t_two_sided(.026 / se, 18), 1e-9);
    assert_true(json_is_null(json_object_get(c, "p_signflip")));
    assert_close(real(set_at(c, 1), "p"), rg_t_two_sided(.031 / sqrt(v), 9), 1e-9);
    assert_says(c, "corrected for it within each set");
    json_decref(c);
}

static void sets_of_unpaired_runs(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 2; set++) {
        add_list(&a, set, 1, drug_1, 10);
        add_list(&b, set, 101, drug_2, 10);
    }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    double t = -1.860813467 * sqrt(2), df = 2 * 17.77647352;
    assert_text(c, "situation", "sets");
    assert_close(real(c, "estimate"), -1.58, 1e-12);
    assert_close(real(c, "p"), rg_t_two_sided(t, df), 1e-8);
    assert_close(real(set_at(c, 0), "p"), .07939414, 1e-8);
    assert_int_equal(real(c, "n"), 40);
    assert_text(c, "verdict", "refuted");
    assert_says(c, "20 and 20 unpaired runs on 2 data sets");
    json_decref(c);
}

/* One run on each set: no spread within them is known, and the sets are the sample. */
static void sets_of_single_runs(void **state)
{
    (void)state;
    static const double d[] = {.012, .009, .015, .004, .011};
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 5; set++) {
        add(&a, set, 1, 0, .8 + d[set]);
        add(&b, set, 1, 0, .8);
    }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    rg_t_result t = rg_t_test(d, 5, 0, .05);
    assert_text(c, "situation", "sets");
    assert_text(c, "methods.decides", "t over sets");
    assert_close(real(c, "p"), t.p, 1e-9);
    assert_close(bound(c, 0), t.lo, 1e-12);
    assert_true(json_is_null(json_object_get(c, "seeds_needed")));
    assert_true(json_is_null(json_object_get(set_at(c, 0), "p")));
    assert_says(c, "On iris there is a single run of an arm");
    assert_says(c, "takes the 5 data sets themselves as the sample");
    assert_says(c, "With 5 data sets the exact tests cannot come below p = 0.062");
    assert_text(c, "verdict", "supported");
    json_decref(c);
    a.n = b.n = 2;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_says(c, "Exploratory: 2 data sets, and a verdict should rest on at least 5");
    json_decref(c);
}

static void sets_without_spread(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 2; set++)
        for (uint64_t i = 0; i < 4; i++) {
            add(&a, set, i, 0, .8 + .01 * (1 + (double)set));
            add(&b, set, i, 0, .8);
        }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_close(real(c, "p_corrected"), 2 / 256., 1e-12);
    assert_close(real(c, "estimate"), .015, 1e-12);
    assert_says(c, "Within each data set the difference is the same every time");
    json_decref(c);
    memcpy(a.value, b.value, sizeof(a.value));
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_says(c, "score the same with each of the 8 pairs of runs");
    json_decref(c);
}

/* What one arm lacks is named; pairs are made within each set. */
static void missing_runs_are_named(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    golden_rows(&a, &b);
    add(&a, 0, 17, 0, .9);
    add(&b, 1, 18, 0, .9);
    add(&b, 4, 3, 0, .9);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_close(real(c, "p"), .000914675, 1e-9);
    assert_says(c, "Left out, as the other arm lacks them: full with seed 17 on iris; plain "
                   "with seed 18 on wine, 3 on liver.");
    json_decref(c);
    for (size_t i = 0; i < 6; i++)
        a.failed[6 + i] = b.failed[6 + i] = true;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_int_equal(json_array_size(json_object_get(c, "by_set")), 2);
    assert_int_equal(real(c, "n"), 12);
    assert_says(c, "both arms failed with seed 0, 1, 2, 3, 4, 5 on wine.");
    json_decref(c);
}

static void sets_disagree(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 3; set++)
        for (uint64_t i = 0; i < 8; i++) {
            double d = set == 2 ? -.02 : .04;
            add(&a, set, i, 0, .8 + d + .001 * (double)(i * (set + 1) % 5));
            add(&b, set, i, 0, .8);
        }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_says(c, "On lung it is the other way round: plain is better (p < 0.001");
    json_decref(c);
}

/* ---- Six data sets and more */

static const double c45[14][2] = {{.763, .768}, {.599, .591}, {.954, .971}, {.628, .661},
                                  {.882, .888}, {.936, .931}, {.661, .668}, {.583, .583},
                                  {.775, .838}, {1, 1},       {.940, .962}, {.619, .666},
                                  {.972, .981}, {.957, .978}};

/* Zeros ranked, then removed: T = 10.5, over all sign vectors. */
static double demsar_by_hand(double *ret_t)
{
    double d[14], rank[14], t = 0, observed = 0, reached = 0;
    for (size_t i = 0; i < 14; i++)
        d[i] = round(1000 * (c45[i][1] - c45[i][0]));
    for (size_t i = 0; i < 14; i++) {
        rank[i] = .5;
        for (size_t j = 0; j < 14; j++)
            rank[i] += fabs(d[j]) < fabs(d[i]) ? 1 : fabs(d[j]) == fabs(d[i]) ? .5 : 0;
        rank[i] = d[i] == 0 ? 0 : rank[i];
        observed += d[i] > 0 ? rank[i] : 0;
        t += d[i] < 0 ? rank[i] : 0;
    }
    for (unsigned flips = 0; flips < 1u << 14; flips++) {
        double sum = 0;
        for (size_t i = 0; i < 14; i++)
            sum += flips >> i & 1 ? rank[i] : 0;
        reached += sum >= observed;
    }
    *ret_t = t;
    return 2 * reached / (1 << 14);
}

static void many_sets_are_ranked(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    double sum = 0, t, p = demsar_by_hand(&t);
    for (uint32_t set = 0; set < 14; set++) {
        add(&b, set, 1, 0, c45[set][0]);
        add(&a, set, 1, 0, c45[set][1]);
        sum += c45[set][1] - c45[set][0];
    }
    assert_close(t, 10.5, 0);        /* as published: C4.5 against C4.5+m, zeros by Pratt */
    assert_close(p, .0107920, .003); /* the normal approximation of the same */
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "situation", "many-sets");
    assert_text(c, "methods.decides", "wilcoxon over sets");
    assert_text(c, "verdict", "supported");
    assert_close(real(c, "p"), p, 1e-12);
    assert_close(real(c, "p_wilcoxon"), p, 1e-12);
    assert_close(real(c, "estimate"), sum / 14, 1e-12);
    assert_close(real(c, "p_superior"), (10 + .5 * 2) / 14, 1e-12);
    assert_int_equal(real(c, "n"), 14);
    assert_int_equal(json_array_size(json_object_get(c, "by_set")), 14);
    assert_says(c, "on average over 14 data sets");
    assert_says(c, "10 of 14 data sets");
    json_decref(c);
}

/* Runs within a set count through its mean alone; a margin shifts the test. */
static void many_sets_by_means(void **state)
{
    (void)state;
    static const double d[] = {.011, .006, .013, -.002, .009, .004, .008};
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 7; set++)
        for (uint64_t i = 0; i < 2 + set; i++) {
            add(&a, set, i, 0, .8 + d[set] + (i == 0 ? .1 : i == 1 ? -.1 : 0));
            add(&b, set, i, 0, .8);
        }
    rg_verdict_options o = with_margin(.02);
    json_t *c = judge(&a, &b, RG_EQUAL, &o);
    assert_text(c, "situation", "many-sets");
    assert_text(c, "verdict", "equivalent");
    assert_close(real(c, "p"), 1 / 128., 1e-12); /* every mean lies inside: one sign vector */
    json_decref(c);
    c = judge(&a, &b, RG_BETTER, &o);
    assert_close(real(c, "p"), 4 / 128., 1e-12); /* W- = 1: 2 vectors on either side */
    assert_close(real(c, "estimate"), .049 / 7, 1e-12);
    rg_hodges_lehmann_result h = rg_hodges_lehmann(d, 7, .05);
    assert_close(bound(c, 0), h.lo, 1e-12);
    assert_close(bound(c, 1), h.hi, 1e-12);
    assert_close(real(c, "hodges_lehmann"), h.estimate, 1e-12);
    assert_true(json_is_null(json_object_get(c, "seeds_needed")));
    json_decref(c);
    a.value[0] = NAN; /* one run without a value: its set goes to the other arm */
    a.failed[0] = true;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "methods.decides", "wilcoxon over sets");
    assert_true(json_is_null(json_object_get(c, "estimate")));
    assert_close(real(c, "p_corrected"), 2 * 24 / 128., 1e-12);
    json_decref(c);
}

/* ---- What must not matter */

enum { LAYOUTS = 5 };

/* Random results of each layout: pairs, unpaired runs, folds, three sets, seven sets. */
static void random_rows(int layout, rg_rng *rng, double effect, rows *a, rows *b)
{
    uint32_t sets = layout == 3 ? 3 : layout == 4 ? 7 : 1, folds = layout == 2 ? 5 : 1;
    for (uint32_t set = 0; set < sets; set++)
        for (uint64_t i = 0; i < 6; i++)
            for (uint32_t fold = 0; fold < folds; fold++) {
                double base = rg_rng_normal(rng);
                add(a, set, i, fold, base + effect + .5 * rg_rng_normal(rng));
                add(b, set, i + (layout == 1 ? 100 : 0), fold, base);
            }
}

static void assert_mirrored(const json_t *x, const json_t *y)
{
    static const char *const same[] = {"p",      "p_corrected", "p_signflip", "p_wilcoxon",
                                       "tost_p", "mde",         "n"};
    static const char *const flipped[] = {"supported", "refuted", "equivalent", "inconclusive"};
    static const char *const of[] = {"refuted", "supported", "equivalent", "inconclusive"};
    for (size_t i = 0; i < COUNT(same); i++) {
        double p = real(x, same[i]), q = real(y, same[i]);
        if (isfinite(p) || isfinite(q))
            assert_close(p, q, 1e-12);
    }
    assert_close(real(x, "estimate"), -real(y, "estimate"), 1e-12);
    assert_close(bound(x, 0), -bound(y, 1), 1e-12);
    assert_close(real(x, "p_superior"), 1 - real(y, "p_superior"), 1e-12);
    for (size_t i = 0; i < COUNT(of); i++) {
        if (strcmp(rg_json_text(x, "verdict", ""), of[i]) == 0)
            assert_text(y, "verdict", flipped[i]);
    }
}

static void swapped_arms(void **state)
{
    (void)state;
    static const char *const situation[LAYOUTS] = {"pairs", "unpaired", "folds", "sets",
                                                   "many-sets"};
    rg_rng rng = rg_rng_open(support_seed(), "swapped");
    for (int round = 0; round < 200; round++) {
        rows a = {0}, b = {0};
        int layout = round % LAYOUTS;
        random_rows(layout, &rng, .25 * (double)(round % 7), &a, &b);
        rg_verdict_options o = with_margin(.3);
        rg_scores arms[] = {scores_of("full", &a), scores_of("plain", &b)};
        rg_claim claims[] = {{"full > plain", 0, 1, RG_BETTER},
                             {"plain > full", 1, 0, RG_BETTER}};
        json_t *list = rg_verdicts(arms, 2, claims, 1, &o);
        json_t *mirror = rg_verdicts(arms, 2, claims + 1, 1, &o);
        o.maximize = false;
        json_t *other_goal = rg_verdicts(arms, 2, claims + 1, 1, &o);
        const json_t *c = json_array_get(list, 0), *m = json_array_get(mirror, 0);
        assert_text(c, "situation", situation[layout]);
        if (strcmp(rg_json_text(c, "verdict", ""), "fragile") != 0)
            assert_mirrored(c, m);
        /* lower is better, arms swapped: the same verdict, whatever it is */
        assert_text(json_array_get(other_goal, 0), "verdict",
                    rg_json_text(c, "verdict", "(none)"));
        json_decref(list);
        json_decref(mirror);
        json_decref(other_goal);
    }
}

/* The order of the rows is nobody's business. */
static void shuffled_rows(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "shuffled");
    for (int layout = 0; layout < LAYOUTS; layout++) {
        rows a = {0}, b = {0}, mixed = {0};
        uint32_t order[MOST];
        random_rows(layout, &rng, .3, &a, &b);
        for (uint32_t i = 0; i < a.n; i++)
            order[i] = i;
        rg_rng_shuffle(&rng, order, a.n);
        for (size_t i = 0; i < a.n; i++)
            add(&mixed, a.set[order[i]], a.seed[order[i]], a.fold[order[i]], a.value[order[i]]);
        json_t *x = judge(&a, &b, RG_BETTER, &usual), *y = judge(&mixed, &b, RG_BETTER, &usual);
        assert_close(real(x, "p"), real(y, "p"), 1e-9);
        assert_close(real(x, "estimate"), real(y, "estimate"), 1e-12);
        json_decref(x);
        json_decref(y);
    }
}

/* Scores on a coarse grid, with failures, gaps, single runs and whole sets missing. */
static void messy_rows(rg_rng *rng, uint32_t arm, rows *r)
{
    uint32_t sets = 1 + (uint32_t)rg_rng_below(rng, 8),
             folds = 1 + (uint32_t)rg_rng_below(rng, 3);
    uint64_t seeds = rg_rng_below(rng, 5), gap = rg_rng_below(rng, 4);
    double spread = (double)rg_rng_below(rng, 3), worst = rg_rng_below(rng, 2) ? 0 : NAN;
    for (uint32_t set = 0; set < sets; set++)
        for (uint64_t i = 0; i < seeds; i++)
            for (uint32_t fold = 0; fold < folds; fold++) {
                if (gap == 0 && rg_rng_below(rng, 3) == 0)
                    continue;
                double score = 5 + arm + spread * (double)rg_rng_below(rng, 3);
                bool fails = gap == 1 && rg_rng_below(rng, 4) == 0;
                add(r, set, i + (gap == 2 ? 100 * arm : 0), fold, fails ? worst : score);
                r->failed[r->n - 1] = fails;
            }
}

static void assert_sound(const json_t *c)
{
    static const char *const verdicts[] = {"supported", "refuted", "equivalent", "fragile",
                                           "inconclusive"};
    bool known = false;
    for (size_t i = 0; i < COUNT(verdicts); i++)
        known |= strcmp(rg_json_text(c, "verdict", ""), verdicts[i]) == 0;
    assert_true(known);
    char *text = json_dumps(c, 0);
    const char *sentence = rg_json_text(c, "sentence", "");
    if (strstr(sentence, "nan") || strstr(sentence, "inf ") || strstr(text, "(null)"))
        fail_msg("%s", text);
    free(text);
    bool decided = strcmp(rg_json_text(c, "verdict", ""), "inconclusive") != 0;
    assert_true(!decided || real(c, "n") >= 2);
    assert_true(!decided || isfinite(real(c, "p_corrected")) ||
                strcmp(rg_json_text(c, "verdict", ""), "supported") != 0);
}

static void anything_goes(void **state)
{
    (void)state;
    static const char *const text[] = {"full > plain", "full = plain", "full >= plain"};
    rg_rng rng = rg_rng_open(support_seed(), "anything");
    for (int round = 0; round < 3000; round++) {
        rows a = {0}, b = {0};
        messy_rows(&rng, 0, &a);
        messy_rows(&rng, 1, &b);
        rg_verdict_options o = with_margin(rg_rng_below(&rng, 2) ? 1.5 : NAN);
        o.maximize = rg_rng_below(&rng, 2);
        o.sets = rg_rng_below(&rng, 2) ? o.sets : NULL;
        rg_scores arms[] = {scores_of("full", &a), scores_of("plain", &b)};
        arms[0].unpaired = rg_rng_below(&rng, 8) == 0;
        rg_claim claims[3];
        for (int k = RG_BETTER; k <= RG_NOT_WORSE; k++)
            claims[k] = (rg_claim){text[k], 0, 1, (rg_relation)k};
        json_t *list = rg_verdicts(arms, 2, claims, 3, &o);
        for (size_t k = 0; k < 3; k++)
            assert_sound(json_array_get(list, k));
        json_decref(list);
    }
}

/* Without an effect hardly anything is found: whole verdicts, each situation, normal scores and
 * such of which one in twelve collapses.  Folds share .25 of their noise, as n_test / n_train.
 */
static double without_effect(int layout, bool collapse, rg_rng *rng)
{
    rows a = {0}, b = {0};
    uint32_t sets = layout == 3 ? 3 : layout == 4 ? 7 : 1, folds = layout == 2 ? 5 : 1;
    uint64_t seeds = layout == 2 ? 1 : 6;
    double shared[2] = {.5 * rg_rng_normal(rng), .5 * rg_rng_normal(rng)};
    for (uint32_t set = 0; set < sets; set++)
        for (uint64_t i = 0; i < seeds; i++)
            for (uint32_t fold = 0; fold < folds; fold++)
                for (int arm = 0; arm < 2; arm++) {
                    double score = rg_rng_normal(rng) + (layout == 2 ? shared[arm] : 0);
                    if (collapse && layout != 2 && rg_rng_below(rng, 12) == 0)
                        score -= 20;
                    add(arm ? &b : &a, set, i + (arm && layout == 1 ? 100 : 0), fold, score);
                }
    rg_scores arms[] = {scores_of("full", &a), scores_of("plain", &b)};
    rg_claim claim = {"full > plain", 0, 1, RG_BETTER};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, &usual);
    const char *verdict = rg_json_text(json_array_get(list, 0), "verdict", "");
    bool found = strcmp(verdict, "supported") == 0 || strcmp(verdict, "refuted") == 0;
    json_decref(list);
    return found;
}

static void errors_are_rare(void **state)
{
    (void)state;
    enum { STUDIES = 400 };
    rg_rng rng = rg_rng_open(support_seed(), "errors");
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (int collapse = 0; collapse < 2; collapse++) {
            double found = 0;
            for (int i = 0; i < STUDIES; i++)
                found += without_effect(layout, collapse, &rng) / STUDIES;
            print_message("  layout %d%s: %.3f\n", layout, collapse ? ", collapsing" : "",
                          found);
            assert_true(found <= .06 + 3 * sqrt(.06 * .94 / STUDIES));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpaired_is_welch),
        cmocka_unit_test(unpaired_mann_whitney),
        cmocka_unit_test(unpaired_fragile),
        cmocka_unit_test(unpaired_failures_bar_equality),
        cmocka_unit_test(unpaired_degenerate),
        cmocka_unit_test(folds_are_corrected),
        cmocka_unit_test(folds_degenerate),
        cmocka_unit_test(sets_are_stratified),
        cmocka_unit_test(sets_weigh_the_same),
        cmocka_unit_test(sets_of_folds),
        cmocka_unit_test(sets_of_unpaired_runs),
        cmocka_unit_test(sets_of_single_runs),
        cmocka_unit_test(sets_without_spread),
        cmocka_unit_test(missing_runs_are_named),
        cmocka_unit_test(sets_disagree),
        cmocka_unit_test(many_sets_are_ranked),
        cmocka_unit_test(many_sets_by_means),
        cmocka_unit_test(swapped_arms),
        cmocka_unit_test(shuffled_rows),
        cmocka_unit_test(anything_goes),
        cmocka_unit_test(errors_are_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
